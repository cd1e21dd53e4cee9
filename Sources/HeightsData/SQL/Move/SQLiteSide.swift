// The SQLite end of a move: capture by triggers, rows in key order, rows that were touched.

import CSQLite

/// A connection to the file of a database that is moved. Used by one thread at a time.
final class SQLiteSide {
  let connection: SQLiteConnection

  init(path: String) throws { connection = try SQLiteConnection(path: path, role: .mover) }

  // MARK: Statements

  func statement(_ text: String, _ values: [SQLValue] = []) throws -> Statement {
    let statement = try Statement(text, on: connection.handle)
    try statement.bind(values.map { .value($0) })
    return statement
  }

  func run(_ text: String, _ values: [SQLValue] = []) throws {
    let statement = try statement(text, values)
    while try statement.step() {}
  }

  func rows<T>(_ text: String, _ values: [SQLValue] = [], _ decode: (Row) throws -> T) throws -> [T] {
    let statement = try statement(text, values)
    var rows: [T] = []
    while try statement.step() { rows.append(try decode(Row(statement))) }
    return rows
  }

  /// Runs `body` in a transaction that writes.
  func transaction<T>(until deadline: Deadline, _ body: () throws -> T) throws -> T {
    try SQLiteConnection.retryWhileBusy(until: deadline) { try run("BEGIN IMMEDIATE") }
    return try ended(body)
  }

  /// Runs `body` where all reads see the database as it is at the first of them. One inside another is the same.
  func snapshot<T>(_ body: () throws -> T) throws -> T {
    guard connection.isAutocommit else { return try body() }
    try run("BEGIN")
    return try ended(body)
  }

  private func ended<T>(_ body: () throws -> T) throws -> T {
    do {
      let value = try body()
      try run("COMMIT")
      return value
    } catch {
      // The error to report is the first one.
      if !connection.isAutocommit { _ = try? run("ROLLBACK") }
      throw error
    }
  }

  func rowCount(of table: String) throws -> Int {
    try rows("SELECT count(*) FROM \(MoveTable.quote(table))") { Int(try $0.int(0)) }[0]
  }

  // MARK: Capture

  /// The move that captures here; nil when none does.
  func moveID() throws -> String? {
    let made = try rows("SELECT sql FROM sqlite_schema WHERE name = 'heights_move'") { try $0.text(0) }
    guard made == [Self.createMove] else { return nil }
    return try rows("SELECT id FROM heights_move") { try $0.text(0) }.first
  }

  func has(_ table: String) throws -> Bool {
    try !rows("SELECT 1 FROM sqlite_schema WHERE name = ?1", [.text(table)]) { try $0.int(0) }.isEmpty
  }

  /// From now on the key of each row that is written is noted in the same transaction: a crash forgets none.
  func installCapture(_ tables: [MoveTable], moveID: String, until deadline: Deadline) throws {
    try transaction(until: deadline) {
      try run("DROP TABLE IF EXISTS heights_move")
      try run(Self.createMove)
      try run("INSERT INTO heights_move VALUES (?1)", [.text(moveID)])
      for table in tables { try installCapture(table) }
    }
  }

  private func installCapture(_ table: MoveTable) throws {
    try run(
      "CREATE TABLE IF NOT EXISTS \(table.touched) (heights_seq INTEGER PRIMARY KEY AUTOINCREMENT, \(table.keyList))"
    )
    for (event, rows) in [("INSERT", ["NEW"]), ("UPDATE", ["OLD", "NEW"]), ("DELETE", ["OLD"])] {
      let inserts = rows.map { row in
        let key = table.keyNames.map { "\(row).\($0)" }.joined(separator: ", ")
        return "INSERT INTO \(table.touched) (\(table.keyList)) VALUES (\(key));"
      }
      try run(
        "CREATE TRIGGER IF NOT EXISTS \(Self.trigger(event, table)) AFTER \(event) ON \(table.quotedName) BEGIN \(inserts.joined(separator: " ")) END"
      )
    }
  }

  /// Also of tables that are not there any more.
  /// - Parameter isBack: whether the database stays in this file.
  func removeCapture(isBack: Bool, until deadline: Deadline) throws {
    try transaction(until: deadline) {
      for type in ["trigger", "table"] {
        let names = try rows(
          "SELECT name FROM sqlite_schema WHERE type = ?1 AND name LIKE 'heights\\_touch%' ESCAPE '\\'",
          [.text(type)]
        ) { try $0.text(0) }
        for name in names { try run("DROP \(type) \(MoveTable.quote(name))") }
      }
      try run("DROP TABLE IF EXISTS heights_move")
      if isBack { try run("DROP TABLE IF EXISTS heights_moved") }
    }
  }

