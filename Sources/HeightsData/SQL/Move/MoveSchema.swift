// The schemas of both engines side by side: what differs, or would go wrong later, is refused before anything is copied.

/// A table as SQLite has it.
struct SQLiteTable {
  struct Column {
    let name: String
    /// From 1, in the primary key; 0 outside of it.
    let keyPlace: Int
    let isGenerated: Bool
    /// As it was declared.
    let type: String
    /// The expression of its default; nil for none.
    let fallback: String?
  }

  let name: String
  let columns: [Column]
  /// Whether a row that names no key is given one: an `INTEGER PRIMARY KEY` is.
  let numbersRows: Bool
}

/// A table as PostgreSQL has it.
struct PostgresTable {
  struct Column {
    let column: MoveTable.Column
    let isGenerated: Bool
    /// The expression of its default; nil for none.
    let fallback: String?
  }

  let name: String
  let columns: [Column]
  /// Places among `columns`.
  let key: [Int]

  /// What is moved of it.
  var moved: MoveTable {
    get throws {
      let stored = columns.indices.filter { !columns[$0].isGenerated }
      return try MoveTable(
        name: name, columns: stored.map { columns[$0].column },
        generated: columns.filter(\.isGenerated).map(\.column),
        key: key.compactMap { place in stored.firstIndex(of: place) })
    }
  }
}

/// What an engine takes for the same name: letters count without case, and only those of ASCII. Swift would take two
/// texts for the same which differ in bytes.
private struct FoldedName: Hashable {
  let bytes: [UInt8]

  init(_ name: String) { bytes = name.utf8.map { (65...90).contains($0) ? $0 | 32 : $0 } }
}

enum MoveSchema {
  /// - Throws: `MoveError` for what is not the same in both, with what to do.
  static func check(_ here: [SQLiteTable], _ there: [PostgresTable]) throws {
    for table in here { try checkName(table.name, of: "table") }
    let known = Dictionary(there.map { (FoldedName($0.name), $0) }) { first, _ in first }
    for table in here {
      guard let other = known[FoldedName(table.name)] else {
        throw MoveError("table \(table.name) is in SQLite only; \(Self.useMigrations)")
      }
      try check(table, other)
    }
    let names = Set(here.map { FoldedName($0.name) })
    if let extra = there.first(where: { !names.contains(FoldedName($0.name)) }) {
      throw MoveError("table \(extra.name) is in PostgreSQL only; \(Self.useMigrations)")
    }
  }

  private static let useMigrations =
    "tables are made, changed and removed by migrations alone, which run on both"

  private static func checkName(_ name: String, of what: String) throws {
    if FoldedName(name).bytes.starts(with: MoveTable.ownPrefix.utf8) {
      throw MoveError(
        "\(what) \(name): names that begin with \(MoveTable.ownPrefix) are Heights' own; rename it with a migration"
      )
    }
    if name.utf8.count > MoveTable.nameLimitBytes {
      throw MoveError(
        "\(what) \(name): the name is longer than \(MoveTable.nameLimitBytes) bytes, where PostgreSQL cuts it; rename it with a migration"
      )
    }
  }

  private static func check(_ here: SQLiteTable, _ there: PostgresTable) throws {
    for column in here.columns { try checkName(column.name, of: "table \(here.name), column") }
    let known = Dictionary(there.columns.map { (FoldedName($0.column.name), $0) }) { first, _ in first }
    for column in here.columns {
      guard let other = known[FoldedName(column.name)] else {
        throw MoveError("table \(here.name), column \(column.name) is in SQLite only; \(useMigrations)")
      }
      if column.isGenerated != other.isGenerated {
        throw MoveError(
          "table \(here.name), column \(column.name) is computed in one engine only; \(useMigrations)")
      }
    }
    let names = Set(here.columns.map { FoldedName($0.name) })
    if let extra = there.columns.first(where: { !names.contains(FoldedName($0.column.name)) }) {
      throw MoveError(
        "table \(here.name), column \(extra.column.name) is in PostgreSQL only; \(useMigrations)")
    }
    try checkKey(here, there)
  }

  /// The columns of a table that have a default somewhere.
  static func columnsWithDefault(
    _ here: SQLiteTable, _ there: [PostgresTable]
  ) -> [(here: SQLiteTable.Column, there: PostgresTable.Column)] {
    let table = there.first { FoldedName($0.name) == FoldedName(here.name) }
    return here.columns.compactMap { column in
      guard
        let other = table?.columns.first(where: { FoldedName($0.column.name) == FoldedName(column.name) }),
        column.fallback != nil || other.fallback != nil
      else { return nil }
      return (column, other)
    }
  }

  private static func checkKey(_ here: SQLiteTable, _ there: PostgresTable) throws {
    let key = here.columns.filter { $0.keyPlace > 0 }.sorted { $0.keyPlace < $1.keyPlace }.map(\.name)
    let other = there.key.map { there.columns[$0].column.name }
    guard key.map(FoldedName.init) == other.map(FoldedName.init) else {
      throw MoveError(
        "table \(here.name): its primary key is (\(key.joined(separator: ", "))) in SQLite and (\(other.joined(separator: ", "))) in PostgreSQL; \(useMigrations)"
      )
    }
    if here.numbersRows {
      throw MoveError(
        """
        table \(here.name), column \(key[0]): SQLite numbers the rows of an INTEGER PRIMARY KEY by itself, PostgreSQL \
        does not, and every insert without \(key[0]) would fail there; make it BIGINT with a migration, and insert \
        next_id(shard)
        """)
    }
  }
}

