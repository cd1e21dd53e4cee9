// Prepared statements, and the bounded cache that keeps them.

import CSQLite
import Glibc

/// A prepared statement of one connection, used by one caller at a time on one thread.
final class Statement {
  let handle: OpaquePointer
  let sql: String
  let columnCount: Int
  let isReadOnly: Bool
  private let parameterCount: Int
  /// By the parameter's number, what it may be; those of which that is known.
  private let parameters: [Int: ParameterType]
  /// Changes with every step and reset, so that a row kept for too long is noticed.
  private(set) var generation = 0
  fileprivate var lastUse = 0
  /// How often it was given parameters.
  var uses = 0

  /// - Throws: `DatabaseError.invalid` for bad SQL, or more than one statement.
  init(_ sql: String, on database: OpaquePointer, parameters: [Int: ParameterType] = [:]) throws {
    var handle: OpaquePointer?
    var rest = ""
    let code = sql.withCString { text in
      var tail: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v3(database, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
      rest = tail.map { String(cString: $0) } ?? ""
      return code
    }
    guard code == SQLITE_OK else { throw SQLiteConnection.error(database, code, sql) }
    guard let handle else { throw DatabaseError.invalid(sql: sql, message: "there is no statement") }
    self.handle = handle
    self.sql = sql
    self.parameters = parameters
    columnCount = Int(sqlite3_column_count(handle))
    isReadOnly = sqlite3_stmt_readonly(handle) != 0
    parameterCount = Int(sqlite3_bind_parameter_count(handle))
    guard rest.allSatisfy({ $0.isWhitespace || $0 == ";" }) else {
      throw invalid("more than one statement at once")
    }
  }

  deinit { sqlite3_finalize(handle) }

  func bind(_ pieces: [SQL.Piece]) throws {
    var index: Int32 = 0
    for piece in pieces {
      guard let value = piece.bound else { continue }
      index += 1
      try parameters[Int(index)]?.check(value, number: Int(index), of: sql)
      let code = try bind(value, at: index)
      guard code == SQLITE_OK else { throw error(code) }
    }
    guard Int(index) == parameterCount else {
      throw invalid(
        "\(parameterCount) parameters in the text, but \(index) values; write parameters as \\(value)")
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) throws -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(handle, index)
    case .integer(let value): return sqlite3_bind_int64(handle, index, value)
    case .real(let value):
      if value.isNaN { throw DatabaseError.notANumber }
      return sqlite3_bind_double(handle, index, value)
    case .text(var value):
      return try value.withUTF8 { bytes in
        if let start = bytes.baseAddress, memchr(start, 0, bytes.count) != nil {
          throw DatabaseError.zeroInText
        }
        return bytes.withMemoryRebound(to: CChar.self) { text in
          heights_bind_text(handle, index, text.baseAddress ?? Self.noText, UInt64(text.count))
        }
      }
    case .blob(let value):
      if value.isEmpty { return sqlite3_bind_zeroblob(handle, index, 0) }
      return value.withUnsafeBytes { heights_bind_blob(handle, index, $0.baseAddress, UInt64($0.count)) }
    }
  }

  /// A pointer that is not null, for the empty text.
  private static var noText: UnsafePointer<CChar> {
    // An empty StaticString points at its terminating zero, which lives as long as the program.
    UnsafeRawPointer(StaticString("").utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// Goes to the next row. False at the end.
  func step() throws -> Bool {
    generation &+= 1
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw error(code)
    }
  }

  /// Lets go of the row, the locks and the values.
  func reset() {
    generation &+= 1
    sqlite3_reset(handle)
    if parameterCount > 0 { sqlite3_clear_bindings(handle) }
  }

  func invalid(_ message: String) -> DatabaseError { .invalid(sql: sql, message: message) }

  private func error(_ code: Int32) -> DatabaseError {
    SQLiteConnection.error(sqlite3_db_handle(handle), code, sql)
  }
}

/// The statements that a connection used last.
struct StatementCache {
  let limit: Int
  private var statements: [SQLShape: Statement] = [:]
  private var uses = 0

  init(limit: Int) { self.limit = max(limit, 1) }

  var count: Int { statements.count }

  mutating func statement(_ sql: SQL, prepare: (String) throws -> Statement) throws -> Statement {
    let shape = SQLShape(sql)
    uses += 1
    if let found = statements[shape] {
      found.lastUse = uses
      return found
    }
    let new = try prepare(sql.description)
    new.lastUse = uses
    if statements.count >= limit { evict() }
    statements[shape.stripped] = new
    return new
  }

  mutating func removeAll() { statements.removeAll() }

  private mutating func evict() {
    if let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      statements[oldest.key] = nil
    }
  }
}
