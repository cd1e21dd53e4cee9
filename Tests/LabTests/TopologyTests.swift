// A topology is always valid, and its JSON has the shape that the console draws.

import Foundation
import Testing
import Topology

@Suite struct TopologyTests {
  private let app = AppOutline(
    name: "summit", title: "Summit", services: [.init(name: "web", databases: ["accounts", "posts"])],
    databases: ["accounts", "posts"])

  @Test func stageOneHasNoServer() throws {
    let topology = try Topology.of(app, at: .launchPage)
    #expect(topology.servers.isEmpty)
    #expect(topology.tiers.map(\.kind) == [.users, .dns, .launchPage, .waitlist])
  }

  @Test func stageTwoPutsServiceAndDatabasesOnOneHost() throws {
    let topology = try Topology.of(app, at: .singleServer)
    let onServer = topology.tiers.filter { $0.server == "server" }.map(\.id)
    #expect(onServer == ["service-web", "database-accounts", "database-posts", "objects"])
    #expect(topology.links.contains(Link(from: "service-web", to: "database-posts", label: "SQL")))
    #expect(topology.links.contains(Link(from: "address", to: "service-web", label: "HTTP")))
  }

  @Test func stagesThatDoNotRunYetSaySo() {
    #expect(throws: TopologyError(element: "stage 3", problem: "does not run yet; 1 and 2 do")) {
      try Topology.of(app, at: .separateDatabase)
    }
    #expect(Stage.allCases.filter(\.runsToday).map(\.number) == [1, 2])
  }

  @Test func jsonRoundTripsWithTheKeysThatTheConsoleReads() throws {
    let topology = try Topology.of(app, at: .singleServer)
    let data = try JSONEncoder().encode(topology)
    #expect(try JSONDecoder().decode(Topology.self, from: data) == topology)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(object.keys) == ["stage", "regions", "zones", "servers", "nodes", "links"])
    let node = try #require((object["nodes"] as? [[String: Any]])?.last)
    #expect(Set(node.keys) == ["id", "kind", "title", "subtitle", "zone", "server"])
  }

  @Test func anErrorNamesTheElement() {
    let server = Server(id: "h", title: "", zone: "local-a")
    let lost = Server(id: "h", title: "", zone: "q")
    expect("zone z: names the region 'mars', which does not exist", zones: [Zone(id: "z", region: "mars")])
    expect("server h: names the zone 'q', which does not exist", servers: [lost])
    expect("tier a: is there twice", tiers: [tier("a"), tier("a")])
    expect("tier: has an empty name", tiers: [tier("")])
    expect("tier a: names the server 'h', which does not exist", tiers: [tier("a", server: "h")])
    expect(
      "tier a: is in zone 'none', its server 'h' in 'local-a'", servers: [server],
      tiers: [tier("a", server: "h")])
    expect(
      "link x → y: names the tier 'x', which does not exist", links: [Link(from: "x", to: "y", label: "")])
    expect("link a → a: leads to itself", tiers: [tier("a")], links: [Link(from: "a", to: "a", label: "")])
  }

  private func expect(
    _ message: String, zones: [Zone] = [Zone(id: "local-a", region: "local")], servers: [Server] = [],
    tiers: [Tier] = [], links: [Link] = []
  ) {
    let error = #expect(throws: TopologyError.self) {
      try Topology(
        stage: .singleServer, regions: [.local], zones: zones, servers: servers, tiers: tiers, links: links)
    }
    #expect(error?.description == message)
  }

  private func tier(_ id: String, server: String? = nil) -> Tier {
    Tier(id: id, kind: .service, title: id, subtitle: "", server: server)
  }
}