// MARK: Read from SQLite

extension SQLiteSide {
  /// Tables that Heights keeps, by the statements that make them: an app may have chosen the same name.
  private func isOwn(_ name: String, _ sql: String) -> Bool {
    switch name {
    case "heights_migrations", "heights_identifiers": true
    case "heights_move": sql == Self.createMove
    case "heights_moved": sql == Tombstone.createTable
    default:
      sql.hasPrefix("CREATE TABLE \(MoveTable.quote(name)) (heights_seq INTEGER PRIMARY KEY AUTOINCREMENT,")
    }
  }

  static let createMove = "CREATE TABLE heights_move (id TEXT NOT NULL)"

  /// The app's tables.
  func tables() throws -> [SQLiteTable] {
    let tables = try rows(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ) { (name: try $0.text(0), sql: try $0.text(1)) }
    return try tables.filter { !isOwn($0.name, $0.sql) }.map { try table($0.name) }
  }

  private func table(_ name: String) throws -> SQLiteTable {
    // Hidden are 2 and 3 for what is computed; 1 for what a virtual table hides.
    let columns = try rows(
      "SELECT name, pk, hidden, type, dflt_value FROM pragma_table_xinfo(?1) ORDER BY cid", [.text(name)]
    ) {
      SQLiteTable.Column(
        name: try $0.text(0), keyPlace: Int(try $0.int(1)), isGenerated: try $0.int(2) > 1,
        type: try $0.text(3), fallback: try $0.isNull(4) ? nil : try $0.text(4))
    }
    // The key that is the row's number is the only one without an index of its own.
    let indexes = try rows(
      "SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'", [.text(name)]
    ) { try $0.int(0) }
    let hasKey = columns.contains { $0.keyPlace > 0 }
    return SQLiteTable(name: name, columns: columns, numbersRows: hasKey && indexes.isEmpty)
  }
}

// MARK: Read from PostgreSQL

extension PostgresSide {
  /// The app's tables, in the order of their names.
  func schema() throws -> [PostgresTable] {
    let tables = try session.rows(
      """
      SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p')
      AND relnamespace = current_schema()::regnamespace ORDER BY relname
      """)
    let columns = try session.rows(
      """
      SELECT c.oid, a.attnum, a.attname, format_type(a.atttypid, NULL), a.atttypmod, a.attnotnull,
        a.attgenerated <> '', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace ORDER BY a.attnum
      """)
    let keys = try session.rows(
      """
      SELECT i.indrelid, k.number FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (number, place)
      WHERE i.indisprimary AND c.relnamespace = current_schema()::regnamespace ORDER BY k.place
      """)
    return try tables.filter { !$0[1].hasPrefix(MoveTable.ownPrefix) }.map { table in
      let own = columns.filter { $0[0] == table[0] }
      return PostgresTable(
        name: table[1], columns: try own.map { try Self.column($0, of: table[1]) },
        key: keys.filter { $0[0] == table[0] }.compactMap { key in own.firstIndex { $0[1] == key[1] } })
    }
  }

  private static func column(_ row: [String], of table: String) throws -> PostgresTable.Column {
    let (name, type) = (row[2], row[3])
    // The number that a type is declared with has four added.
    let limit = Int(row[4]).flatMap { $0 < 0 ? nil : $0 - 4 }
    guard let kind = kind(type, limit) else {
      throw MoveError(
        "table \(table), column \(name) is of type \(type): expected BIGINT, TEXT, BYTEA or DOUBLE PRECISION, which both engines have; change it with a migration"
      )
    }
    let shown = type + (limit.map { "(\($0))" } ?? "")
    return PostgresTable.Column(
      column: MoveTable.Column(name: name, kind: kind, isRequired: row[5] == "t", type: shown),
      isGenerated: row[6] == "t", fallback: row[7].isEmpty ? nil : row[7])
  }

  private static func kind(_ type: String, _ limit: Int?) -> MoveTable.Kind? {
    switch type {
    case "bigint": .integer(bytes: 8)
    case "integer": .integer(bytes: 4)
    case "smallint": .integer(bytes: 2)
    case "text", "character varying": .text(limit: limit)
    case "bytea": .blob
    case "double precision": .real
    default: nil
    }
  }
}

// MARK: Defaults

extension SQLiteSide {
  /// What a default gives in a column of its type, as COPY has it.
  func value(
    ofDefault expression: String, _ column: SQLiteTable.Column, _ other: MoveTable.Column
  ) throws -> [UInt8] {
    let table = "temp.heights_default"
    try run("CREATE TABLE \(table) (value \(column.type) DEFAULT (\(expression)))")
    defer { _ = try? run("DROP TABLE \(table)") }
    try run("INSERT INTO \(table) DEFAULT VALUES")
    let statement = try statement("SELECT value FROM \(table)")
    var text = CopyText()
    guard try statement.step() else { return [] }
    do {
      try text.append(
        rowOf: statement, [MoveTable.Column(name: column.name, kind: other.kind, type: other.type)],
        realsAsBits: true)
    } catch { throw MoveError("column \(column.name): its default can't be: \(error.reason)") }
    return text.bytes
  }
}
