// What a proof reads is what the leader has: of the file as it is, of a cluster from the one server that leads.

import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct LeaderReadTests {
  private func texts(_ database: LeaderRead) throws -> [String] {
    var texts: [String] = []
    try database.snapshot {
      try database.each("SELECT text FROM notes ORDER BY text") { texts.append(try $0.text(0)) }
    }
    return texts
  }

  @Test func aFileIsReadAsItIsWhileTheAppWrites() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      try await database.insertNote("one", likes: 1)
      let reader = try LeaderRead("notes", placement: nil, dataDirectory: folder.path, passwordFile: "")
      #expect(try texts(reader) == ["one"] && reader.source == folder.file)
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
      #expect(reader.source == "PostgreSQL at 127.0.0.1:\(pair.leader.port), which leads")
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
    try LeaderRead(
      "notes", url: "postgresql://heights@127.0.0.1/",
      members: servers.compactMap { ServerAddress("127.0.0.1:\($0.port)") })
  }
}
