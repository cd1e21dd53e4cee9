// What the map says of the parts of a topology.

import TestSupport
import Testing
import Topology

@testable import Console
@testable import Lab

@Suite struct ConsoleMapTests {
  @Test("every server, edge location and tier of every stage is on the map once", arguments: Stage.allCases)
  func everythingIsThere(stage: Stage) throws {
    let topology = try Topology.sample(stage)
    let map = try map(.at(stage))
    #expect(Set(map.nodes.map(\.id)).count == map.nodes.count)
    let hosts = Set(map.nodes.compactMap(\.host))
    #expect(hosts == Set(topology.servers.map(\.id) + topology.edges.map(\.id)))
    #expect(Set(map.nodes.map(\.tier)) == Set(topology.tiers.map(\.id)))
    #expect(map.roads.map(\.link) == topology.links)
    for node in map.nodes where node.host != nil {
      #expect(node.health == .ready, "\(node.id)")
    }
  }

  @Test("a node is as healthy as the worst of its processes, and stopped when none runs")
  func healthIsTheWorst() throws {
    let lab = try LabSnapshot.at(.stateless, cutZones: ["local-b"])
    let map = try map(lab)
    #expect(map.node("database@database-b")?.health == .noPower)
    #expect(map.node("database@database-a")?.health == .ready)
    let ailing = LabSnapshot.Process.at("database-a.pgbackup", host: "database-a", health: .waiting)
    let withOneMore = try self.map(.at(.stateless, with: [ailing]))
    #expect(withOneMore.node("database@database-a")?.health == .waiting)
  }

  @Test("what no process of ours does has no health")
  func healthIsOfProcesses() throws {
    let map = try map(.at(.replicated))
    #expect(map.node("users")?.health == nil)
    #expect(map.node("objects")?.health == nil)
    #expect(map.node("dns")?.health == .ready)
  }

  @Test("up to stage 3 the app's process is the whole server")
  func appIsTheServer() throws {
    let map = try map(.at(.singleServer))
    for id in ["service-web", "database-accounts", "objects"] {
      #expect(map.node("\(id)@server-a")?.health == .ready, "\(id)")
    }
    #expect(try self.map(.at(.separateDatabase)).node("objects@server-a")?.health == .ready)
  }

  @Test("roles are what the stores say now, not what the topology began with, nor what electors say")
  func rolesAreOfNow() throws {
    let promoted = LabSnapshot.Process.at("database-b.patroni", host: "database-b", role: "leader")
    let map = try map(.at(.stateless, cutZones: ["local-a"], with: [promoted]))
    #expect(map.node("database@database-a")?.role == nil)
    #expect(map.node("database@database-b")?.role == "leader")
    #expect(map.node("database@database-c")?.role == "witness")
    #expect(try self.map(.at(.stateless)).node("database@database-b")?.lagBytes == 4_096)
  }

  @Test("a service's processes tell their rates, and a link to it the sum; nothing else has one")
  func ratesAreOfServices() throws {
    let rates = ["server-a": 30.0, "server-b": 12.5]
    let map = try map(.at(.stateless), rates: rates)
    #expect(map.node("service-web@server-a")?.requestsPerSecond == 30)
    let known = map.roads.filter { $0.requestsPerSecond != nil }
    #expect(known.map(\.link.to) == ["service-web"])
    #expect(known.first?.requestsPerSecond == 42.5)
    let single = try self.map(.at(.singleServer), rates: ["app": 7])
    #expect(single.node("service-web@server-a")?.requestsPerSecond == 7)
    #expect(single.node("database-posts@server-a")?.requestsPerSecond == nil)
  }

  @Test("a server that was added by scaling stands beside the one that it is like")
  func scaledServersAreThere() throws {
    let second = LabSnapshot.Process.at("server-a2", host: "server-a2", zone: "local-a")
    let map = try map(.at(.stateless, with: [second]), rates: ["server-a2": 5])
    let node = try #require(map.node("service-web@server-a2"))
    #expect(node.zone == "local-a" && node.tier == "service-web" && node.requestsPerSecond == 5)
    let gone = LabSnapshot.Process.at("server-a3", host: "server-a3", zone: "local-a", health: .stopped)
    #expect(try self.map(.at(.stateless, with: [gone])).nodes.allSatisfy { $0.host != "server-a3" })
    let other = LabSnapshot.Process.at("cache-z.redis", host: "cache-z", zone: "local-a")
    #expect(try self.map(.at(.stateless, with: [other])).nodes.allSatisfy { $0.host != "cache-z" })
  }

  @Test("while a climb is under way the map shows both stages, and what comes and goes")
  func climbIsShown() throws {
    let lab = try LabSnapshot.at(.singleServer)
    let climb = ConsoleClimb(from: 2, to: 3, done: 1, count: 9, title: "", isRunning: true)
    let map = ConsoleMap(lab, climb: climb, outline: .summit, rates: [:])
    let database = try #require(map.node("database@database-a"))
    #expect(database.change == .comes && database.health == nil)
    #expect(map.node("database-posts@server-a")?.change == .goes)
    #expect(map.node("service-web@server-a")?.change == nil)
    #expect(map.roads.contains { $0.link == Link(from: "service-web", to: "database", kind: .sql) })
    #expect(map.roads.contains { $0.link.to == "database-posts" })
  }

  private func map(_ lab: LabSnapshot, rates: [String: Double] = [:]) throws -> ConsoleMap {
    ConsoleMap(lab, from: lab.topology, to: lab.topology, rates: rates)
  }
}

extension ConsoleMap {
  fileprivate func node(_ id: String) -> Node? { nodes.first { $0.id == id } }
}