  private static func trigger(_ event: String, _ table: MoveTable) -> String {
    MoveTable.quote("heights_touch_\(event.lowercased())_\(table.name)")
  }

  /// Notes keys as if their rows had been written.
  func touch(_ keys: [[SQLValue]], _ table: MoveTable, until deadline: Deadline) throws {
    let places = Self.places(table.key.count)
    try transaction(until: deadline) {
      for key in keys {
        try run("INSERT INTO \(table.touched) (\(table.keyList)) VALUES (\(places))", key)
      }
    }
  }

  /// How many keys are noted.
  func touchedCount(_ tables: [MoveTable]) throws -> Int {
    try tables.reduce(0) { $0 + (try rows("SELECT count(*) FROM \($1.touched)") { Int(try $0.int(0)) }[0]) }
  }

  /// A table, and the number of its last key that is noted.
  typealias Mark = (table: MoveTable, last: Int64)

  /// Of the tables that have any.
  func marks(_ tables: [MoveTable]) throws -> [Mark] {
    try tables.compactMap { table in
      let last = try rows("SELECT max(heights_seq) FROM \(table.touched)") { row in
        try row.isNull(0) ? nil : try row.int(0)
      }[0]
      return last.map { (table, $0) }
    }
  }

  /// Forgets the keys up to the marks.
  func forget(_ marks: [Mark], until deadline: Deadline) throws {
    if marks.isEmpty { return }
    try transaction(until: deadline) {
      for (table, last) in marks {
        try run("DELETE FROM \(table.touched) WHERE heights_seq <= ?1", [.integer(last)])
      }
    }
  }

  // MARK: Rows

  /// Rows that were read together.
  struct Chunk {
    var count = 0
    var bytes = 0
    /// The key of the last; nil at the end.
    var lastKey: [SQLValue]?
  }

  /// As much is put at once as a socket takes: the server is at work with it while more is read.
  private static let pieceBytes = 64 << 10

