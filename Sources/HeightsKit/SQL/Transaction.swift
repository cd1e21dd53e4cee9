// What a transaction closure works with.

/// A transaction in progress, on the writer of its database. Valid only inside the closure that it was given to.
public struct Transaction {
  private let state: TransactionState

  init(_ state: TransactionState) { self.state = state }

  /// All rows of a result, each decoded by `decode`. Sees what this transaction has written.
  public func query<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> [T] {
    try state.use(sql) { try $0.query(sql, decode) }
  }

  /// The first row of a result, also of `INSERT … RETURNING`; `nil` when there is none.
  public func first<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> T? {
    try state.use(sql) { try $0.first(sql, decode) }
  }

  /// Runs a statement that returns no rows.
  /// - Returns: how many rows it inserted, updated or deleted.
  @discardableResult
  public func execute(_ sql: SQL) async throws -> Int {
    try state.use(sql) { try $0.execute(sql) }
  }
}

@available(*, unavailable)
extension Transaction: Sendable {}

/// The life of one transaction. `@unchecked Sendable` is sound: `use` refuses every thread but the writer's, and
/// only the writer's thread ends it.
final class TransactionState: @unchecked Sendable {
  private let connection: SQLiteConnection
  private let thread: WriterThread
  private var ended = false
  /// Whether an error has rolled back everything that was open on the connection.
  private(set) var lostAll = false

  init(_ connection: SQLiteConnection, on thread: WriterThread) {
    self.connection = connection
    self.thread = thread
  }

  func end() { ended = true }

  func use<R>(_ sql: SQL, _ body: (SQLiteConnection) throws -> R) throws -> R {
    guard thread.isCurrent else {
      throw misuse(sql, "the transaction was used outside of its closure's task")
    }
    guard !ended else { throw misuse(sql, "the transaction was used after its end") }
    guard !lostAll else { throw misuse(sql, "an earlier error has rolled this transaction back") }
    do { return try body(connection) } catch {
      lostAll = connection.isAutocommit
      throw error
    }
  }

  private func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }
}
