// What a server says before it leaves, and what it has to be asked anew: nobody is told of a failure that was none.

import Foundation
import HeightsData
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct PostgresFarewellTests {
  @Test func aCommitThatTheServerDidNotComeToIsRunAgain() async throws {
    try await withPostgres { notes, database in
      for number in 0..<20 {
        let tries = Atomic<Int>(0)
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("w\(number)")
          if tries.add(1, ordering: .relaxed).newValue == 1 { try notes.endConnections() }
        }
        #expect(tries.load(ordering: .relaxed) == 2)
      }
      #expect(try await database.count() == 20)
    }
  }

  @Test func aStatementThatTheServerDidNotComeToIsRunAgain() async throws {
    try await withPostgres { notes, database in
      let tries = Atomic<Int>(0)
      try await database.transaction { transaction in
        _ = try await transaction.insertNote("one")
        if tries.add(1, ordering: .relaxed).newValue == 1 { try notes.endConnections() }
        _ = try await transaction.insertNote("two")
      }
      #expect(tries.load(ordering: .relaxed) == 2)
      #expect(try await database.count() == 2)
    }
  }

  @Test func aReadWhosePreparationWasSkippedIsPreparedAnew() async throws {
    try await withPostgres { notes, database in
      let loop = notes.loops.loops[0]
      for number in 0..<10 { try await database.insertNote("\(number)") }
      @Sendable func count() async throws -> Int64? {
        try await database.first("SELECT count(*), 'skipped' FROM notes") { try $0.int(0) }
      }
      try await loop.run {
        // So that the next two find a connection, and are sent together.
        _ = try await database.count()
        // Slow, and then an error: what is behind it in its tick is skipped.
        async let failing: Int64? = database.first("SELECT 1 / (pg_sleep(0.3) IS NULL)::int") {
          try $0.int(0)
        }
        async let skipped = count()
        try await loop.sleep(ms: 100)
        // Meanwhile the loop takes it for prepared.
        async let behind = count()
        do {
          _ = try await failing
          Issue.record("nothing failed")
        } catch is DatabaseError {}
        let counts = [try await skipped, try await behind]
        #expect(counts == [10, 10])
      }
    }
  }

  @Test func statementsGoOnWhenAMigrationHasAddedAColumn() async throws {
    try await withPostgres { notes, database in
      try await database.insertNote("one")
      @Sendable func texts(_ transaction: Transaction? = nil) async throws -> [String] {
        if let transaction {
          return try await transaction.query("SELECT * FROM notes") { try $0.text(2) }
        }
        return try await database.query("SELECT * FROM notes") { try $0.text(2) }
      }
      #expect(try await texts() == ["one"])
      #expect(try await database.transaction { try await texts($0) } == ["one"])
      try notes.server.run("ALTER TABLE notes ADD COLUMN more TEXT", in: notes.name)
      #expect(try await texts() == ["one"])
      #expect(try await database.transaction { try await texts($0) } == ["one"])
    }
  }
}
