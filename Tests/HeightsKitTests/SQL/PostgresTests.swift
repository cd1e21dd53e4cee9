// PostgreSQL behind the same handle as SQLite: what is acknowledged is there, and errors are the same.

import Foundation
import Glibc
import HeightsData
import Synchronization
import Testing

@Suite(.serialized) struct PostgresTests {
  @Test func whatATransactionWroteIsReadOnEveryLoopAndOffThem() async throws {
    try await withPostgres { notes, database in
      try await database.insertNote("one", likes: 3)
      for loop in notes.loops.loops {
        let text = try await loop.run {
          try await database.first("SELECT text FROM notes") { try $0.text(0) }
        }
        #expect(text == "one")
      }
      #expect(try await database.count() == 1)
    }
  }

  @Test func everyKindOfValueComesBackAsItWas() async throws {
    try await withPostgres { _, database in
      let text = "it's \"quoted\"; DROP TABLE notes; -- äöü 🏔 end"
      let id = try #require(Identifier(77))
      try await database.first(
        """
        SELECT \(1), \(Int64.min), \(1.5), \(text), \([UInt8]([0, 255])), \(true), \(id), \(shard7), \(""),
          \([UInt8]()), \(nil as String?), \(Int?.some(4))
        """
      ) { (row: Row) throws in
        #expect(try row.int(0) == 1)
        #expect(try row.int(1) == Int64.min)
        #expect(try row.double(2) == 1.5)
        #expect(try row.text(3) == text)
        #expect(try row.blob(4) == [0, 255])
        #expect(try row.bool(5))
        #expect(try row.identifier(6) == id)
        #expect(try row.shard(7) == shard7)
        #expect(try row.text(8) == "")
        #expect(try row.blob(9) == [])
        #expect(try row.optionalText(10) == nil)
        #expect(try row.optionalInt(11) == 4)
        #expect(try row.double(0) == 1)
      }
      #expect(try await database.count() == 0)
    }
  }

  @Test(arguments: [0, 1, -1, 9_999, 10_000, 123_456_789, -40_000_000, Int64.max / 2])
  func sumsOfIntegersAreIntegers(_ value: Int64) async throws {
    try await withPostgres([]) { _, database in
      let sum = try await database.first("SELECT sum(n) FROM (VALUES (\(value)), (0::bigint)) AS t (n)") {
        try $0.int(0)
      }
      #expect(sum == value)
    }
  }

  @Test func aColumnOfAnotherTypeIsAnErrorThatNamesIt() async throws {
    try await withPostgres([]) { _, database in
      for (column, message) in [
        (0, "column 0 (gone) is NULL, and `int` was asked for"),
        (1, "column 1 (words) is text, and `int` was asked for"),
        (2, "column 2 (part) is a double, and `int` was asked for"),
        (3, "column 3 (share) is a numeric that is no 64-bit integer, and `int` was asked for"),
        (9, "there is no column 9: the result has 4, from 0"),
      ] {
        let error = await #expect(throws: DatabaseError.self) {
          try await database.first(
            "SELECT NULL::bigint AS gone, 'w' AS words, 1.5::float8 AS part, 1.5::numeric AS share"
          ) { try $0.int(column) }
        }
        guard case .invalid(_, message)? = error else {
          Issue.record("expected '\(message)', got \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test func conflictsNameTheColumns() async throws {
    try await withPostgres { _, database in
      try await database.insertNote("a")
      let wrong: [(SQL, DatabaseError.Constraint)] = [
        (
          "INSERT INTO notes VALUES (1, 1, 'a', 0)",
          .init(.unique, columns: ["notes.text"], name: "notes_text_key")
        ),
        ("INSERT INTO notes VALUES (1, 1, NULL, 0)", .init(.notNull, columns: ["notes.text"])),
        ("INSERT INTO notes VALUES (1, 1, 'b', -1)", .init(.check, name: "notes_likes_check")),
        (
          "INSERT INTO links VALUES ('nowhere', NULL)",
          .init(.foreignKey, columns: ["links.note"], name: "links_note_fkey")
        ),
      ]
      for (sql, constraint) in wrong {
        await #expect(throws: DatabaseError.conflict(constraint)) {
          try await database.transaction { try await $0.execute(sql) }
        }
      }
      #expect(try await database.count() == 1)
    }
  }

  @Test func mistakesInStatementsAreToldWithTheStatement() async throws {
    try await withPostgres { _, database in
      let read = await #expect(throws: DatabaseError.self) {
        try await database.query("SELECT gone FROM notes WHERE shard = \(1)") { try $0.int(0) }
      }
      #expect(
        read
          == .invalid(
            sql: "SELECT gone FROM notes WHERE shard = $1", message: #"column "gone" does not exist"#))
      let zero = await #expect(throws: DatabaseError.self) {
        try await database.query("SELECT \("a\u{0}b")") { try $0.text(0) }
      }
      #expect(zero == .zeroInText)
      await #expect(throws: DatabaseError.self) {
        try await database.transaction { try await $0.execute("COMMIT") }
      }
    }
  }

