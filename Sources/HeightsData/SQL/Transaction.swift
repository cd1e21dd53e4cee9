// What a transaction closure works with.

/// A transaction in progress. Valid only inside the closure that it was given to; over when a statement of it fails.
public struct Transaction {
  private enum State {
    case sqlite(SQLiteTransaction)
    case postgres(PostgresTransaction)
  }

  private let state: State

  init(_ state: SQLiteTransaction) { self.state = .sqlite(state) }
  init(_ state: PostgresTransaction) { self.state = .postgres(state) }

  /// All rows of a result, each decoded by `decode`. Sees what this transaction has written.
  public func query<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> [T] {
    switch state {
    case .sqlite(let state): try state.use(sql) { try $0.query(sql, decode) }
    case .postgres(let state): try await state.use(sql).map(decode)
    }
  }

  /// The first row of a result, also of `INSERT … RETURNING`; `nil` when there is none.
  public func first<T>(_ sql: SQL, _ decode: (Row) throws -> T) async throws -> T? {
    switch state {
    case .sqlite(let state): try state.use(sql) { try $0.first(sql, decode) }
    case .postgres(let state): try await state.use(sql).first(decode)
    }
  }

  /// Runs a statement that returns no rows.
  /// - Returns: how many rows it inserted, updated or deleted.
  @discardableResult
  public func execute(_ sql: SQL) async throws -> Int {
    switch state {
    case .sqlite(let state): try state.use(sql) { try $0.execute(sql) }
    case .postgres(let state): try await state.use(sql).affectedRows
    }
  }
}

@available(*, unavailable)
extension Transaction: Sendable {}