  /// Puts rows behind a key, in the key's order, as COPY takes them: `limit`, fewer where they fill `limitBytes` or end.
  func copyRows(
    of table: MoveTable, after key: [SQLValue]?, limit: Int, limitBytes: Int,
    _ put: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Chunk {
    let statement = try rows(of: table, after: key, limit: limit)
    var (chunk, text) = (Chunk(), CopyText())
    while try statement.step() {
      try Self.append(statement, of: table, to: &text)
      chunk.count += 1
      if chunk.count == limit || chunk.bytes + text.bytes.count >= limitBytes {
        chunk.lastKey = try table.key.map { try Self.value(statement, $0) }
        break
      }
      if text.bytes.count >= Self.pieceBytes {
        try text.bytes.withUnsafeBytes(put)
        chunk.bytes += text.bytes.count
        text.removeAll()
      }
    }
    try text.bytes.withUnsafeBytes(put)
    chunk.bytes += text.bytes.count
    return chunk
  }

  func rows(
    of table: MoveTable, after key: [SQLValue]?, limit: Int, compared: Bool = false
  ) throws -> Statement {
    let behind = key.map { " WHERE (\(table.keyList)) > (\(Self.places($0.count)))" } ?? ""
    return try statement(
      "SELECT \(compared ? table.comparedList : table.columnList) FROM \(table.quotedName)\(behind) ORDER BY \(table.keyList) LIMIT \(limit)",
      key ?? [])
  }

  /// `?1, ?2`: for so many values.
  private static func places(_ count: Int) -> String {
    (1...count).map { "?\($0)" }.joined(separator: ", ")
  }

  /// The rows behind a key one by one, each with its own.
  func eachRow(
    of table: MoveTable, after key: [SQLValue]?, limit: Int, _ take: ([SQLValue], CopyText) throws -> Void
  ) throws {
    try Self.each(try rows(of: table, after: key, limit: limit), table, take)
  }

  /// The rows whose keys are noted up to a number one by one, each with its key.
  func eachTouchedRow(
    _ table: MoveTable, upTo last: Int64, _ take: ([SQLValue], CopyText) throws -> Void
  ) throws {
    try Self.each(try touchedRows(table, upTo: last, compared: false), table, take)
  }

  private static func each(
    _ statement: Statement, _ table: MoveTable, _ take: ([SQLValue], CopyText) throws -> Void
  ) throws {
    var text = CopyText()
    while try statement.step() {
      text.removeAll()
      try append(statement, of: table, to: &text)
      try take(try table.key.map { try value(statement, $0) }, text)
    }
  }

  /// The keys that are noted up to a number, each once, as COPY takes them.
  func touchedKeys(
    _ table: MoveTable, upTo last: Int64, _ take: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let statement = try statement(
      "SELECT DISTINCT \(table.keyList) FROM \(table.touched) WHERE heights_seq <= ?1", [.integer(last)])
    let columns = table.key.map { table.columns[$0] }
    var text = CopyText()
    while try statement.step() {
      text.removeAll()
      // What PostgreSQL can't hold is not there either; a row that has such a key is refused when it is read.
      guard (try? text.append(rowOf: statement, columns)) != nil else { continue }
      try text.bytes.withUnsafeBytes(take)
    }
  }

  /// The rows whose keys are noted up to a number, as COPY takes them, or as they are compared.
  func touchedRows(
    _ table: MoveTable, upTo last: Int64, compared: Bool, _ take: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try Self.each(try touchedRows(table, upTo: last, compared: compared), table, compared: compared, take)
  }

  func touchedRows(_ table: MoveTable, upTo last: Int64, compared: Bool) throws -> Statement {
    try statement(
      """
      SELECT \(compared ? table.comparedList : table.columnList) FROM \(table.quotedName)
      WHERE (\(table.keyList)) IN (SELECT \(table.keyList) FROM \(table.touched) WHERE heights_seq <= ?1)
      """, [.integer(last)])
  }

  /// No row is found by a key that is NULL, so one that is there is looked for.
  /// - Throws: `MoveError` when such a row was written.
  func refuseTouchedNulls(_ table: MoveTable, upTo last: Int64) throws {
    let isNull = table.keyNames.map { "\($0) IS NULL" }.joined(separator: " OR ")
    let touched = try rows(
      "SELECT 1 FROM \(table.touched) WHERE heights_seq <= ?1 AND (\(isNull)) LIMIT 1", [.integer(last)]
    ) { try $0.int(0) }
    if touched.isEmpty { return }
    let statement = try statement(
      "SELECT \(table.columnList) FROM \(table.quotedName) WHERE \(isNull) LIMIT 1")
    try Self.each(statement, table, compared: false) { _ in }
  }

  /// Of all rows of a table.
  func digest(_ table: MoveTable) throws -> RowDigest {
    var digest = RowDigest()
    let statement = try statement("SELECT \(table.comparedList) FROM \(table.quotedName)")
    try Self.each(statement, table, compared: true) { digest.add($0) }
    return digest
  }

  private static func each(
    _ statement: Statement, _ table: MoveTable, compared: Bool,
    _ take: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var text = CopyText()
    while try statement.step() {
      text.removeAll()
      try append(statement, of: table, to: &text, compared: compared)
      try text.bytes.withUnsafeBytes(take)
    }
  }

  /// Adds the row that a statement stands at.
  /// - Throws: `MoveError` with table, key and column of a value that PostgreSQL would not hold as it is.
  static func append(
    _ statement: Statement, of table: MoveTable, to text: inout CopyText, compared: Bool = false
  ) throws {
    do {
      try text.append(
        rowOf: statement, compared ? table.columns + table.generated : table.columns, realsAsBits: compared)
    } catch {
      throw MoveError(
        table: table.name, key: try table.key.map { try value(statement, $0) }, column: error.column.name,
        error.reason)
    }
  }

  static func value(_ statement: Statement, _ column: Int) throws -> SQLValue {
    let row = Row(statement)
    switch sqlite3_column_type(statement.handle, Int32(column)) {
    case SQLITE_INTEGER: return .integer(try row.int(column))
    case SQLITE_FLOAT: return .real(try row.double(column))
    case SQLITE_TEXT: return .text(try row.text(column))
    case SQLITE_BLOB: return .blob(try row.blob(column))
    default: return .null
    }
  }

  // MARK: The way back

  func remove(_ table: MoveTable, keys: [[SQLValue]]) throws {
    let condition = table.keyNames.enumerated().map { "\($1) = ?\($0 + 1)" }.joined(separator: " AND ")
    for key in keys { try run("DELETE FROM \(table.quotedName) WHERE \(condition)", key) }
  }

  func insert(into table: MoveTable, _ rows: [[SQLValue]]) throws {
    let places = Self.places(table.columns.count)
    for row in rows {
      try run("INSERT INTO \(table.quotedName) (\(table.columnList)) VALUES (\(places))", row)
    }
  }

  // MARK: Identifiers

  /// The latest millisecond that an identifier was made in, counted from `Identifier.epochMs`; 0 for none.
  func highWaterMs() throws -> Int64 {
    try rows("SELECT high_water_ms FROM heights_identifiers") { try $0.int(0) }.first ?? 0
  }

  /// No identifier up to that millisecond is made here any more.
  func raiseHighWater(toMs ms: Int64) throws {
    try run(
      """
      INSERT INTO heights_identifiers VALUES (1, ?1)
      ON CONFLICT DO UPDATE SET high_water_ms = max(high_water_ms, excluded.high_water_ms)
      """, [.integer(ms)])
  }
}
