// What SQLite answers, PostgreSQL answers; what would be another answer there is refused before anybody relies on it.

import CSQLite
import Dialect
import Foundation
import Glibc
import TestSupport
import Testing

@testable import HeightsData

/// One table with the same rows on both engines.
private struct BothEngines {
  static let schema = Migration(
    number: 1, name: "things",
    sql: """
      CREATE TABLE things (
        id BIGINT NOT NULL, name TEXT NOT NULL, stars BIGINT, price DOUBLE PRECISION, note TEXT, photo BYTEA,
        PRIMARY KEY (id));
      CREATE INDEX things_by_stars ON things (stars);
      CREATE INDEX things_by_name ON things (lower(name));
      """)

  let sqlite: Database
  let postgres: Database

  static func with(_ body: (BothEngines) async throws -> Void) async throws {
    try await withDatabaseFolder { folder in
      let name = "one_\(UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: ""))"
      let sqlite = try await Database.open(
        name: name, path: folder.file, migrations: [schema], loops: folder.loops)
      let postgres = try await Database.open(
        name: name, url: try PostgresServer.shared.get().url(), migrations: [schema], loops: folder.loops)
      let engines = BothEngines(sqlite: sqlite, postgres: postgres)
      for database in [sqlite, postgres] { try await engines.fill(database) }
      try await body(engines)
      for database in [sqlite, postgres] { database.close() }
    }
  }

  private func fill(_ database: Database) async throws {
    let texts = ["Swift", "swift", "ÉTÉ", "été", "Straße", "100%", "a_b", "", "日本語", "Zebra"]
    try await database.transaction { transaction in
      for (index, text) in texts.enumerated() {
        let stars: Int? = index % 3 == 0 ? nil : index
        let price: Double? = index % 4 == 1 ? nil : Double(index) + 0.5
        let note: String? = index % 2 == 0 ? nil : text
        let photo: [UInt8]? = index % 2 == 1 ? nil : [UInt8(index), 0, 255]
        try await transaction.execute(
          """
          INSERT INTO things (id, name, stars, price, note, photo)
          VALUES (\(index), \(text), \(stars), \(price), \(note), \(photo))
          """)
      }
    }
  }

  /// The answer as text; numbers that are the same are the same text. An error is what it says.
  func answer(_ database: Database, _ sql: SQL, columns: Int) async -> String {
    do {
      let rows = try await database.query(sql) { row in
        try (0..<columns).map { column in
          if try row.isNull(column) { return "NULL" }
          if let number = try? row.double(column) { return "\(number == 0 ? 0 : number)" }
          if let text = try? row.text(column) { return "'\(text)'" }
          return "\(try row.blob(column))"
        }.joined(separator: " | ")
      }
      return rows.joined(separator: "\n")
    } catch { return "error: \(error)" }
  }
}

/// A file of SQLite's as anybody opens it.
private final class RawSQLite {
  private var handle: OpaquePointer?

  init(_ path: String) throws { try #require(sqlite3_open(path, &handle) == SQLITE_OK) }
  deinit { sqlite3_close(handle) }

  func run(_ sql: String) throws { try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK) }
}

