// What would fail later is tried beforehand, in transactions that are rolled back.

extension PostgresSide {
  /// Runs `body`, and leaves nothing of what it did.
  private func rehearsal<T>(_ body: () throws -> T) throws -> T {
    try session.run("BEGIN")
    defer { _ = try? session.run("ROLLBACK") }
    return try body()
  }

  // MARK: Rights

  /// - Throws: `MoveError` when the database is somebody else's.
  func checkRights(_ database: String) throws {
    let row = try session.rows(
      """
      SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), pg_get_userbyid(datdba), current_user
      FROM pg_database WHERE datname = current_database()
      """)[0]
    if row[0] == "t" { return }
    throw MoveError(
      "the server has a database \(database) already, it belongs to \(row[1]), and \(row[2]) may make no tables in it; name the app's database otherwise"
    )
  }

  // MARK: Rows

  /// Adds rows one by one, to find the one that is refused. The caller's transaction does not go on after it.
  func addEach(
    of table: MoveTable, _ rows: (_ add: ([SQLValue], CopyText) throws -> Void) throws -> Void
  ) throws {
    try rows { key, text in
      try named(table, key) {
        try insert(into: table) { put in try text.bytes.withUnsafeBytes(put) }
      }
    }
  }

  /// Tells what PostgreSQL refuses with the row that it refused.
  func named<T>(_ table: MoveTable, _ key: [SQLValue], _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError {
      guard let reason = error.refusal else { throw error }
      throw MoveError(
        "table \(table.name), row \(MoveKey.shown(key)): PostgreSQL does not take it: \(reason); change the row, or the schema with a migration"
      )
    }
  }

  /// The rows of some keys, as they are compared.
  func comparedRows(
    _ table: MoveTable, keys: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> [[UInt8]] {
    var rows: [[UInt8]] = []
    try rehearsal {
      try putKeys(of: table, keys)
      try copyOut(table, where: Self.isPut(table)) { rows.append([UInt8]($0)) }
    }
    return rows
  }

  // MARK: Foreign keys

  /// Sees whether every foreign key holds. All rows have to be here, as they were at one moment.
  /// - Throws: `MoveError` with the first row that points nowhere.
  func tryForeignKeys(_ tables: [MoveTable]) throws {
    try rehearsal {
      try restoreForeignKeys()
      for reference in try references() {
        guard let table = tables.first(where: { $0.name.utf8.elementsEqual(reference.table.utf8) }) else {
          continue
        }
        if let key = try firstOrphan(table, reference) {
          throw MoveError(
            "table \(table.name), row (\(key)), column \(reference.columns): it points to a row that table \(reference.parent) does not have; remove it, or add what it points to"
          )
        }
      }
      try checkForeignKeys()
    }
  }

  private struct Reference {
    let table: String
    let parent: String
    let columns: String
    /// `c.x = p.y AND …`
    let match: String
    /// `c.x IS NOT NULL AND …`
    let isSet: String
  }

  private func references() throws -> [Reference] {
    try session.rows(
      """
      SELECT c.relname, p.relname, string_agg(a.attname, ', ' ORDER BY k.place),
        string_agg(format('c.%I = p.%I', a.attname, b.attname), ' AND '),
        string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ')
      FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
      CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY k (own, other, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.own
      JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = k.other
      WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace
      GROUP BY f.oid, c.relname, p.relname
      """
    ).map { Reference(table: $0[0], parent: $0[1], columns: $0[2], match: $0[3], isSet: $0[4]) }
  }

  /// The key of a row that points nowhere, as text.
  private func firstOrphan(_ table: MoveTable, _ reference: Reference) throws -> String? {
    let key = table.keyNames.map { "c.\($0)" }.joined(separator: ", ")
    return try session.rows(
      """
      SELECT \(key) FROM \(table.quotedName) c WHERE \(reference.isSet) AND NOT EXISTS
      (SELECT FROM \(MoveTable.quote(reference.parent)) p WHERE \(reference.match)) LIMIT 1
      """
    ).first?.joined(separator: ", ")
  }

  // MARK: Defaults

  /// What a default gives, as COPY has it.
  func value(ofDefault expression: String, _ column: MoveTable.Column) throws -> [UInt8] {
    let type =
      switch column.kind {
      case .integer(let size): size == 8 ? "bigint" : size == 4 ? "integer" : "smallint"
      case .real: "double precision"
      case .text: "text"
      case .blob: "bytea"
      }
    let value = "(\(expression))::\(type)"
    var bytes: [UInt8] = []
    try rehearsal {
      try session.copyOut(
        "COPY (SELECT \(column.kind == .real ? "encode(float8send(\(value)), 'hex')" : value)) TO STDOUT"
      ) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}

extension DatabaseError {
  /// Why a row was refused; nil when that has nothing to do with the row.
  fileprivate var refusal: String? {
    switch self {
    case .conflict(let constraint): "\(constraint) forbids it"
    case .invalid(_, let message), .unknown(_, let message): message
    case .zeroInText, .notANumber: description
    case .readOnly, .gone, .timeout, .contended, .tooMany, .full, .corrupt: nil
    }
  }

  /// Whether looking for the row that was refused may find one.
  var isOfARow: Bool { refusal != nil }
}
