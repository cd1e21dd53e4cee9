// Transactions at once end as if they had come one after the other, on both engines.

import Synchronization
import Testing

@testable import HeightsData

@Suite(.serialized) struct SerializableTests {
  enum Engine: CaseIterable, Sendable { case sqlite, postgres }

  /// Notes on one of the engines, and loops to write them from.
  private func withNotes(
    on engine: Engine, _ body: (Database, EventLoopGroup) async throws -> Void
  ) async throws {
    var limits = DatabaseLimits()
    // A machine shared with other tests may be slow, which is not what this is about.
    limits.transactionMs = 60_000
    switch engine {
    case .sqlite:
      try await withDatabaseFolder { try await body(try await $0.open(limits: limits), $0.loops) }
    case .postgres: try await withPostgres(limits: limits) { try await body($1, $0.loops) }
    }
  }

  /// Runs `body` so many times at once, on all loops.
  private func atOnce(
    _ count: Int, _ loops: EventLoopGroup, _ body: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup { group in
      for number in 0..<count {
        let loop = loops.next()
        group.addTask { try await loop.run { try await body(number) } }
      }
      try await group.waitForAll()
    }
  }

  @Test(arguments: Engine.allCases)
  func whatIsReadAndThenWrittenLosesNoUpdate(_ engine: Engine) async throws {
    try await withNotes(on: engine) { database, loops in
      try await database.insertNote("counter", likes: 0)
      try await atOnce(40, loops) { _ in
        try await database.transaction { transaction in
          let likes = try await transaction.first("SELECT likes FROM notes") { try $0.int(0) } ?? 0
          try await Task.sleep(for: .milliseconds(1))
          try await transaction.execute("UPDATE notes SET likes = \(likes + 1)")
        }
      }
      let likes = try await database.first("SELECT likes FROM notes") { try $0.int(0) }
      #expect(likes == 40)
    }
  }

  @Test(arguments: Engine.allCases)
  func whatHoldsOverTwoRowsHoldsAlthoughEachIsWrittenByAnother(_ engine: Engine) async throws {
    try await withNotes(on: engine) { database, loops in
      let rounds = 20
      for round in 0..<rounds {
        for half in 0..<2 { try await database.insertNote("\(round) \(half)", likes: 1) }
        // Either may go to 0 as long as the other stays.
        try await atOnce(2, loops) { half in
          try await database.transaction { transaction in
            let (one, other) = ("\(round) 0", "\(round) 1")
            let sum = try await transaction.first(
              "SELECT sum(likes) FROM notes WHERE text IN (\(one), \(other))"
            ) { try $0.int(0) }
            try await Task.sleep(for: .milliseconds(2))
            guard sum == 2 else { return }
            try await transaction.execute("UPDATE notes SET likes = 0 WHERE text = \("\(round) \(half)")")
          }
        }
      }
      let left = try await database.first("SELECT sum(likes) FROM notes") { try $0.int(0) }
      #expect(left == Int64(rounds))
    }
  }

  @Test(arguments: Engine.allCases)
  func whoeverLooksBeforeInsertingNeverMeetsTheSameKey(_ engine: Engine) async throws {
    try await withNotes(on: engine) { database, loops in
      let made = Atomic<Int>(0)
      for round in 0..<10 {
        try await atOnce(8, loops) { _ in
          let isNew = try await database.transaction { transaction in
            let text = "\(round)"
            let there = try await transaction.first("SELECT 1 FROM notes WHERE text = \(text)") { _ in true }
            if there == true { return false }
            _ = try await transaction.insertNote(text)
            return true
          }
          if isNew { made.add(1, ordering: .relaxed) }
        }
      }
      #expect(made.load(ordering: .relaxed) == 10)
      #expect(try await database.count() == 10)
    }
  }

  @Test func aTransactionInAnothersWayIsRunAgainThoughItsClosureHidesThat() async throws {
    struct Mine: Error {}
    try await withPostgres { notes, database in
      try await database.insertNote("counter", likes: 0)
      let tries = Atomic<Int>(0)
      try await database.transaction { transaction in
        let likes = try await transaction.first("SELECT likes FROM notes") { try $0.int(0) } ?? 0
        if tries.add(1, ordering: .relaxed).newValue == 1 {
          try notes.server.run("UPDATE notes SET likes = 10", in: notes.name)
        }
        do { try await transaction.execute("UPDATE notes SET likes = \(likes + 1)") } catch { throw Mine() }
      }
      #expect(tries.load(ordering: .relaxed) == 2)
      let likes = try await database.first("SELECT likes FROM notes") { try $0.int(0) }
      #expect(likes == 11)
    }
  }

  @Test func aCommitThatTheServerAnswersWithARollbackIsNone() async throws {
    try await withPostgres { notes, database in
      let loop = notes.loops.loops[0]
      let target = PostgresTarget(url: notes.server.url(), database: notes.name)
      let error = await #expect(throws: DatabaseError.self) {
        try await loop.run {
          let transaction = PostgresTransaction(
            .one(database.ranges.databases[0]), on: loop, until: .afterMs(5_000), for: nil, isAgain: false)
          defer { transaction.leave() }
          _ = try await transaction.use("INSERT INTO notes VALUES (7, 7, 'lost', 0)")
          // Behind the transaction's back, as something between the server and us might.
          _ = try? await transaction.open?.connection.result(of: "SELECT 1 / 0", .own)
          try await transaction.commit()
        }
      }
      #expect("\(String(describing: error))".contains("rolled back"))
      let session = try PostgresSession(target, statementMs: 5_000)
      #expect(throws: DatabaseError.self) { try session.transaction { try? session.run("SELECT 1 / 0") } }
      #expect(try await database.count() == 0)
    }
  }
}
