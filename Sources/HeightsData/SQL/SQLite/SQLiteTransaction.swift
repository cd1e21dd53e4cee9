// The life of one transaction on the thread that writes.

/// The life of one transaction. `@unchecked Sendable` is sound: `use` refuses every thread but the writer's, and
/// only the writer's thread ends it.
final class SQLiteTransaction: @unchecked Sendable {
  private let connection: SQLiteConnection
  private let thread: WriterThread
  private let counter: CommitCounter
  private var ended = false
  /// Whether a statement has failed: then nothing of the transaction stays, on every engine.
  private(set) var hasFailed = false
  /// Whether an error has rolled back everything that was open on the connection.
  private(set) var lostAll = false

  init(_ connection: SQLiteConnection, on thread: WriterThread, _ counter: CommitCounter) {
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
    do { return try body(connection) } catch {
      hasFailed = true
      lostAll = connection.isAutocommit
      throw error
    }
  }

  func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }
}