@Suite(.serialized) struct OneSQLTests {
  /// Statements that both have to answer, and alike.
  private static let alike: [SQL] = [
    "SELECT name FROM things WHERE name LIKE '%swift%' ORDER BY id",
    "SELECT name FROM things WHERE name LIKE '100\\%' ORDER BY id",
    "SELECT name FROM things WHERE name LIKE 'a!_b' ESCAPE '!' ORDER BY id",
    "SELECT name FROM things WHERE name NOT LIKE '_____' ORDER BY id",
    "SELECT name FROM things WHERE name LIKE \("%é") ORDER BY id",
    "SELECT stars FROM things ORDER BY stars DESC LIMIT 1",
    "SELECT stars FROM things ORDER BY stars, id",
    "SELECT stars FROM things ORDER BY stars + 1 DESC, id DESC",
    "SELECT stars FROM things ORDER BY stars NULLS FIRST, id",
    "SELECT id FROM things ORDER BY coalesce(note, name) DESC, id",
    "SELECT a.id FROM things a LEFT JOIN things b ON b.id = a.stars ORDER BY b.id DESC, a.id LIMIT 3",
    "SELECT id, row_number() OVER (ORDER BY price DESC, id) FROM things ORDER BY id",
    "SELECT (SELECT stars FROM things ORDER BY stars DESC LIMIT 1) FROM things ORDER BY note, id",
    "SELECT upper(name) FROM things ORDER BY id",
    "SELECT lower(name), length(name), length(photo) FROM things ORDER BY id",
    "SELECT round(\(2.5)), round(\(3.5)), round(\(-0.5)), round(price) FROM things ORDER BY id",
    "SELECT substr(name, -1, 3), substr(name, 0), substr(name, 2), substring(name, 2, 2) FROM things ORDER BY id",
    "SELECT strpos(name, 'f'), strpos(name, ''), greatest(stars, 4, id), least(note, name) FROM things ORDER BY id",
    "SELECT avg(stars), sum(stars), count(*), max(price), min(name) FROM things",
    "SELECT avg(stars) FROM things WHERE id IN (4, 5)",
    "SELECT sum(stars) FROM things WHERE 1 = 0",
    "SELECT \(nil as Int?) IS NULL, \(nil as String?) IS NULL, \(4 as Int?) IS NULL",
    "SELECT id FROM things WHERE \(nil as String?) IS NULL OR name = \(nil as String?) ORDER BY id",
    "SELECT coalesce(\(nil as String?), 'x'), coalesce(\(nil as Double?), 1.5)",
    "SELECT name FROM things WHERE name > 'Z' ORDER BY name",
    "SELECT name || '!' || coalesce(note, '') FROM things ORDER BY name DESC",
    "SELECT stars / 2, stars % 3, -stars / 2 FROM things WHERE stars IS NOT NULL ORDER BY id",
    "SELECT CAST(sum(stars) AS BIGINT) / count(*) FROM things",
    "SELECT round(CAST(avg(stars) AS DOUBLE PRECISION)) FROM things",
    "SELECT id << 3, id & 5 FROM things ORDER BY id",
    "SELECT photo FROM things ORDER BY photo DESC, id",
    "SELECT trim(' a '), replace(name, 'w', 'ww'), nullif(name, 'Swift') FROM things ORDER BY id",
    "WITH few AS (SELECT id FROM things WHERE id < 3) SELECT count(*) FROM few",
    "SELECT name AS \"user\" FROM things t WHERE t.id = 1",
    // Numbers that only one has as a numeric.
    "SELECT 0.5 + 0.25, price * 0.5 FROM things ORDER BY id",
    "SELECT stars IS NOT DISTINCT FROM 4 FROM things ORDER BY id",
  ]

  @Test func aStatementThatIsTakenIsAnsweredAlike() async throws {
    try await BothEngines.with { engines in
      for sql in Self.alike {
        let columns = Self.columns(sql)
        let here = await engines.answer(engines.sqlite, sql, columns: columns)
        let there = await engines.answer(engines.postgres, sql, columns: columns)
        #expect(here == there && !here.hasPrefix("error"), "\(sql)\n\(here)\n\(there)")
      }
    }
  }

  /// The commas between what is selected, outside of brackets.
  private static func columns(_ sql: SQL) -> Int {
    var (depth, count) = (0, 1)
    let text = sql.description
    for character in text[(text.range(of: "SELECT")?.upperBound ?? text.startIndex)...] {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if depth < 0 { break }
      if depth == 0, character == "," { count += 1 }
      if depth == 0, character == "F" { break }
    }
    return text.hasPrefix("WITH") ? 1 : count
  }

