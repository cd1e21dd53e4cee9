// A connection to PostgreSQL for work that blocks its thread: migrations, and moves from one engine to another.

import CPostgres
import Glibc

/// One connection, one statement at a time.
final class PostgresSession {
  let handle: OpaquePointer

  /// - Parameter statementMs: how long the server lets one statement run.
  /// - Throws: `DatabaseError.gone` when the server can't be reached.
  init(_ target: PostgresTarget, statementMs: Int) throws {
    handle = try target.connect(statementMs: statementMs, PQconnectdbParams)
    guard PQstatus(handle) == CONNECTION_OK else { throw DatabaseError.connection(handle) }
  }

  deinit { PQfinish(handle) }

  /// Runs all statements of a text of ours (never a user's).
  func run(_ text: String) throws { PQclear(try check(PQexec(handle, text), text)) }

  /// - Returns: the rows, each value as text; NULL as an empty one.
  func rows(_ text: String, _ values: [String] = []) throws -> [[String]] {
    let result = try result(text, values)
    defer { PQclear(result) }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        PQgetvalue(result, row, column).map { String(cString: $0) } ?? ""
      }
    }
  }

  /// Runs one statement with parameters.
  func run(_ text: String, _ values: [String]) throws { PQclear(try result(text, values)) }

  /// - Returns: the result, to be cleared.
  private func result(_ text: String, _ values: [String]) throws -> OpaquePointer {
    let copies = values.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers = copies.map { UnsafePointer($0) }
    return try check(
      PQexecParams(handle, text, Int32(values.count), nil, pointers, nil, nil, 0), text)
  }

  /// One statement whose values come in the binary format.
  func result(of text: String) throws -> PostgresResult {
    PostgresResult(try check(PQexecParams(handle, text, 0, nil, nil, nil, nil, 1), text), of: "")
  }

  /// One statement as an app has it.
  func result(of sql: SQL) throws -> PostgresResult {
    let parameters = PostgresParameters()
    try parameters.set(sql)
    let text = sql.description
    let result = PQexecParams(
      handle, text, Int32(parameters.count), parameters.types, parameters.values, parameters.lengths,
      parameters.formats, 1)
    return PostgresResult(try check(result, text), of: sql)
  }

  /// - Returns: the result, to be cleared.
  private func check(_ result: OpaquePointer?, _ text: String) throws -> OpaquePointer {
    guard let result else { throw DatabaseError.connection(handle) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_COPY_OUT: return result
    default:
      defer { PQclear(result) }
      throw DatabaseError(result, sql: String(text.prefix(200)))
    }
  }

  // MARK: Transactions

  /// Runs `body` in a transaction, which is rolled back when it throws.
  func transaction<T>(_ begin: String = "BEGIN", _ body: () throws -> T) throws -> T {
    try run(begin)
    do {
      let value = try body()
      try commit()
      return value
    } catch {
      // The error to report is the first one.
      _ = try? run("ROLLBACK")
      throw error
    }
  }

  /// - Throws: also when the server has answered and not committed.
  func commit() throws {
    let result = try check(PQexec(handle, "COMMIT"), "COMMIT")
    defer { PQclear(result) }
    if let error = DatabaseError(tagOfCommit: PQcmdStatus(result).map { String(cString: $0) } ?? "") {
      throw error
    }
  }

  // MARK: COPY

  /// Runs `COPY … FROM STDIN`; `fill` puts rows in COPY's text format into what it is given, as often as it likes.
  func copyIn(_ text: String, _ fill: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
    PQclear(try check(PQexec(handle, text), text))
    do {
      try fill { bytes in
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        let text = base.assumingMemoryBound(to: CChar.self)
        guard PQputCopyData(handle, text, Int32(bytes.count)) == 1 else {
          throw DatabaseError.connection(handle)
        }
      }
    } catch {
      PQputCopyEnd(handle, "given up")
      _ = try? endOfCopy(text)
      throw error
    }
    guard PQputCopyEnd(handle, nil) == 1 else { throw DatabaseError.connection(handle) }
    try endOfCopy(text)
  }

  /// Runs `COPY … TO STDOUT` and hands over each row, with its end of line.
  func copyOut(_ text: String, _ take: (UnsafeRawBufferPointer) -> Void) throws {
    PQclear(try check(PQexec(handle, text), text))
    var row: UnsafeMutablePointer<CChar>?
    var length = PQgetCopyData(handle, &row, 0)
    while length > 0 {
      take(UnsafeRawBufferPointer(start: row, count: Int(length)))
      PQfreemem(row)
      length = PQgetCopyData(handle, &row, 0)
    }
    if length == -2 { throw DatabaseError.connection(handle) }
    try endOfCopy(text)
  }

  /// What became of it.
  private func endOfCopy(_ text: String) throws {
    var failure: DatabaseError?
    while let result = PQgetResult(handle) {
      defer { PQclear(result) }
      if PQresultStatus(result) != PGRES_COMMAND_OK, failure == nil {
        failure = DatabaseError(result, sql: text)
      }
    }
    if let failure { throw failure }
  }
}
