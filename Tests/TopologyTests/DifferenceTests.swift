// The difference of two topologies says what a climb has to do.

import Placement
import Testing
import Topology

@Suite struct DifferenceTests {
  private func climb(to stage: Stage, of app: AppOutline = .summit, for workload: Workload = Workload())
    throws
    -> TopologyDifference
  {
    let below = try #require(Stage(rawValue: stage.number - 1))
    return try Topology.sample(below, of: app).difference(to: Topology.sample(stage, of: app, for: workload))
  }

  @Test(arguments: Stage.allCases, AppOutline.all)
  func nothingLiesBetweenATopologyAndItself(stage: Stage, app: AppOutline) throws {
    let topology = try Topology.sample(stage, of: app)
    #expect(topology.difference(to: topology).isEmpty)
  }

  @Test(arguments: Stage.allCases.dropLast(), AppOutline.all)
  func theWayDownIsTheWayUpReversed(stage: Stage, app: AppOutline) throws {
    let below = try Topology.sample(stage, of: app)
    let above = try Topology.sample(#require(Stage(rawValue: stage.number + 1)), of: app)
    let up = below.difference(to: above)
    let down = above.difference(to: below)
    #expect(Set(up.appears) == Set(down.goes) && Set(up.goes) == Set(down.appears))
    let reversed = down.moves.map {
      TopologyDifference.Move($0.data, shards: $0.shards, from: $0.to, to: $0.from)
    }
    #expect(Set(up.moves) == Set(reversed))
  }

  @Test func launchingCarriesTheWaitlistOver() throws {
    let difference = try climb(to: .singleServer)
    #expect(difference.moves == [.init(.waitlist, from: "waitlist", to: "database-accounts")])
    #expect(difference.appears.contains(.server("server-a")))
    #expect(difference.goes.contains(.tier("launch")))
  }

  @Test func separatingTheDatabaseMovesEveryDatabaseAndNoFile() throws {
    let difference = try climb(to: .separateDatabase)
    #expect(
      difference.moves == [
        .init(.database("accounts"), from: "database-accounts", to: "database"),
        .init(.waitlist, from: "database-accounts", to: "database"),
        .init(.sessions, from: "database-accounts", to: "database"),
        .init(.database("posts"), from: "database-posts", to: "database"),
        .init(.database("graph"), from: "database-graph", to: "database"),
      ])
    #expect(difference.changes.isEmpty && !difference.goes.contains(.server("server-a")))
  }

  @Test func replicatingMovesOnlyTheFiles() throws {
    let difference = try climb(to: .replicated)
    #expect(difference.moves == [.init(.objects, from: "objects", to: "objects")])
    let database = try #require(difference.changes.first { $0.id == "database" })
    #expect(database.joining == ["database-b", "database-witness-c"] && database.leaving == [])
  }

  @Test func becomingStatelessMovesSessionsAndFiles() throws {
    #expect(
      try climb(to: .stateless).moves == [
        .init(.sessions, from: "database", to: "cache"), .init(.objects, from: "objects", to: "objects"),
      ])
  }

  @Test func microservicesMoveOnlyTheSessions() throws {
    #expect(try climb(to: .microservices).moves == [.init(.sessions, from: "cache", to: "sessions")])
  }

  @Test func shardingMovesEachRangeOfEachDatabaseAndNeitherSessionsNorFiles() throws {
    let difference = try climb(to: .sharded)
    let first = ShardRange(first: 0, last: 2047)
    #expect(
      difference.moves.contains(
        .init(.database("posts"), shards: first, from: "database", to: "database-posts-0-2047")))
    #expect(difference.moves.count == 3 * 2 + 2, "three databases and the waitlist, in two ranges")
    #expect(difference.appears.contains(.region("us-west-2")))
  }
}
