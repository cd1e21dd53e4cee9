// What can't be in PostgreSQL as it is in SQLite is refused while it is copied, and told where it is, why, and what to do.

import Foundation
import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct MoveRefusalTests {
  /// Refused with every one of `parts` in the message; the app goes on in SQLite.
  private func expectRefusal(
    _ schema: String, _ rows: [String] = [], saying parts: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let migration = Migration(number: 1, name: "made", sql: schema)
    try await withMovedDatabase([migration]) { moved in
      try moved.inFile(rows)
      let error = await #expect(throws: MoveError.self, sourceLocation: sourceLocation) {
        try await moved.copy()
      }
      for part in parts {
        #expect(
          error?.description.contains(part) == true, "\(part), in: \(error?.description ?? "nothing")",
          sourceLocation: sourceLocation)
      }
      #expect(!moved.isInPostgres, sourceLocation: sourceLocation)
      let move = moved.move()
      try await onThread { try move.abandon() }
    }
  }

  @Test func aTableThatBeginsAsHeightsOwnIsRefused() async throws {
    for name in ["heights_peaks", "Heights_Peaks", "heights_touched_peaks", "heights_move"] {
      try await expectRefusal(
        "CREATE TABLE \(name) (id BIGINT PRIMARY KEY, name TEXT)",
        ["INSERT INTO \(name) VALUES (1, 'Eiger'), (2, 'Mönch'), (3, 'Jungfrau')"],
        saying: ["table \(name)", "rename it with a migration"])
    }
  }

  @Test func aValueOfAnotherTypeThanItsColumnIsRefused() async throws {
    let schema =
      "CREATE TABLE t (k BIGINT, n TEXT, a BIGINT, b INTEGER, c SMALLINT, r DOUBLE PRECISION, x BYTEA, v VARCHAR(3), PRIMARY KEY (k, n))"
    let cases: [(column: String, value: String, reason: String)] = [
      ("n", "x'6869'", "a blob"), ("a", "x'3432'", "a blob"), ("a", "'0x1F'", "a text"),
      ("a", "1.5", "a floating-point"),
      ("a", "9223372036854775808", "a floating-point"),
      ("b", "2147483648", "2147483648 is more than integer"),
      ("c", "-32769", "-32769 is more than smallint"), ("r", "'NaN'", "a text"), ("r", "x'00'", "a blob"),
      ("x", "'\\x6869'", "a text"), ("x", "12", "an integer"), ("v", "'abcd'", "4 characters"),
      ("v", "'abc '", "4 characters"),
      ("v", "x'61'", "a blob"), ("n", "CAST(x'61ff' AS TEXT)", "not UTF-8"),
      ("n", "CAST(x'eda080' AS TEXT)", "not UTF-8"),
      ("n", "CAST(x'610062' AS TEXT)", "a zero byte"),
    ]
    for (column, value, reason) in cases {
      let key = column == "n" ? "'other'" : "'key'"
      try await expectRefusal(
        schema,
        [
          "INSERT INTO t (k, n) VALUES (1, 'first'), (7, \(key))",
          "UPDATE t SET \(column) = \(value) WHERE k = 7",
        ], saying: ["table t", "row (7, ", "column \(column)", reason, ";"])
    }
  }

  @Test func aKeyThatIsNullIsRefusedAlsoWhenItComesAfterTheCopy() async throws {
    let schema = "CREATE TABLE t (a BIGINT, b TEXT, PRIMARY KEY (a, b))"
    try await expectRefusal(
      schema, ["INSERT INTO t VALUES (1, 'x'), (2, NULL)"],
      saying: ["table t", "row (2, NULL)", "column b", "NULL"])
    try await withMovedDatabase([Migration(number: 1, name: "made", sql: schema)]) { moved in
      try moved.inFile(["INSERT INTO t VALUES (1, 'x')"])
      try await moved.copy()
      // Not by the app, which is told at once.
      await #expect(throws: DatabaseError.conflict(.init(.notNull, columns: ["t.b"]))) {
        try await moved.database.transaction { try await $0.execute("INSERT INTO t VALUES (3, NULL)") }
      }
      try moved.inFile(["INSERT INTO t VALUES (3, NULL)"])
      let error = await #expect(throws: MoveError.self) { try await moved.flip(copying: false) }
      #expect(error?.description.contains("row (3, NULL)") == true)
      #expect(!moved.isInPostgres)
    }
  }

  @Test func aKeyThatSQLiteGivesByItselfIsRefused() async throws {
    let saying = ["table notes", "column id", "every insert without id would fail", "next_id(shard)"]
    try await expectRefusal("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)", saying: saying)
    try await expectRefusal(
      "CREATE TABLE notes (text TEXT, id INTEGER NOT NULL, PRIMARY KEY (id))", saying: saying)
  }

  @Test func whatOnlyOneEngineHasIsRefused() async throws {
    let schema = "CREATE TABLE t (id BIGINT PRIMARY KEY)"
    try await expectRefusal(
      schema, ["CREATE TABLE extra (id BIGINT PRIMARY KEY)"],
      saying: ["table extra is in SQLite only", "migrations"])
    try await expectRefusal(
      schema, ["ALTER TABLE t ADD COLUMN extra TEXT"],
      saying: ["table t, column extra is in SQLite only", "migrations"])
    try await expectRefusal(
      schema, ["DROP TABLE t"], saying: ["table t is in PostgreSQL only", "migrations"])
    let long = String(repeating: "c", count: 64)
    try await expectRefusal(
      "CREATE TABLE t (id BIGINT PRIMARY KEY, \(long) TEXT)",
      saying: ["table t, column \(long)", "longer than 63 bytes"])
  }

  @Test func namesWithoutQuotesAndComputedColumnsArriveAsTheyWere() async throws {
    let schema = """
      CREATE TABLE Things (
        Id BIGINT PRIMARY KEY, createdAt BIGINT NOT NULL, "quo""te" TEXT, "quo""\u{301}te" TEXT,
        doubled BIGINT GENERATED ALWAYS AS (createdAt * 2) STORED, "Größe" TEXT);
      CREATE TABLE "\u{e9}" (id BIGINT PRIMARY KEY);
      CREATE TABLE "e\u{301}" (id BIGINT PRIMARY KEY);
      """
    try await withMovedDatabase([Migration(number: 1, name: "made", sql: schema)]) { moved in
      try moved.inFile([
        "INSERT INTO Things (id, createdAt, \"quo\"\"te\", Größe) VALUES (1, 21, 'a', 'b')",
        "INSERT INTO \"\u{e9}\" VALUES (1), (2)", "INSERT INTO \"e\u{301}\" VALUES (3)",
      ])
      try await moved.copy()
      try moved.inFile(["INSERT INTO Things (id, createdAt) VALUES (2, 4)"])
      try await moved.flip(copying: false)
      let doubled = try await moved.database.query("SELECT doubled FROM Things ORDER BY id") { try $0.int(0) }
      #expect(doubled == [42, 8])
      #expect(try moved.onServer("SELECT count(*) FROM \"\u{e9}\"") == "2")
      try await moved.database.transaction {
        try await $0.execute("UPDATE Things SET createdAt = 5 WHERE id = 2")
      }
      try await moved.flipBack()
      let back = try await moved.database.query("SELECT doubled FROM Things ORDER BY id") { try $0.int(0) }
      #expect(back == [42, 10])
    }
  }

  @Test func aCopyGoesOnBehindAKeyThatBeginsWithAnAccent() throws {
    let key: [SQLValue] = [.text("\u{301}a"), .text("\u{1F3FD}"), .blob([0x30]), .text("\u{200d}")]
    #expect(try MoveKey.decode(MoveKey.encode(key)) == key)
  }
}

extension MovedDatabase {
  /// Statements on the file, as another program would run them.
  func inFile(_ statements: [String]) throws {
    let connection = try SQLiteConnection(path: folder.file, role: .mover)
    for statement in statements {
      let statement = try Statement(statement, on: connection.handle)
      while try statement.step() {}
    }
  }

  func copy() async throws {
    let move = move()
    try await onThread { try move.copy { false } }
  }
}
