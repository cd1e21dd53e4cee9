// A row of a result, read column by column. Nothing is converted silently.

import CSQLite

/// One row of a result. Valid only inside the closure that it was given to; columns count from 0.
///
/// Each accessor throws `DatabaseError.invalid`, naming the column, when the value is NULL or of another type.
public struct Row {
  private let statement: Statement
  private let generation: Int

  init(_ statement: Statement) {
    self.statement = statement
    generation = statement.generation
  }

  public func int(_ column: Int) throws -> Int64 {
    try require(column, SQLITE_INTEGER, "int")
    return sqlite3_column_int64(statement.handle, Int32(column))
  }

  /// Whole numbers count as doubles too.
  public func double(_ column: Int) throws -> Double {
    if try type(column) != SQLITE_INTEGER { try require(column, SQLITE_FLOAT, "double") }
    return sqlite3_column_double(statement.handle, Int32(column))
  }

  public func text(_ column: Int) throws -> String {
    try require(column, SQLITE_TEXT, "text")
    guard let start = sqlite3_column_text(statement.handle, Int32(column)) else { return "" }
    let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  public func blob(_ column: Int) throws -> [UInt8] {
    try require(column, SQLITE_BLOB, "blob")
    guard let start = sqlite3_column_blob(statement.handle, Int32(column)) else { return [] }
    let count = Int(sqlite3_column_bytes(statement.handle, Int32(column)))
    return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  /// An integer that is 0 or 1.
  public func bool(_ column: Int) throws -> Bool {
    switch try int(column) {
    case 0: return false
    case 1: return true
    case let other: throw mismatch(column, "is \(other), which is neither 0 nor 1")
    }
  }

  public func identifier(_ column: Int) throws -> Identifier {
    let value = try int(column)
    guard let identifier = Identifier(value) else {
      throw mismatch(column, "is \(value), which is no identifier")
    }
    return identifier
  }

  public func shard(_ column: Int) throws -> Shard {
    let value = try int(column)
    guard let shard = Shard(Int(value)) else {
      throw mismatch(column, "is \(value), which is no shard (0 to \(Shard.count - 1))")
    }
    return shard
  }

  public func optionalInt(_ column: Int) throws -> Int64? { try isNull(column) ? nil : int(column) }
  public func optionalDouble(_ column: Int) throws -> Double? { try isNull(column) ? nil : double(column) }
  public func optionalText(_ column: Int) throws -> String? { try isNull(column) ? nil : text(column) }
  public func optionalBlob(_ column: Int) throws -> [UInt8]? { try isNull(column) ? nil : blob(column) }
  public func optionalBool(_ column: Int) throws -> Bool? { try isNull(column) ? nil : bool(column) }
  public func optionalIdentifier(_ column: Int) throws -> Identifier? {
    try isNull(column) ? nil : identifier(column)
  }

  public func isNull(_ column: Int) throws -> Bool { try type(column) == SQLITE_NULL }

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

  private func mismatch(_ column: Int, _ message: String) -> DatabaseError {
    let name = sqlite3_column_name(statement.handle, Int32(column)).map { String(cString: $0) } ?? ""
    return statement.invalid("column \(column) (\(name)) \(message)")
  }
}

@available(*, unavailable)
extension Row: Sendable {}