  /// Statements that SQLite would take, and PostgreSQL not, or for something else; and a word of what is said of each.
  private static let refused: [(SQL, String)] = [
    ("SELECT name FROM things WHERE name = \"new\"", "new"),
    ("INSERT OR IGNORE INTO things (id, name) VALUES (1, 'x')", "ON CONFLICT"),
    ("REPLACE INTO things (id, name) VALUES (1, 'x')", "ON CONFLICT"),
    ("UPDATE OR REPLACE things SET name = 'x'", "ON CONFLICT"),
    ("SELECT 1 << 40", "shift"), ("SELECT id << \(3) FROM things", "shift"),
    ("SELECT strftime('%s', 'now')", "milliseconds"), ("SELECT datetime('now')", "milliseconds"),
    ("SELECT CURRENT_TIMESTAMP", "milliseconds"), ("SELECT ifnull(stars, 0) FROM things", "coalesce"),
    ("SELECT iif(stars > 1, 1, 0) FROM things", "CASE"), ("SELECT group_concat(name) FROM things", "app"),
    ("SELECT instr(name, 'x') FROM things", "strpos"), ("SELECT max(stars, 1) FROM things", "greatest"),
    ("SELECT round(price, 1) FROM things", "round"), ("SELECT round(2.5)", "CAST"),
    ("SELECT round(avg(stars)) FROM things", "CAST"),
    ("SELECT sum(stars) / count(*) FROM things", "fraction"), ("SELECT random()", "bind"),
    ("SELECT typeof(name) FROM things", "app"), ("SELECT last_insert_rowid()", "RETURNING"),
    ("SELECT id FROM things WHERE name == 'x'", "write ="), ("SELECT [name] FROM things", "double quotes"),
    ("SELECT `name` FROM things", "double quotes"), ("SELECT id FROM things WHERE name GLOB 'S*'", "LIKE"),
    ("SELECT id FROM things WHERE name IS 'x'", "IS compares"),
    ("SELECT id FROM things LIMIT 1, 2", "OFFSET"),
    ("SELECT id FROM things LIMIT -1", "LIMIT"), ("SELECT rowid FROM things", "key"),
    ("SELECT id FROM things ORDER BY name COLLATE NOCASE", "lower"),
    ("SELECT user FROM things", "double quotes"),
    ("SELECT id FROM things WHERE TRUE", "write 1"), ("SELECT x'00'", "bind bytes"),
    ("SELECT 0x10", "decimal"),
    ("SELECT CAST(price AS INTEGER) FROM things", "BIGINT"),
    ("SELECT CAST(stars AS REAL) FROM things", "DOUBLE PRECISION"),
    ("SELECT note ->> '$.a' FROM things", "JSON"), ("SELECT json_extract(note, '$.a') FROM things", "app"),
    ("SELECT substr(name, \(2)) FROM things", "substr"), ("SELECT upper(stars) FROM things", "texts"),
    ("SELECT id FROM things INDEXED BY things_by_stars", "INDEXED"),
    ("SELECT id FROM things WHERE stars = \("4")", "whole numbers"),
    ("SELECT id FROM things WHERE name = \(4)", "texts"),
    ("SELECT id FROM things WHERE stars LIKE '4'", "texts"),
  ]

