// A row of a result, read column by column. Nothing is converted silently.

/// One row of a result. Valid only inside the closure that it was given to; columns count from 0.
///
/// Each accessor throws `DatabaseError.invalid`, naming the column, when the value is NULL or of another type.
public struct Row {
  private enum Source {
    case sqlite(SQLiteRow)
    case postgres(PostgresRow)
  }

  private let source: Source

  init(_ statement: Statement) { source = .sqlite(SQLiteRow(statement)) }
  init(_ row: PostgresRow) { source = .postgres(row) }

  /// A whole number of up to 64 bits.
  public func int(_ column: Int) throws -> Int64 {
    switch source {
    case .sqlite(let row): try row.int(column)
    case .postgres(let row): try row.int(column)
    }
  }

  /// Whole numbers count as doubles too.
  public func double(_ column: Int) throws -> Double {
    switch source {
    case .sqlite(let row): try row.double(column)
    case .postgres(let row): try row.double(column)
    }
  }

  /// UTF-8, as it was stored.
  public func text(_ column: Int) throws -> String {
    switch source {
    case .sqlite(let row): try row.text(column)
    case .postgres(let row): try row.text(column)
    }
  }

  /// Bytes, as they were stored.
  public func blob(_ column: Int) throws -> [UInt8] {
    switch source {
    case .sqlite(let row): try row.blob(column)
    case .postgres(let row): try row.blob(column)
    }
  }

  /// An integer that is 0 or 1.
  public func bool(_ column: Int) throws -> Bool {
    switch try int(column) {
    case 0: return false
    case 1: return true
    case let other: throw mismatch(column, "is \(other), which is neither 0 nor 1")
    }
  }

  /// A whole number that `next_id` has made.
  public func identifier(_ column: Int) throws -> Identifier {
    let value = try int(column)
    guard let identifier = Identifier(value) else {
      throw mismatch(column, "is \(value), which is no identifier")
    }
    return identifier
  }

  /// A whole number from 0 to 4,095.
  public func shard(_ column: Int) throws -> Shard {
    let value = try int(column)
    guard let shard = Shard(Int(value)) else {
      throw mismatch(column, "is \(value), which is no shard (0 to \(Shard.count - 1))")
    }
    return shard
  }

  /// Nil for NULL, as the others that may lack a value.
  public func optionalInt(_ column: Int) throws -> Int64? { try isNull(column) ? nil : int(column) }
  public func optionalDouble(_ column: Int) throws -> Double? { try isNull(column) ? nil : double(column) }
  /// Nil for NULL.
  public func optionalText(_ column: Int) throws -> String? { try isNull(column) ? nil : text(column) }
  public func optionalBlob(_ column: Int) throws -> [UInt8]? { try isNull(column) ? nil : blob(column) }
  public func optionalBool(_ column: Int) throws -> Bool? { try isNull(column) ? nil : bool(column) }
  public func optionalIdentifier(_ column: Int) throws -> Identifier? {
    try isNull(column) ? nil : identifier(column)
  }

  /// Throws only where there is no such column.
  public func isNull(_ column: Int) throws -> Bool {
    switch source {
    case .sqlite(let row): try row.isNull(column)
    case .postgres(let row): try row.isNull(column)
    }
  }

  private func mismatch(_ column: Int, _ message: String) -> DatabaseError {
    switch source {
    case .sqlite(let row): row.mismatch(column, message)
    case .postgres(let row): row.mismatch(column, message)
    }
  }
}

@available(*, unavailable)
extension Row: Sendable {}
