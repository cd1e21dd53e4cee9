// The story of the seven stages, read off their topologies.

import Placement
import Testing
import Topology

@Suite struct StageTests {
  @Test func beforeLaunchThereIsNoServer() throws {
    let topology = try Topology.sample(.launchPage)
    #expect(topology.servers.isEmpty)
    #expect(topology.tiers.map(\.kind) == [.users, .dns, .launchPage, .waitlist])
  }

  @Test func theFirstUsersShareOneServerWithTheDatabases() throws {
    let topology = try Topology.sample(.singleServer)
    let onServer = topology.tiers.filter { $0.soleMember?.server == "server-a" }.map(\.id)
    #expect(onServer == ["service-web", "database-accounts", "database-posts", "database-graph", "objects"])
    #expect(topology.links.contains(Link(from: "service-web", to: "database-posts", kind: .sql)))
    #expect(topology.links.contains(Link(from: "address", to: "service-web", kind: .requests)))
  }

  @Test func atStageThreeTheDatabaseHasAServerOfItsOwnAndTheAppKeepsItsServer() throws {
    let topology = try Topology.sample(.separateDatabase)
    #expect(topology.servers.map(\.id) == ["server-a", "database-a"])
    #expect(topology.tier("database")?.databases == ["accounts", "posts", "graph"])
    #expect(topology.tier("service-web")?.soleMember?.server == "server-a")
  }

  @Test func atStageFourAnyZoneMayFail() throws {
    let topology = try Topology.sample(.replicated)
    let database = try #require(topology.tier("database"))
    #expect(database.replication == .synchronous)
    #expect(database.members.map(\.role) == [.leader, .follower, .witness])
    for zone in topology.zones.map(\.id) {
      for tier in topology.tiers where !tier.members.isEmpty {
        #expect(tier.members.contains { $0.zone != zone }, "\(tier.id) has nothing left without \(zone)")
      }
    }
  }

  @Test func aRegionOfTwoZonesHasNoWitness() throws {
    let roles = try Topology.sample(.replicated, in: ["us-west-1"]).tier("database")?.members.map(\.role)
    #expect(roles == [.leader, .follower])
  }

  @Test func atStageFiveSessionsLeaveTheDatabase() throws {
    #expect(try holder(of: .sessions, at: .replicated) == ["database"])
    #expect(try holder(of: .sessions, at: .stateless) == ["cache"])
    #expect(try holder(of: .sessions, at: .microservices) == ["sessions"])
  }

  @Test func atStageFiveTheServiceScalesBehindTheLoadBalancerAndFilesAreNearTheUsers() throws {
    let topology = try Topology.sample(.stateless)
    #expect(topology.tier("service-web")?.scaling == Scaling(minimum: 2, desired: 2, maximum: 8))
    #expect(topology.tier("cdn")?.edges.count == 2)
    for pair in [
      ("users", "cdn"), ("cdn", "load-balancer"), ("cdn", "objects"), ("load-balancer", "service-web"),
    ] {
      #expect(topology.links.contains { ($0.from, $0.to) == pair }, "\(pair)")
    }
  }

  @Test func atStageSixEachServiceStandsBehindItsOwnLoadBalancerAndUpToThenAllAreOne() throws {
    let topology = try Topology.sample(.microservices)
    let services = topology.tiers.filter { $0.kind == .service }.map(\.id)
    #expect(services == ["service-web", "service-accounts", "service-posts", "service-graph"])
    for stage in [Stage.singleServer, .separateDatabase, .replicated, .stateless] {
      let before = try Topology.sample(stage)
      #expect(before.tiers.filter { $0.kind == .service }.map(\.id) == ["service-web"])
      #expect(before.links.contains { $0.from == "service-web" && $0.kind == .sql })
    }
    #expect(topology.tiers.filter { $0.kind == .loadBalancer }.count == 4)
    #expect(!topology.links.contains { $0.from == "service-web" && $0.to == "database" })
    #expect(topology.links.contains { $0.from == "load-balancer-posts" && $0.to == "service-posts" })
  }

