// What a stage claims to survive is checked when a topology is made, and the error names the element.

import Placement
import Testing
import Topology

@Suite struct InvariantTests {
  private let zones = Region.local.zones

  private func server(_ id: String, _ zone: Int) -> Server { Server(id: id, title: "", zone: zones[zone].id) }

  private func cluster(
    _ members: [(Member.Role, Server)], holds: [Holding] = [], replication: Replication? = nil,
    scaling: Scaling? = nil
  ) -> Tier {
    Tier(
      id: "db", kind: .database, title: "", subtitle: "",
      members: members.map { Member($0, on: $1, in: .local) }, holds: holds, replication: replication,
      scaling: scaling)
  }

  private func problem(_ tiers: [Tier], _ servers: [Server] = [], stage: Stage = .replicated) -> String? {
    do {
      _ = try Topology(
        stage: stage, regions: [.local], zones: zones, servers: servers, tiers: tiers, links: [])
      return nil
    } catch {
      return error.description
    }
  }

  @Test func aFollowerInItsLeadersZoneIsRefused() {
    let (a, b, a2) = (server("a", 0), server("b", 1), server("a2", 0))
    #expect(problem([cluster([(.leader, a), (.follower, b)])], [a, b]) == nil)
    #expect(
      problem([cluster([(.leader, a), (.follower, a2)])], [a, a2])
        == "tier db: has its follower a2 in its leader's zone local-a: one power cut ends both")
  }

  @Test func aClusterHasExactlyOneLeader() {
    let (a, b) = (server("a", 0), server("b", 1))
    #expect(
      problem([cluster([(.leader, a), (.leader, b)])], [a, b])
        == "tier db: has 2 leaders; writes need exactly one")
    #expect(
      problem([cluster([(.follower, a), (.witness, b)])], [a, b])
        == "tier db: has members that follow, and no leader")
    #expect(
      problem([cluster([(.leader, a), (.witness, a)])], [a])
        == "tier db: has two members on one server, which fail together")
    #expect(
      problem([cluster([(.leader, a), (.witness, b)], replication: .synchronous)], [a, b])
        == "tier db: replicates synchronously and has no follower in its region")
  }

  @Test func aTierOfA9999StageStandsInThreeZones() {
    let (a, b) = (server("a", 0), server("b", 1))
    let tier = cluster([(.peer, a), (.peer, b)])
    #expect(problem([tier], [a, b], stage: .stateless) == nil)
    #expect(
      problem([tier], [a, b], stage: .microservices) == "tier db: is in 2 zones of local; 99.99 % needs 3")
  }

  @Test func shardRangesNeitherOverlapNorLeaveAGap() {
    func holders(_ ranges: [(Int, Int)]) -> [Tier] {
      ranges.enumerated().map { index, range in
        Tier(
          id: "t\(index)", kind: .sessions, title: "", subtitle: "", regions: ["local"],
          holds: [Holding(.sessions, shards: ShardRange(first: range.0, last: range.1))])
      }
    }
    #expect(problem(holders([(0, 99), (100, 4095)])) == nil)
    #expect(problem(holders([(100, 4095), (0, 99)])) == nil)
    #expect(
      problem(holders([(0, 100), (100, 4095)]))
        == "tier t1: holds shards 100-4095 of sessions, of which t0 holds some too")
    #expect(problem(holders([(0, 98), (100, 4095)])) == "sessions: has no place for its shards 99-99")
    #expect(problem(holders([(1, 4095)])) == "sessions: has no place for its shards 0-0")
    #expect(problem(holders([(0, 4000)])) == "sessions: has no place for its shards 4001-4095")
    #expect(
      problem(holders([(0, 4096)])) == "tier t0: holds shards 0-4096 of sessions; a range lies within 0-4095")
    #expect(
      problem(holders([(0, 4095), (9, 8)]))
        == "tier t1: holds shards 9-8 of sessions; a range lies within 0-4095")
  }

  @Test func boundsThatFallAreRefused() {
    let (a, b) = (server("a", 0), server("b", 1))
    func scaled(_ scaling: Scaling) -> String? {
      problem([cluster([(.peer, a), (.peer, b)], scaling: scaling)], [a, b])
    }
    #expect(scaled(Scaling(minimum: 2, desired: 2, maximum: 4)) == nil)
    #expect(
      scaled(Scaling(minimum: 2, desired: 5, maximum: 4))
        == "tier db: scales from 2 by 5 to 4: these must not fall")
    #expect(
      scaled(Scaling(minimum: 1, desired: 1, maximum: 4)) == "tier db: may scale to 1 in the 2 zones of local"
    )
    #expect(
      scaled(Scaling(minimum: 2, desired: 2, maximum: 4, targetPercent: 101))
        == "tier db: is steered to 101 % of its CPU; 1 to 100 can be")
  }

  @Test func aServiceScalesAsItsAppSaysAndNeverBelowOneInEachZone() throws {
    func scaling(_ stage: Stage, _ scale: AppOutline.Scale?) throws -> Scaling? {
      let app = AppOutline(
        name: "hut", title: "Hut", services: [.init(name: "web", databases: ["main"], scale: scale)],
        databases: ["main"])
      return try Topology.of(app, at: stage).services.first?.scaling
    }
    func bounds(_ minimum: Int, _ maximum: Int, _ target: Int = 60) -> Scaling {
      Scaling(minimum: minimum, desired: minimum, maximum: maximum, targetPercent: target)
    }
    #expect(try scaling(.replicated, .init(minimum: 5)) == nil)
    #expect(try scaling(.stateless, nil) == bounds(2, 8))
    #expect(try scaling(.microservices, nil) == bounds(3, 12))
    let low = AppOutline.Scale(minimum: 1, maximum: 3, targetPercent: 45)
    #expect(try scaling(.stateless, low) == bounds(2, 3, 45))
    #expect(try scaling(.microservices, low) == bounds(3, 3, 45))
    #expect(try scaling(.microservices, .init(minimum: 20)) == bounds(20, 20))
    #expect(try scaling(.microservices, .init(maximum: 30)) == bounds(3, 30))
  }

  @Test func boundDataOutsideItsJurisdictionIsRefused() throws {
    let extent = Extent(residency: ["EU"])
    #expect(throws: Never.self) { try Topology.sample(.stateless, for: extent, in: ["eu-west-1"]) }
    let error = #expect(throws: TopologyError.self) {
      try Topology.sample(.stateless, for: extent, in: ["us-east-1"])
    }
    #expect(
      error?.description == "tier cache: would hold data that is bound to EU (shards 0-4095) in us-east-1")
  }

  @Test func aReplicaOfABoundShardOutsideItsJurisdictionIsRefused() throws {
    let regions = try ["eu-west-1", "us-east-1"].map(Region.aws)
    let sites = regions.map { region in
      region.zones[0...2].map { Server(id: "s-\($0.id)", title: "", zone: $0.id) }
    }
    let members =
      [Member(.leader, on: sites[0][0], in: regions[0])]
      + sites[0][1...2].map { Member(.follower, on: $0, in: regions[0]) }
    func topology(_ members: [Member]) throws(TopologyError) -> Topology {
      try Topology(
        stage: .sharded, regions: regions, zones: regions.flatMap { $0.zones[0...2] },
        residency: [Residency(jurisdiction: "EU", shards: ShardRange(first: 0, last: 9))],
        servers: sites.flatMap(\.self),
        tiers: [
          Tier(
            id: "posts", kind: .database, title: "", subtitle: "", members: members,
            holds: [Holding(.database("posts"))])
        ], links: [])
    }
    #expect(throws: Never.self) { try topology(members) }
    let error = #expect(throws: TopologyError.self) {
      try topology(members + [Member(.replica, on: sites[1][0], in: regions[1])])
    }
    #expect(error?.description == "tier posts: would hold data that is bound to EU (shards 0-9) in us-east-1")
  }
}
