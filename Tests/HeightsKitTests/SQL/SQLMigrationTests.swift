// Migrations run once and in order, and a history that was tampered with is refused.

import Foundation
import HeightsData
import TestSupport
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

  /// A folder of migrations of files, each with its text.
  private func load(_ files: [String: String], in folder: DatabaseFolder) throws -> [Migration] {
    let path = folder.path + "/Migrations"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    return try Migration.load(directory: path)
  }

  @Test func whatPostgresWouldNotTakeIsToldWhenAMigrationIsWrittenAndNothingIsChanged() async throws {
    try await withDatabaseFolder { folder in
      let first = "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, text TEXT);\n"
      try await folder.open(try load(["001_notes.sql": first], in: folder)).close()
      let second =
        "CREATE TABLE tags (\n  id INTEGER PRIMARY KEY AUTOINCREMENT,\n  createdAt TEXT,\n  note BIGINT REFERENCES notes (id));"
      let migrations = try load(["001_notes.sql": first, "002_tags.sql": second], in: folder)
      let error = await #expect(throws: MigrationError.self) { try await folder.open(migrations) }
      guard case .notPortable(let problems)? = error else {
        return #expect(Bool(false), "\(String(describing: error))")
      }
      #expect(problems.map { $0.split(separator: ":")[1] } == ["2", "2", "3"])
      #expect(problems.allSatisfy { $0.contains("Migrations/002_tags.sql:") })
      let database = try await folder.open(try load(["001_notes.sql": first], in: folder))
      #expect(try await database.query("SELECT id FROM notes") { try $0.int(0) } == [])
    }
  }

  @Test func whatWasAppliedLongAgoIsNotLookedThroughAgainAndPostgresRunsWhatStandsBesideIt() async throws {
    try await withDatabaseFolder { folder in
      let old = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text VARCHAR(20)) STRICT;"
      let lasting = Migration(number: 1, name: "notes", sql: old.replacing("VARCHAR(20)", with: "TEXT"))
      try await folder.open([lasting]).close()
      let files = [
        "001_notes.sql": lasting.sql,
        "001_notes.postgres.sql": "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT);",
      ]
      let migrations = try load(files, in: folder)
      #expect(migrations == migrations && migrations != [lasting])
      try await folder.open(migrations).close()
      let url = try PostgresServer.shared.get().url()
      let name = "variant_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
      for _ in 0..<2 {
        try await Database.open(name: name, url: url, migrations: migrations, loops: folder.loops).close()
      }
      #expect(throws: MigrationError.lonelyVariant("002_x.postgres.sql", expected: "002_x.sql")) {
        try load(files.merging(["002_x.postgres.sql": ""]) { $1 }, in: folder)
      }
    }
  }

  @Test func otherEndsOfLinesAndAByteOrderMarkAreNoEdit() async throws {
    let plain = "CREATE TABLE notes (\n  id BIGINT NOT NULL PRIMARY KEY\n);\n"
    let spellings = [plain, plain.replacing("\n", with: "\r\n")].flatMap { [$0, "\u{feff}" + $0] }
    for first in spellings {
      try await withDatabaseFolder { folder in
        for text in [first] + spellings {
          try await folder.open(try load(["001_notes.sql": text], in: folder)).close()
        }
        let edited = try load(["001_notes.sql": plain + " "], in: folder)
        await #expect(throws: MigrationError.edited("001_notes")) { try await folder.open(edited) }
      }
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