  @Test func aStatementThatWouldBeAnsweredOtherwiseIsRefusedWithWhatToWrite() async throws {
    try await BothEngines.with { engines in
      for (sql, word) in Self.refused {
        let error = await #expect(throws: DatabaseError.self, "\(sql)") {
          try await engines.sqlite.transaction { try await $0.query(sql) { _ in } }
        }
        guard case .invalid(_, let message)? = error else {
          Issue.record("\(sql): \(String(describing: error))")
          continue
        }
        #expect(message.contains(word), "\(sql)")
      }
    }
  }

  /// What a column does not hold, wherever it comes from.
  private static let wrong: [SQL] = [
    "INSERT INTO things (id, name, stars) VALUES (100, 'x', \(0.5))",
    "INSERT INTO things (id, name, stars) VALUES (100, 'x', \("7"))",
    "INSERT INTO things (id, name, stars) VALUES (100, 'x', 'seven')",
    "INSERT INTO things (id, name, photo) VALUES (100, 'x', \("bytes"))",
    "INSERT INTO things (id, name, price) VALUES (100, 'x', \("1.5"))",
    "INSERT INTO things (id, name) VALUES (100, \([UInt8]([1])))",
    "INSERT INTO things (id, name) VALUES (\(nil as Int?), 'x')",
    "INSERT INTO things (id, name) SELECT id + 100, photo FROM things WHERE id = 0",
    "UPDATE things SET stars = \(0.5) WHERE id = 1",
    "UPDATE things SET stars = price WHERE id = 2 AND 1 = 1",
    "UPDATE things SET photo = name WHERE id = 1",
    "UPDATE things SET id = NULL WHERE id = 1",
    "INSERT INTO things (id, name, stars) VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET stars = excluded.stars + 0.5",
  ]

  @Test func whatAColumnDoesNotHoldIsRefusedAndNothingIsWritten() async throws {
    try await BothEngines.with { engines in
      let all: SQL = "SELECT id, name, stars, price, note, photo FROM things ORDER BY id"
      let before = await engines.answer(engines.sqlite, all, columns: 6)
      for sql in Self.wrong {
        await #expect(throws: DatabaseError.self, "\(sql)") {
          try await engines.sqlite.transaction { try await $0.execute(sql) }
        }
      }
      for number in [Double.nan, -.nan] {
        for database in [engines.sqlite, engines.postgres] {
          await #expect(throws: DatabaseError.notANumber) {
            try await database.transaction { try await $0.execute("UPDATE things SET price = \(number)") }
          }
        }
      }
      #expect(await engines.answer(engines.sqlite, all, columns: 6) == before)
    }
  }

  @Test func everyFunctionAndWordThatIsNotTheSameInBothIsKnown() async throws {
    try await withDatabaseFolder { folder in
      let connection = try SQLiteConnection(path: folder.file, role: .mover)
      let functions = Set(
        try connection.own("SELECT DISTINCT lower(name) FROM pragma_function_list") { try $0.text(0) })
      let known = Vocabulary.functions.union(Vocabulary.foreignFunctions).union(["->", "->>"])
      #expect(functions.subtracting(known) == [], "SQLite has them: are they PostgreSQL's too?")
      #expect(Vocabulary.functions.subtracting(functions) == ["next_id"], "SQLite has none of them")
      #expect(Vocabulary.functions.intersection(Vocabulary.foreignFunctions) == [])
    }
    let session = try PostgresSession(
      PostgresTarget(url: try PostgresServer.shared.get().url(), database: "postgres"), statementMs: 10_000)
    let reserved = try session.rows("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')").map {
      $0[0]
    }
    #expect(Set(reserved) == Vocabulary.reserved)
    let functions = try session.rows("SELECT DISTINCT proname FROM pg_proc").map { $0[0] }
    // Those of its grammar, of operators, and of Heights' own.
    let others: Set<String> = ["coalesce", "greatest", "least", "next_id", "nullif", "trim"]
    #expect(Vocabulary.functions.subtracting(functions) == others)
  }

  @Test func anIndexThatWasMadeWithAFormerFunctionIsMadeAnew() async throws {
    try await withDatabaseFolder { folder in
      do {
        let before = try RawSQLite(folder.file)
        try before.run(
          """
          CREATE TABLE words (word TEXT NOT NULL PRIMARY KEY); INSERT INTO words VALUES ('ÉTÉ'), ('Zoo');
          CREATE INDEX words_by_case ON words (lower(word));
          """)
      }
      let database = try await folder.open()
      let found = try await database.query("SELECT word FROM words WHERE lower(word) = 'été'") {
        try $0.text(0)
      }
      #expect(found == ["ÉTÉ"])
      database.close()
      let connection = try SQLiteConnection(path: folder.file, role: .mover)
      #expect(try connection.control("PRAGMA integrity_check") == "ok")
    }
  }

  @Test func randomStatementsAreAnsweredAlike() async throws {
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    print("seed \(seed)")
    try await BothEngines.with { engines in
      var random = SplitMix(seed)
      for _ in 0..<150 {
        let sql = RandomStatement.draw(&random)
        let here = await engines.answer(engines.sqlite, sql, columns: 4)
        let there = await engines.answer(engines.postgres, sql, columns: 4)
        #expect(here == there && !here.hasPrefix("error"), "seed \(seed): \(sql)\n\(here)\n\(there)")
      }
    }
  }
}

/// Expressions of all that both engines are said to have in common.
private enum RandomStatement {
  static func draw(_ random: inout SplitMix) -> SQL {
    let order: SQL = Bool.random(using: &random) ? "" : "DESC"
    let key: SQL = Bool.random(using: &random) ? whole(&random, 2) : text(&random, 2)
    return """
      SELECT \(sql: whole(&random, 3)), \(sql: text(&random, 3)), \(sql: real(&random, 2)), \(sql: truth(&random, 2))
      FROM things WHERE \(sql: truth(&random, 3)) ORDER BY \(sql: key) \(sql: order), id
      """
  }

