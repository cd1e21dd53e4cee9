// What is asked of all shards of a database at once.

/// A database as a whole, for statements that name no shard. Every cluster that has shards of it is asked, so what it costs
/// grows with their number: for lists that all share and for tidying up, not for each request.
public struct Everywhere: Sendable {
  let database: Database

  /// The rows of all shards in one order. Each cluster is asked for the same, all at once: with a LIMIT in the statement the
  /// first rows of the result are the first of all, and there may be that many from each.
  /// - Parameter isBefore: the order of the statement's ORDER BY.
  /// - Throws: `DatabaseError` when one of them does not answer, or what `decode` throws.
  public func query<T>(
    _ sql: SQL, merging isBefore: (T, T) -> Bool, _ decode: (Row) throws -> T
  ) async throws -> [T] {
    let ranges = database.ranges
    if ranges.only != nil { return try await database.query(sql, decode) }
    let results = try await PostgresDatabase.results(of: ranges.databases.map { ($0, sql) })
    return try results.flatMap { try $0.map(decode) }.sorted(by: isBefore)
  }

  /// Runs `body` as a transaction of each cluster that has shards, one after the other. They are not one: when one fails,
  /// those before it have been committed.
  /// - Returns: a result from each.
  /// - Throws: what `Database.transaction` does; `.contended` also when ranges moved between two of them, since some shards would
  ///   be gone through twice or not at all.
  @discardableResult
  public func transaction<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> [T] {
    let ranges = database.ranges
    if ranges.only != nil { return [try await database.transaction(body)] }
    var values: [T] = []
    for target in ranges.databases {
      values.append(
        try await ranges.behindFences(of: target, limitMs: database.limits.transactionMs) {
          try await target.transaction(deadline: CurrentRequest.deadline, body)
        })
    }
    return values
  }
}

extension Database {
  /// All shards at once.
  public var everywhere: Everywhere { Everywhere(database: self) }
}