  @Test func oneWrongReadHarmsNoneOfTheOthersOfItsTick() async throws {
    try await withPostgres(loops: 1) { notes, database in
      try await database.insertNote("one", likes: 1)
      let results = try await notes.loops.loops[0].run {
        await withTaskGroup(of: Int64?.self) { group in
          for number in 0..<60 {
            group.addTask {
              if number % 7 == 3 {
                return try? await database.first("SELECT likes / (likes - 1) FROM notes") { try $0.int(0) }
              }
              return try? await database.first("SELECT likes + \(number) FROM notes") { try $0.int(0) }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
      }
      let right = Set((0..<60).filter { $0 % 7 != 3 }.map { Int64($0 + 1) })
      let failed = results.filter { $0 == nil }.count
      #expect(failed == 9, "only the divisions by zero failed")
      #expect(Set(results.compactMap(\.self)) == right)
    }
  }

  @Test func aTransactionThatThrowsLeavesNothingAndAFailedStatementEndsIt() async throws {
    struct Mine: Error {}
    try await withPostgres { _, database in
      await #expect(throws: Mine.self) {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("gone")
          throw Mine()
        }
      }
      let error = await #expect(throws: DatabaseError.self) {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("gone too")
          _ = try? await transaction.execute("INSERT INTO notes VALUES (1, 1, NULL, 0)")
          _ = try? await transaction.insertNote("stray")
        }
      }
      #expect(error == .invalid(sql: "COMMIT", message: "an earlier error has rolled this transaction back"))
      let count = try await database.count()
      #expect(count == 0)
    }
  }

  @Test func aDeferredForeignKeyIsCheckedAtTheCommit() async throws {
    try await withPostgres { _, database in
      let error = await #expect(throws: DatabaseError.self) {
        try await database.transaction { try await $0.execute("INSERT INTO links VALUES ('nowhere', NULL)") }
      }
      guard case .conflict(let constraint)? = error else {
        return #expect(Bool(false), "\(String(describing: error))")
      }
      #expect(constraint.kind == .foreignKey)
    }
  }

  @Test func manyTransactionsShareFewConnectionsAndAreAllThere() async throws {
    var limits = DatabaseLimits()
    limits.connectionsPerLoop = 2
    try await withPostgres(limits: limits) { notes, database in
      try await withThrowingTaskGroup { group in
        for number in 0..<300 {
          let loop = notes.loops.next()
          group.addTask { _ = try await loop.run { try await database.insertNote("note \(number)") } }
        }
        try await group.waitForAll()
      }
      #expect(try await database.count() == 300)
      let connections = try notes.server.run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(notes.name)' AND application_name = 'heights'"
      )
      #expect(try #require(Int(connections)) <= 2 * (2 + 1))
    }
  }

  @Test func moreThanMayWaitAreRefused() async throws {
    var limits = DatabaseLimits()
    limits.connectionsPerLoop = 1
    limits.queuedTransactions = 3
    try await withPostgres(loops: 1, limits: limits) { notes, database in
      let gate = AsyncGate()
      let holder = Task {
        try await database.transaction {
          try await $0.execute("SELECT 1")
          await gate.wait()
        }
      }
      while try notes.server.run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(notes.name)' AND xact_start IS NOT NULL")
        == "0"
      {
        await Task.yield()
      }
      // Each in a shard of its own: those of one wait for their turn before they wait for a connection.
      let others = (0..<5).compactMap { Shard($0) }.map { shard in
        Task { try await database.transaction { try await $0.insertNote("\(shard)", in: shard) } }
      }
      while database.statistics.waiting < 4 { await Task.yield() }
      var refused = 0
      // Two of the five find the queue full, whichever they are.
      while database.statistics.waiting > 4 { await Task.yield() }
      await gate.open()
      for task in others {
        do { _ = try await task.value } catch DatabaseError.tooMany { refused += 1 }
      }
      try await holder.value
      #expect(refused == 2)
      #expect(try await database.count() == 3)
    }
  }

  @Test func identifiersNeverRepeatAndAreOrderedWithinAShard() async throws {
    try await withPostgres { notes, database in
      try await withThrowingTaskGroup { group in
        for number in 0..<200 {
          let loop = notes.loops.next()
          group.addTask { _ = try await loop.run { try await database.insertNote("n\(number)") } }
        }
        try await group.waitForAll()
      }
      let ids = try await database.query("SELECT id FROM notes ORDER BY id") { try $0.identifier(0) }
      #expect(Set(ids).count == 200)
      #expect(ids.allSatisfy { $0.shard == shard7 })
      #expect(abs(ids[0].createdAtMs - wallClockMs()) < 60_000)
      // A clock that steps back: the shard's ticks run on.
      try notes.server.run(
        "UPDATE heights_identifiers SET last_tick = last_tick + (3600000::bigint << 10)", in: notes.name)
      let first = try await database.insertNote("later")
      let second = try await database.insertNote("later still")
      #expect(try #require(ids.last) < first && first < second)
    }
  }

  @Test func nextIdRefusesWhatIsNoShard() async throws {
    try await withPostgres([]) { _, database in
      for shard in [-1, 4_096] {
        let error = await #expect(throws: DatabaseError.self) {
          try await database.transaction { try await $0.first("SELECT next_id(\(shard))") { try $0.int(0) } }
        }
        #expect(
          error
            == .invalid(
              sql: "SELECT next_id($1)", message: "next_id(shard): expected an integer from 0 to 4095"))
      }
    }
  }

  @Test func migrationsAreAppliedOnceInOrderAndAnEditedOneIsRefused() async throws {
    try await withPostgres { notes, database in
      try await database.insertNote("kept")
      let second = Migration(number: 2, name: "more", sql: "ALTER TABLE notes ADD COLUMN more TEXT")
      let broken = Migration(
        number: 3, name: "broken", sql: "CREATE TABLE x (a BIGINT); SELECT nonsense FROM nowhere")
      let error = await #expect(throws: MigrationError.self) {
        _ = try await notes.open([PostgresNotes.notes, second, broken])
      }
      guard case .failed("003_broken", .invalid)? = error else {
        return #expect(Bool(false), "\(String(describing: error))")
      }
      #expect(try await database.first("SELECT more FROM notes") { try $0.optionalText(0) } == .some(nil))
      await #expect(throws: DatabaseError.self) {
        try await database.query("SELECT a FROM x") { try $0.int(0) }
      }
      await #expect(throws: MigrationError.edited("002_more")) {
        _ = try await notes.open([
          PostgresNotes.notes,
          Migration(number: 2, name: "more", sql: "ALTER TABLE notes ADD COLUMN less TEXT"),
        ])
      }
      #expect(try await database.count() == 1)
    }
  }

  @Test func twoProcessesAtOnceApplyEachMigrationOnce() async throws {
    try await withPostgres([]) { notes, _ in
      try await withThrowingTaskGroup { group in
        for _ in 0..<4 { group.addTask { _ = try await notes.open() } }
        try await group.waitForAll()
      }
      #expect(try notes.server.run("SELECT count(*) FROM heights_migrations", in: notes.name) == "1")
    }
  }
}