  private static func whole(_ random: inout SplitMix, _ depth: Int) -> SQL {
    if depth == 0 {
      let leaves: [SQL] = ["1", "7", "id", "stars", "stars", "\(Int.random(in: -9...9, using: &random))"]
      return leaves.randomElement(using: &random) ?? "1"
    }
    let (a, b) = (whole(&random, depth - 1), whole(&random, depth - 1))
    let (s, t) = (text(&random, depth - 1), text(&random, depth - 1))
    let all: [SQL] = [
      "(\(sql: a) + \(sql: b))", "(\(sql: a) - \(sql: b))", "(\(sql: a) / 2)", "(\(sql: a) % 3)",
      "abs(\(sql: a))",
      "length(\(sql: s))", "strpos(\(sql: s), \(sql: t))", "coalesce(\(sql: a), \(sql: b))",
      "nullif(\(sql: a), \(sql: b))", "greatest(\(sql: a), \(sql: b))", "least(\(sql: a), \(sql: b), 3)",
      "CASE WHEN \(sql: truth(&random, depth - 1)) THEN \(sql: a) ELSE \(sql: b) END", "(\(sql: a) & 6)",
    ]
    return all.randomElement(using: &random) ?? a
  }

  private static func text(_ random: inout SplitMix, _ depth: Int) -> SQL {
    if depth == 0 {
      let leaves: [SQL] = ["'Swift'", "name", "note", "'éa'", "\("bÄ")", "name"]
      return leaves.randomElement(using: &random) ?? "name"
    }
    let (s, t) = (text(&random, depth - 1), text(&random, depth - 1))
    let all: [SQL] = [
      "(\(sql: s) || \(sql: t))", "lower(\(sql: s))", "upper(\(sql: s))", "substr(\(sql: s), 2)",
      "substr(\(sql: s), -1, 4)", "trim(\(sql: s))", "replace(\(sql: s), 'a', 'bb')",
      "coalesce(\(sql: s), \(sql: t))", "nullif(\(sql: s), \(sql: t))", "greatest(\(sql: s), \(sql: t))",
    ]
    return all.randomElement(using: &random) ?? s
  }

  /// Fractions that every way of keeping numbers has exactly.
  private static func real(_ random: inout SplitMix, _ depth: Int) -> SQL {
    if depth == 0 {
      let leaves: [SQL] = ["price", "\(1.5)", "\(-2.5)", "price"]
      return leaves.randomElement(using: &random) ?? "price"
    }
    let (a, b) = (real(&random, depth - 1), real(&random, depth - 1))
    let all: [SQL] = [
      "(\(sql: a) + \(sql: b))", "(\(sql: a) * 0.5)", "round(CAST(\(sql: a) AS DOUBLE PRECISION))",
      "floor(\(sql: a))", "abs(\(sql: a))",
      "coalesce(\(sql: a), \(sql: b))", "(\(sql: a) - \(sql: whole(&random, depth - 1)))",
    ]
    return all.randomElement(using: &random) ?? a
  }

  private static func truth(_ random: inout SplitMix, _ depth: Int) -> SQL {
    let (a, b) = (whole(&random, max(depth - 1, 0)), whole(&random, max(depth - 1, 0)))
    let (s, t) = (text(&random, max(depth - 1, 0)), text(&random, max(depth - 1, 0)))
    var all: [SQL] = [
      "\(sql: a) < \(sql: b)", "\(sql: s) = \(sql: t)", "\(sql: s) < \(sql: t)", "\(sql: s) LIKE '%i_t%'",
      "\(sql: s) NOT LIKE 'É%'", "\(sql: a) IS NULL", "\(sql: s) IS NOT NULL", "\(sql: a) IN (1, 4, 7)",
      "\(sql: a) BETWEEN 0 AND \(sql: b)",
    ]
    if depth > 0 {
      let (one, other) = (truth(&random, depth - 1), truth(&random, depth - 1))
      all += ["(\(sql: one)) AND (\(sql: other))", "(\(sql: one)) OR (\(sql: other))", "NOT (\(sql: one))"]
    }
    return "(\(sql: all.randomElement(using: &random) ?? "1 = 1"))"
  }
}
