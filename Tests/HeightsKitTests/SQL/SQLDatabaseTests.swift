// Reads and writes of a database: what is acknowledged is there, for everybody, and errors are clear.

import Foundation
import Synchronization
import Testing

@testable import HeightsData

@Suite struct SQLDatabaseTests {
  @Test func whatATransactionWroteIsReadOnEveryLoopAndOffThem() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      try await database.insertNote("one", likes: 3)
      for loop in folder.loops.loops {
        let text = try await loop.run {
          try await database.first("SELECT text FROM notes") { try $0.text(0) }
        }
        #expect(text == "one")
      }
      #expect(try await database.count() == 1)
    }
  }

  @Test func everyKindOfValueComesBackAsItWas() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
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

  @Test func whatPostgreSQLCouldNotStoreIsNotTaken() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      await #expect(throws: DatabaseError.zeroInText) { try await database.insertNote("a\u{0}b", likes: 3) }
      #expect(try await database.count() == 0)
      try await database.insertNote("after it", likes: 3)
    }
  }

  @Test(arguments: [
    (0, "column 0 (gone) is NULL, and `int` was asked for"),
    (1, "column 1 (words) is text, and `int` was asked for"),
    (2, "column 2 (part) is a double, and `int` was asked for"),
    (9, "there is no column 9: the result has 3, from 0"),
  ])
  func aColumnOfAnotherTypeIsAnErrorThatNamesIt(_ column: Int, _ message: String) async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      let text = "SELECT NULL AS gone, 'a' AS words, 0.5 AS part"
      await #expect(throws: DatabaseError.invalid(sql: text, message: message)) {
        try await database.first("SELECT NULL AS gone, 'a' AS words, 0.5 AS part") { try $0.int(column) }
      }
    }
  }

  @Test func aRowKeptForLaterRefusesToBeRead() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      var kept: Row?
      _ = try await database.first("SELECT 1") { kept = $0 }
      #expect(throws: DatabaseError.self) { try kept?.int(0) }
    }
  }

  @Test func statementsComposeAndListsMatchTheirElements() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      for text in ["a", "b", "c", "d"] { try await database.insertNote(text) }
      let isWanted: SQL = "text <> \("b") AND text IN (\(list: ["a", "b", "c"]))"
      let found = try await database.query(
        "SELECT text FROM notes WHERE shard = \(shard7) AND \(sql: isWanted) ORDER BY text LIMIT \(9)"
      ) { try $0.text(0) }
      #expect(found == ["a", "c"])
      let none: [String] = []
      for (sql, expected) in [
        ("SELECT count(*) FROM notes WHERE text IN (\(list: none))" as SQL, 0),
        ("SELECT count(*) FROM notes WHERE text NOT IN (\(list: none))", 4),
      ] {
        #expect(try await database.first(sql) { try $0.int(0) } == Int64(expected))
      }
    }
  }

  @Test func mistakesInStatementsAreToldWithTheStatement() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      let wrong: [(SQL, String)] = [
        ("SELEC 1", "syntax error"), ("SELECT absent FROM notes", "no such column"),
        ("SELECT 1; SELECT 2", "more than one statement"), ("SELECT $1", "parameters in the text"),
        ("-- nothing", "there is no statement"), ("DELETE FROM notes", "belongs inside"),
        ("BEGIN", "not for apps"), ("PRAGMA query_only = OFF", "not for apps"),
      ]
      for (sql, message) in wrong {
        let error = await #expect(throws: DatabaseError.self) { try await database.query(sql) { _ in } }
        #expect("\(try #require(error))".contains(message), "\(sql)")
      }
      for sql in ["COMMIT", "ROLLBACK", "SAVEPOINT x", "ATTACH 'x' AS x", "PRAGMA synchronous = OFF"] as [SQL]
      {
        let error = await #expect(throws: DatabaseError.self) {
          try await database.transaction { try await $0.execute(sql) }
        }
        #expect("\(try #require(error))".contains("not for apps"), "\(sql)")
      }
    }
  }

  @Test func conflictsNameTheColumns() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      try await database.insertNote("one")
      let wrong: [(SQL, DatabaseError.Constraint)] = [
        ("INSERT INTO notes VALUES (1, 1, 'one', 0)", .init(.unique, columns: ["notes.text"])),
        ("INSERT INTO notes VALUES (1, 1, NULL, 0)", .init(.notNull, columns: ["notes.text"])),
        ("INSERT INTO notes VALUES (1, 1, 'two', -1)", .init(.check, name: "likes >= 0")),
        ("INSERT INTO links VALUES ('one', 'gone')", .init(.foreignKey)),
        ("INSERT INTO links VALUES ('gone', NULL)", .init(.foreignKey)),
      ]
      for (sql, constraint) in wrong {
        await #expect(throws: DatabaseError.conflict(constraint)) {
          try await database.transaction { try await $0.execute(sql) }
        }
      }
    }
  }

  @Test func executeTellsHowManyRowsChanged() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      let counts = try await database.transaction { transaction in
        let inserted = try await transaction.execute(
          "INSERT INTO notes VALUES (1, 1, 'x', 0), (1, 2, 'y', 0)")
        let deleted = try await transaction.execute("DELETE FROM notes WHERE shard = 1")
        return [inserted, deleted, try await transaction.execute("CREATE TABLE extra (a)")]
      }
      #expect(counts == [2, 2, 0])
    }
  }

  @Test func theStatementCacheKeepsToItsBound() async throws {
    let database = NSTemporaryDirectory() + "heights-sql-\(UUID().uuidString).db"
    defer {
      for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + ending) }
    }
    let connection = try SQLiteConnection(path: database, role: .writer, cachedStatements: 3)
    func one(_ sql: SQL) throws -> Int64? { try connection.first(sql) { try $0.int(0) } }
    for round in 0..<3 {
      #expect(try one("SELECT 1 + \(round)") == 1 + Int64(round))
      #expect(try one("SELECT 2 + \(round)") == 2 + Int64(round))
      #expect(try one("SELECT 3 + \(round)") == 3 + Int64(round))
      #expect(try one("SELECT 4 + \(round)") == 4 + Int64(round))
      #expect(connection.cachedStatementCount == 3)
    }
  }

  @Test func oneStatementServesAllItsValues() async throws {
    try await withDatabaseFolder { folder in
      let connection = try SQLiteConnection(path: folder.file, role: .writer, cachedStatements: 9)
      for value in 0..<5 { _ = try connection.first("SELECT \(value)") { try $0.int(0) } }
      #expect(connection.cachedStatementCount == 1)
    }
  }
}
