// The life of one transaction on a connection of its own.

/// A transaction of PostgreSQL. `@unchecked Sendable` is sound: `use` refuses every thread but its loop's.
final class PostgresTransaction: @unchecked Sendable {
  private let connection: PostgresConnection
  private let loop: EventLoop
  private var hasBegun = false
  private var hasEnded = false
  private var hasFailed = false

  init(_ connection: PostgresConnection, on loop: EventLoop) {
    self.connection = connection
    self.loop = loop
  }

  /// - Parameter deadline: the server ends any statement of it that would run longer.
  func begin(until deadline: Deadline) async throws {
    guard !deadline.hasPassed else {
      throw DatabaseError.timeout("the transaction waited too long for its turn")
    }
    connection.warnings = []
    hasBegun = true
    _ = try await connection.result(of: "BEGIN", .own)
    let ms = "\(max(1, deadline.remainingMs))"
    _ = try await connection.result(of: "SELECT set_config('statement_timeout', \(ms), true)", .own)
  }

  /// Runs a statement of the app's.
  func use(_ sql: SQL) async throws -> PostgresResult {
    guard loop.isCurrent else { throw misuse(sql, "the transaction was used outside of its closure's task") }
    guard !hasEnded else { throw misuse(sql, "the transaction was used after its end") }
    guard !hasFailed else { throw misuse(sql, "an earlier error has rolled this transaction back") }
    guard !sql.controlsTransactions else {
      throw misuse(sql, "BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not for apps")
    }
    do { return try await connection.result(of: sql, .own) } catch {
      hasFailed = true
      throw error
    }
  }

  /// Returns when the server has acknowledged.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for
  ///   its follower: what was written may stay or not.
  func commit() async throws {
    hasEnded = true
    if hasFailed { throw misuse("COMMIT", "an earlier error has rolled this transaction back") }
    connection.warnings = []
    do { _ = try await connection.result(of: "COMMIT", .own) } catch DatabaseError.gone(let message) {
      throw DatabaseError.unknown(code: 0, message: "the server left while it committed: \(message)")
    }
    hasBegun = false
    if let warning = connection.warnings.first {
      throw DatabaseError.unknown(code: 0, message: "committed, but perhaps not replicated: \(warning)")
    }
  }

  func rollBack() async {
    hasEnded = true
    guard hasBegun, connection.failure == nil else { return }
    // If it fails, the connection is not idle and is given up; the server rolls back what it held.
    _ = try? await connection.result(of: "ROLLBACK", .own)
  }

  private func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }
}

extension SQL {
  private static let controls: Set<String> = [
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE",
  ]

  fileprivate var controlsTransactions: Bool {
    guard case .text(let text)? = pieces.first else { return false }
    let word = text.description.drop { $0.isWhitespace }.prefix { $0.isLetter }
    return Self.controls.contains(word.uppercased())
  }
}
