// Migrations run once and in order, and a history that was tampered with is refused.

import Foundation
import HeightsData
import Testing

@Suite struct SQLMigrationTests {
  private static let one = Migration(number: 1, name: "one", sql: "CREATE TABLE a (x INTEGER PRIMARY KEY);")
  private static let two = Migration(
    number: 2, name: "two",
    sql:
      "-- more\nCREATE TABLE b (y REFERENCES a);\nINSERT INTO a VALUES (1); INSERT INTO b VALUES (1);\n-- end\n"
  )

  @Test func eachIsAppliedOnceAndInOrder() async throws {
    try await withDatabaseFolder { folder in
      for migrations in [[Self.one], [Self.one, Self.two], [Self.one, Self.two]] {
        try await folder.open(migrations).close()
      }
      let database = try await folder.open([Self.one, Self.two])
      #expect(try await database.query("SELECT y FROM b") { try $0.int(0) } == [1])
      let applied = try await database.query("SELECT name FROM heights_migrations ORDER BY number") {
        try $0.text(0)
      }
      #expect(applied == ["one", "two"])
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let migrations: [Migration]
    let error: MigrationError
  }

  @Test(arguments: [
    Refusal(
      testDescription: "edited", migrations: [one, Migration(number: 2, name: "two", sql: "SELECT 1")],
      error: .edited("002_two")),
    Refusal(
      testDescription: "renamed", migrations: [Migration(number: 1, name: "uno", sql: one.sql), two],
      error: .renamed(applied: "001_one", found: "001_uno")),
    Refusal(
      testDescription: "gap", migrations: [one, two, Migration(number: 4, name: "four", sql: "")],
      error: .gap(expected: 3, found: "004_four")),
    Refusal(
      testDescription: "doubled", migrations: [one, two, Migration(number: 2, name: "dos", sql: "")],
      error: .doubled("002_two", "002_dos")),
    Refusal(
      testDescription: "out of order", migrations: [two, one], error: .gap(expected: 1, found: "002_two")),
    Refusal(
      testDescription: "foreign keys",
      migrations: [one, two, Migration(number: 3, name: "bad", sql: "DELETE FROM a;")],
      error: .danglingForeignKey("003_bad", table: "b")),
    Refusal(
      testDescription: "bad SQL",
      migrations: [
        one, two, Migration(number: 3, name: "bad", sql: "CREATE TABLE c (z);\n CREATE TABEL d (z);"),
      ],
      error: .failed(
        "003_bad", .invalid(sql: "CREATE TABEL d (z);", message: "near \"TABEL\": syntax error"))),
    Refusal(
      testDescription: "commits on its own",
      migrations: [one, two, Migration(number: 3, name: "bad", sql: "CREATE TABLE c (z); COMMIT;")],
      error: .failed(
        "003_bad",
        .invalid(
          sql: "COMMIT;", message: "BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ATTACH and PRAGMA are not for apps"))),
  ])
  func aHistoryThatDoesNotFitIsRefusedAndNothingChanges(_ refusal: Refusal) async throws {
    try await withDatabaseFolder { folder in
      try await folder.open([Self.one, Self.two]).close()
      await #expect(throws: refusal.error) { try await folder.open(refusal.migrations) }
      let database = try await folder.open([Self.one, Self.two])
      let tables = try await database.query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'heights%' ORDER BY name"
      ) { try $0.text(0) }
      #expect(tables == ["a", "b"])
      #expect(try await database.query("SELECT x FROM a") { try $0.int(0) } == [1])
    }
  }

  /// A later release has applied more, and may be taken back.
  @Test func aReleaseThatKnowsFewerWorksOn() async throws {
    try await withDatabaseFolder { folder in
      try await folder.open([Self.one, Self.two]).close()
      let database = try await folder.open([Self.one])
      #expect(try await database.query("SELECT y FROM b") { try $0.int(0) } == [1])
    }
  }

  @Test func twoProcessesAtOnceApplyEachMigrationOnce() async throws {
    try await withDatabaseFolder { folder in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { try await folder.open([Self.one, Self.two]).close() } }
        try await group.waitForAll()
      }
      let database = try await folder.open([Self.one, Self.two])
      #expect(try await database.query("SELECT x FROM a") { try $0.int(0) } == [1])
    }
  }

  @Test func aFolderIsReadInOrderAndItsMistakesAreNamed() async throws {
    try await withDatabaseFolder { folder in
      func write(_ name: String, _ text: String = "SELECT 1;") throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
      }
      try write("002_two.sql", Self.two.sql)
      try write("001_one.sql", Self.one.sql)
      try write("README.md", "not a migration")
      #expect(try Migration.load(directory: folder.path) == [Self.one, Self.two])
      try write("3_three.sql")
      #expect(throws: MigrationError.badName("3_three.sql")) { try Migration.load(directory: folder.path) }
      try FileManager.default.removeItem(atPath: folder.path + "/3_three.sql")
      try write("002_zwei.sql")
      #expect(throws: MigrationError.doubled("002_two", "002_zwei")) {
        try Migration.load(directory: folder.path)
      }
      let absent = folder.path + "/absent"
      #expect(throws: MigrationError.unreadable(path: absent)) { try Migration.load(directory: absent) }
    }
  }

  @Test func aFileThatIsNoDatabaseOrCannotBeOpenedIsAClearError() async throws {
    try await withDatabaseFolder { folder in
      try Data(repeating: 65, count: 8_192).write(to: URL(fileURLWithPath: folder.file))
      await #expect(throws: DatabaseError.corrupt("file is not a database")) { try await folder.open() }
      let error = await #expect(throws: DatabaseError.self) {
        try await Database.open(
          name: "lost", path: folder.path + "/no/such/folder.db", migrations: [], loops: folder.loops)
      }
      #expect("\(String(describing: error))".contains("unable to open database file"))
    }
  }
}
