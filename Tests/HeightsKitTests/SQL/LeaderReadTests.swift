// What a proof reads is what the leader has: of the file as it is, of a cluster from the one server that leads.

import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct LeaderReadTests {
  private func texts(_ database: LeaderRead) throws -> [String] {
    var texts: [String] = []
    try database.snapshot {
      try database.each("SELECT shard, text FROM notes ORDER BY text") { texts.append(try $0.text(1)) }
    }
    return texts
  }

  @Test func aFileIsReadAsItIsWhileTheAppWrites() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      try await database.insertNote("one", likes: 1)
      let reader = try LeaderRead("notes", placement: nil, dataDirectory: folder.path, passwordFile: "")
      #expect(try texts(reader) == ["one"] && reader.sources == [folder.file])
      try await database.insertNote("two", likes: 1)
      #expect(try texts(reader) == ["one", "two"])
      #expect(throws: DatabaseError.self) {
        try LeaderRead("none", placement: nil, dataDirectory: folder.path, passwordFile: "")
      }
      database.close()
    }
  }

  @Test func ofAClusterTheLeaderIsReadAlsoWhenTheFollowerIsBehind() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("one", likes: 1)
      try await pair.followerHasCaughtUp()
      try await blocking { _ = try pair.follower.run("SELECT pg_wal_replay_pause()") }
      try await pair.database.insertNote("two", likes: 1)
      let reader = try reader(of: [pair.follower, pair.leader])
      #expect(try texts(reader) == ["one", "two"])
      #expect(reader.sources == ["PostgreSQL at 127.0.0.1:\(pair.leader.port), which leads"])
    }
  }

  @Test func wherePartsOfAClusterBothLeadNothingIsRead() async throws {
    try await withPair { pair in
      try await blocking { _ = try pair.follower.run("SELECT pg_promote()") }
      let reason = #expect(throws: DatabaseError.self) { try reader(of: [pair.leader, pair.follower]) }
      #expect("\(String(describing: reason))".contains("both say that they lead the database notes"))
    }
  }

  @Test func aClusterWithoutALeaderIsNotRead() async throws {
    try await withPair { pair in
      try await pair.followerHasCaughtUp()
      let reason = #expect(throws: DatabaseError.self) { try reader(of: [pair.follower]) }
      #expect("\(String(describing: reason))".contains("leads the database notes"))
    }
  }

  @Test func moreRowsThanOneFetchAreAllRead() async throws {
    try await withPair { pair in
      try await blocking {
        _ = try pair.leader.run(
          "INSERT INTO notes (shard, id, text) SELECT 1, n, 'n' || n FROM generate_series(1, 5000) n",
          in: "notes")
      }
      #expect(try texts(reader(of: [pair.leader])).count == 5_000)
    }
  }

  private func reader(of servers: [PostgresServer]) throws -> LeaderRead {
    try LeaderRead("notes", [(.all, "main", cluster(of: servers))]) { _ in "postgresql://heights@127.0.0.1/" }
  }

  private func cluster(of servers: [PostgresServer]) -> Placement.Cluster {
    Placement.Cluster(members: servers.compactMap { ServerAddress("127.0.0.1:\($0.port)") })
  }

  @Test func ofADatabaseInRangesEachIsReadWhereItIsAndWhatLiesElsewhereIsNotItsOwn() async throws {
    try await withTwoRanges { ranges in
      for (text, shard) in [("a", TwoRanges.lowShards[1]), ("b", TwoRanges.highShards[0])] {
        try await ranges.database.transaction { try await $0.insertNote(text, in: shard) }
      }
      // Of a range that has gone, and of one that is on its way.
      try ranges.low.run("INSERT INTO notes (shard, id, text) VALUES (4095, 1, 'gone')", in: "notes")
      try ranges.high.run("INSERT INTO notes (shard, id, text) VALUES (0, 1, 'coming')", in: "notes")
      let clusters = [ranges.low, ranges.high].map { cluster(of: [$0]) }
      let halves = ShardRange.all.split(into: 2)
      let reader = try LeaderRead(
        "notes", [(halves[0], "low", clusters[0]), (halves[1], "high", clusters[1])]
      ) {
        _ in "postgresql://heights@127.0.0.1/"
      }
      #expect(try texts(reader).sorted() == ["a", "b"])
      #expect(
        reader.sources.sorted()
          == [ranges.low, ranges.high].map { "PostgreSQL at 127.0.0.1:\($0.port), which leads" }.sorted())
      // The same cluster with two ranges, one of which has gone.
      let quarters = halves[1].split(into: 2)
      let later = try LeaderRead(
        "notes",
        [
          (halves[0], "high", clusters[1]), (quarters[0], "low", clusters[0]),
          (quarters[1], "high", clusters[1]),
        ]
      ) { _ in "postgresql://heights@127.0.0.1/" }
      #expect(try texts(later) == ["coming"])
    }
  }
}
