// The life of one transaction on a connection of its own.

/// A transaction of PostgreSQL. `@unchecked Sendable` is sound: `use` refuses every thread but its loop's, and all else is
/// called by `PostgresDatabase`, in a task of that loop.
final class PostgresTransaction: @unchecked Sendable {
  private let connection: PostgresConnection
  private let loop: EventLoop
  private var hasBegun = false
  private var hasEnded = false
  /// What its first statement that failed was told.
  private var failure: (any Error)?
  /// The server ends any statement of it that would run longer than until `deadline`; it has a second more to say so.
  private let deadline: Deadline
  private let answerDeadline: Deadline
  private let latestIdentifierMs: Int64

  /// - Parameter latestIdentifierMs: the latest moment that an identifier may be of, in milliseconds since 1970.
  init(
    _ connection: PostgresConnection, on loop: EventLoop, until deadline: Deadline, latestIdentifierMs: Int64
  ) {
    self.latestIdentifierMs = latestIdentifierMs
    self.connection = connection
    self.loop = loop
    self.deadline = deadline
    answerDeadline = deadline.plus(ms: 1_000)
  }

  func begin() async throws {
    guard !deadline.hasPassed else {
      throw DatabaseError.timeout("the transaction waited too long for its turn")
    }
    connection.warnings = []
    hasBegun = true
    let (ms, latest) = ("\(max(1, deadline.remainingMs))", "\(latestIdentifierMs)")
    // As SQLite's, whose transactions come one after the other: what is read stays so until it is written.
    try connection.sendAhead("BEGIN ISOLATION LEVEL SERIALIZABLE", until: answerDeadline)
    _ = try await run(
      "SELECT set_config('statement_timeout', \(ms), true), set_config('heights.latest_ms', \(latest), true)")
  }

  /// Runs a statement of the app's.
  func use(_ sql: SQL) async throws -> PostgresResult {
    guard loop.isCurrent else { throw misuse(sql, "the transaction was used outside of its closure's task") }
    guard !hasEnded else { throw misuse(sql, "the transaction was used after its end") }
    guard failure == nil else { throw misuse(sql, "an earlier error has rolled this transaction back") }
    guard !sql.controlsTransactions else {
      throw misuse(sql, "BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not for apps")
    }
    do { return try await run(sql) } catch {
      failure = error
      throw error
    }
  }

  private func run(_ sql: SQL, then endOfLog: EndOfLog? = nil) async throws -> PostgresResult {
    do {
      return try await connection.result(of: sql, .own, until: answerDeadline, then: endOfLog)
    } catch is PipelineSkipped { throw connection.fail(.gone("the server did not begin a transaction")) }
  }

  /// Returns when the server has acknowledged.
  /// - Parameter endOfLog: is told where the log ended after that.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for
  ///   its follower: what was written may stay or not.
  func commit(then endOfLog: EndOfLog?) async throws {
    hasEnded = true
    if failure != nil { throw misuse("COMMIT", "an earlier error has rolled this transaction back") }
    // Before it was sent: nothing of it stays.
    if let failure = connection.failure { throw failure }
    connection.warnings = []
    let tag: String
    do { tag = try await run("COMMIT", then: endOfLog).tag } catch DatabaseError.gone(let message) {
      throw DatabaseError.unknown(code: 0, message: "the server left while it committed: \(message)")
    }
    hasBegun = false
    if let error = DatabaseError(tagOfCommit: tag) { throw error }
    if let warning = connection.warnings.first {
      throw DatabaseError.unknown(code: 0, message: "committed, but perhaps not replicated: \(warning)")
    }
  }

  /// What a statement was told that others were in the way of, whatever the app made of it.
  var contention: DatabaseError? {
    guard let error = failure as? DatabaseError, case .contended = error else { return nil }
    return error
  }

  func rollBack() async {
    hasEnded = true
    guard hasBegun, connection.failure == nil else { return }
    // If it fails, the connection is not idle and is given up; the server rolls back what it held.
    _ = try? await run("ROLLBACK")
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
