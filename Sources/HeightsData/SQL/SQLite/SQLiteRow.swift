// A row of a result of SQLite.

import CSQLite

struct SQLiteRow {
  private let statement: Statement
  private let generation: Int

  init(_ statement: Statement) {
    self.statement = statement
    generation = statement.generation
  }

  func int(_ column: Int) throws -> Int64 {
    try require(column, SQLITE_INTEGER, "int")
    return sqlite3_column_int64(statement.handle, Int32(column))
  }

  /// Whole numbers count as doubles too.
  func double(_ column: Int) throws -> Double {
    if try type(column) != SQLITE_INTEGER { try require(column, SQLITE_FLOAT, "double") }
    return sqlite3_column_double(statement.handle, Int32(column))
  }

  func text(_ column: Int) throws -> String {
    try require(column, SQLITE_TEXT, "text")
    guard let start = sqlite3_column_text(statement.handle, Int32(column)) else { return "" }
    let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  func blob(_ column: Int) throws -> [UInt8] {
    try require(column, SQLITE_BLOB, "blob")
    guard let start = sqlite3_column_blob(statement.handle, Int32(column)) else { return [] }
    let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
    return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  func isNull(_ column: Int) throws -> Bool { try type(column) == SQLITE_NULL }

  private func type(_ column: Int) throws -> Int32 {
    guard generation == statement.generation else {
      throw statement.invalid("this row was used after the closure that it was given to")
    }
    guard column >= 0, column < statement.columnCount else {
      throw statement.invalid("there is no column \(column): the result has \(statement.columnCount), from 0")
    }
    return sqlite3_column_type(statement.handle, Int32(column))
  }

  private func require(_ column: Int, _ wanted: Int32, _ name: String) throws {
    let found = try type(column)
    if found == wanted { return }
    throw mismatch(column, "is \(Self.names[found] ?? "unknown"), and `\(name)` was asked for")
  }

  private static let names = [
    SQLITE_INTEGER: "an integer", SQLITE_FLOAT: "a double", SQLITE_TEXT: "text", SQLITE_BLOB: "a blob",
    SQLITE_NULL: "NULL",
  ]

  func mismatch(_ column: Int, _ message: String) -> DatabaseError {
    let name = sqlite3_column_name(statement.handle, Int32(column)).map { String(cString: $0) } ?? ""
    return statement.invalid("column \(column) (\(name)) \(message)")
  }
}
