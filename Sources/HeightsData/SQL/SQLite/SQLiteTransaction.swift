// The life of one transaction on the thread that writes.

/// The life of one transaction. `@unchecked Sendable` is sound: `use` refuses every thread but the writer's, and
/// only the writer's thread ends it.
final class SQLiteTransaction: @unchecked Sendable {
  private let connection: SQLiteConnection
  private let thread: WriterThread
  private let counter: CommitCounter
  /// That of the request it is for, and what the database is called there; nil where nobody wants to know.
  private let span: (open: OpenSpan, database: String)?
  private var ended = false
  /// Whether a statement has failed: then nothing of the transaction stays, on every engine.
  private(set) var hasFailed = false
  /// Whether an error has rolled back everything that was open on the connection.
  private(set) var lostAll = false

  init(
    _ connection: SQLiteConnection, on thread: WriterThread, _ counter: CommitCounter,
    _ span: (open: OpenSpan, database: String)?
  ) {
    self.span = span
    self.connection = connection
    self.thread = thread
    self.counter = counter
  }

  func end() { ended = true }

  func use<R>(_ sql: SQL, _ body: (SQLiteConnection) throws -> R) throws -> R {
    guard thread.isCurrent else {
      throw misuse(sql, "the transaction was used outside of its closure's task")
    }
    guard !ended else { throw misuse(sql, "the transaction was used after its end") }
    guard !hasFailed else { throw misuse(sql, "an earlier error has rolled this transaction back") }
    counter.statements.add(1, ordering: .relaxed)
    let statement = span?.open.child()
    do {
      let result = try body(connection)
      statement?.end(subject(sql))
      return result
    } catch {
      statement?.end(subject(sql), failure: OpenSpan.failure(error))
      hasFailed = true
      lostAll = connection.isAutocommit
      throw error
    }
  }

  private func subject(_ sql: SQL) -> StatementSpan {
    StatementSpan(sql: sql, system: .sqlite, database: span?.database ?? "", server: nil)
  }

  func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }
}