  @Test func servicesThatTheManifestNamesStayWhatTheyAre() throws {
    let shop = try Topology.sample(.microservices, of: .shop)
    #expect(
      shop.tiers.filter { $0.kind == .service }.map(\.id) == [
        "service-front", "service-orders", "service-stock",
      ])
    #expect(
      shop.links.filter { $0.kind == .calls }.map { [$0.from, $0.to] } == [
        ["service-front", "load-balancer-orders"], ["service-front", "load-balancer-stock"],
        ["service-orders", "load-balancer-stock"],
      ])
    let guestbook = try Topology.sample(.microservices, of: .guestbook)
    #expect(guestbook.tiers.filter { $0.kind == .service }.map(\.id) == ["service-web"])
    #expect(guestbook.links.contains { $0.from == "service-web" && $0.to == "database" })
  }

  @Test func aRegionWithTwoZonesCanNotPromise9999() {
    let error = #expect(throws: TopologyError.self) {
      try Topology.sample(.microservices, in: ["us-west-1"])
    }
    #expect(error?.description == "region us-west-1: has 2 zones that an account can use; stage 6 needs 3")
  }

  @Test func stagesAreInAsManyRegionsAsTheySay() throws {
    let many = #expect(throws: TopologyError.self) {
      try Topology.sample(.stateless, in: ["us-east-1", "us-west-2"])
    }
    #expect(many?.description == "stage 5: is in one region, 2 were given; stage 7 has several")
    let one = #expect(throws: TopologyError.self) { try Topology.sample(.sharded, in: ["us-east-1"]) }
    #expect(one?.description == "stage 7: is in several regions, 1 was given; add one")
    let twice = #expect(throws: TopologyError.self) {
      try Topology.sample(.sharded, in: ["us-east-1", "us-east-1"])
    }
    #expect(twice?.element == "region us-east-1")
  }

  @Test func atStageSevenEachDatabaseHasALeaderInEveryRegion() throws {
    let topology = try Topology.sample(.sharded, for: Extent(rangesPerRegion: 2))
    let posts = topology.tiers.filter { $0.databases == ["posts"] }
    #expect(posts.map { $0.leader?.region } == ["us-east-1", "us-east-1", "us-west-2", "us-west-2"])
    #expect(posts.map(\.title) == ["posts 0-1023", "posts 1024-2047", "posts 2048-3071", "posts 3072-4095"])
    #expect(posts.allSatisfy { $0.members.filter { $0.role == .replica }.count == 1 })
    #expect(Set(posts.compactMap { $0.leader?.zone }).count == 4, "leaders take turns among the zones")
  }

  @Test func boundAccountsHaveShardsSessionsFilesAndReplicasOfTheirOwn() throws {
    let topology = try Topology.sample(
      .sharded, for: Extent(residency: ["EU"]), in: ["us-east-1", "eu-west-1", "us-west-2", "eu-central-1"])
    #expect(
      topology.residency == [Residency(jurisdiction: "EU", shards: ShardRange(first: 2048, last: 4095))])
    #expect(topology.tier("sessions")?.regions == ["us-east-1", "us-west-2"])
    #expect(topology.tier("sessions-eu")?.regions == ["eu-west-1", "eu-central-1"])
    #expect(topology.tier("objects-eu")?.regions == ["eu-west-1", "eu-central-1"])
    #expect(topology.tier("database-posts-2048-3071")?.regions == ["eu-west-1", "eu-central-1"])
  }

  @Test func aJurisdictionWithoutARegionIsAnError() {
    let error = #expect(throws: TopologyError.self) {
      try Topology.sample(.sharded, for: Extent(residency: ["EU"]))
    }
    #expect(error?.description == "residency EU: has no region of its own among those chosen: add one")
  }

  @Test func moreFollowersAndRangesThanCanBeAreRefused() {
    for extent in [
      Extent(extraFollowers: -1), Extent(extraFollowers: 14), Extent(rangesPerRegion: 0),
      Extent(rangesPerRegion: 257),
    ] {
      #expect(throws: TopologyError.self) { try Topology.sample(.sharded, for: extent) }
    }
  }

  @Test(arguments: CataloguedRegion.all)
  func everyStageStandsInEveryRegionThatHasItsZones(entry: CataloguedRegion) throws {
    for stage in Stage.allCases
    where stage != .sharded && (stage < .microservices || entry.region.zones.count > 2) {
      for app in AppOutline.all {
        let topology = try Topology.of(app, at: stage, for: Extent(extraFollowers: 3), in: [entry.region])
        #expect(topology.stage == stage)
      }
    }
  }

  @Test func anyChoiceOfRegionsAndRangesIsValidAtStageSeven() throws {
    let seed = UInt64.random(in: 0..<UInt64.max)
    print("seed \(seed)")
    var random = SeededRandom(state: seed)
    let usable = CataloguedRegion.all.map(\.region).filter { $0.zones.count > 2 }
    for _ in 0..<60 {
      let regions = Array(usable.shuffled(using: &random).prefix(.random(in: 2...6, using: &random)))
      let laws = Set(regions.compactMap(\.jurisdictions.first)).shuffled(using: &random)
      let extent = Extent(
        residency: Array(laws.prefix(.random(in: 0...2, using: &random))),
        extraFollowers: .random(in: 0...4, using: &random),
        rangesPerRegion: .random(in: 1...9, using: &random))
      let topology = try Topology.of(.summit, at: .sharded, for: extent, in: regions)
      #expect(topology.residency.map(\.jurisdiction) == extent.residency)
    }
  }

  private func holder(of data: DataSet, at stage: Stage) throws -> [String] {
    try Topology.sample(stage).tiers.filter { $0.holds.contains { $0.data == data } }.map(\.id)
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same run.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
