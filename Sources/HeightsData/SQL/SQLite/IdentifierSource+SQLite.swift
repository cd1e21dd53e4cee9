// `next_id(shard)`: the SQL function that mints identifiers, and the table that remembers the high-water mark.

import CSQLite

extension IdentifierSource {
  static let createTable: SQL = """
    CREATE TABLE IF NOT EXISTS heights_identifiers (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1), high_water_ms INTEGER NOT NULL) STRICT
    """

  /// Registers the function. The source must outlive the connection.
  func register(on connection: SQLiteConnection) throws {
    let code = sqlite3_create_function_v2(
      connection.handle, "next_id", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
      Unmanaged.passUnretained(self).toOpaque(),
      { context, _, arguments in
        guard let source = sqlite3_user_data(context) else { return }
        Unmanaged<IdentifierSource>.fromOpaque(source).takeUnretainedValue().answer(context, arguments?[0])
      }, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteConnection.error(connection.handle, code, "next_id") }
  }

  private func answer(_ context: OpaquePointer?, _ argument: OpaquePointer?) {
    guard sqlite3_value_type(argument) == SQLITE_INTEGER,
      let shard = Shard(Int(sqlite3_value_int64(argument)))
    else {
      return sqlite3_result_error(context, "next_id(shard): expected an integer from 0 to 4095", -1)
    }
    guard let identifier = next(shard) else {
      return sqlite3_result_error(context, "next_id(shard): the clock is beyond the range of identifiers", -1)
    }
    sqlite3_result_int64(context, identifier.value)
  }

  /// Call at the start of each batch, inside its transaction.
  func load(from connection: SQLiteConnection) throws {
    let stored = try connection.first("SELECT high_water_ms FROM heights_identifiers") { try $0.int(0) }
    begin(storedMs: stored ?? 0)
  }

  /// Call right before the commit of each batch.
  func store(in connection: SQLiteConnection) throws {
    guard let mark = markToStore else { return }
    _ = try connection.execute(
      """
      INSERT INTO heights_identifiers (only_row, high_water_ms) VALUES (1, \(mark))
      ON CONFLICT (only_row) DO UPDATE SET high_water_ms = excluded.high_water_ms
      """)
  }
}
