// What of a database can't be moved, seen before a row is copied.

extension DatabaseMove {
  /// The tables of both, which are the same.
  /// - Throws: `MoveError` for what differs, or would go wrong in PostgreSQL later.
  func checkedTables(_ source: SQLiteSide, _ target: PostgresSide) throws -> [MoveTable] {
    let there = try target.schema()
    let here = try source.tables()
    try MoveSchema.check(here, there)
    for table in here { try checkDefaults(table, there, source, target) }
    return try there.map { try $0.moved }
  }

  private static let null = Array("\\N\n".utf8)

  /// A row that does not name a column gets the same value for it on both sides.
  private func checkDefaults(
    _ table: SQLiteTable, _ there: [PostgresTable], _ source: SQLiteSide, _ target: PostgresSide
  ) throws {
    for (column, other) in MoveSchema.columnsWithDefault(table, there) {
      // None is NULL: PostgreSQL forgets a default that says so.
      let here =
        try column.fallback.map { try source.value(ofDefault: $0, column, other.column) } ?? Self.null
      let there = try other.fallback.map { try target.value(ofDefault: $0, other.column) } ?? Self.null
      if here == there { continue }
      let shown = [here, there].map {
        $0 == Self.null ? "nothing" : String(decoding: $0.dropLast(), as: UTF8.self)
      }
      throw MoveError(
        "table \(table.name), column \(column.name): its default gives \(shown[0]) in SQLite and \(shown[1]) in PostgreSQL; take it away with a migration, and name the value in each insert"
      )
    }
  }

  /// Databases that every server has.
  private static let taken = ["postgres", "template0", "template1"]

  func checkName() throws {
    if Self.taken.contains(name) {
      throw MoveError(
        "every PostgreSQL server has a database \(name) of its own; name the app's otherwise, and its file")
    }
    if name.utf8.count > MoveTable.nameLimitBytes {
      throw MoveError(
        "its name is longer than \(MoveTable.nameLimitBytes) bytes, where PostgreSQL cuts it; name it otherwise, and its file"
      )
    }
  }
}
