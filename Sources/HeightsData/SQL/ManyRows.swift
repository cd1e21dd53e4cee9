// What is asked of many identifiers at once, wherever their rows are.

extension Database {
  /// How many identifiers a statement names at most: more of them are several statements, between which the loop has its turn.
  static let identifiersPerStatement = 128

  /// The rows that belong to any of some identifiers, in one order: one statement for each cluster that has some of them, or
  /// a few where they are many, all at once. With a LIMIT in the statement the first rows of the result are the first of all,
  /// and there may be that many from each.
  /// - Parameters:
  ///   - isBefore: the order of the statement's ORDER BY.
  ///   - sql: the statement for some of the identifiers; `VALUES \(rows: ids)` has them as a table.
  /// - Throws: `DatabaseError` when a cluster does not answer, or what `decode` throws.
  public func query<T>(
    for ids: [Identifier], merging isBefore: (T, T) -> Bool, _ sql: (ArraySlice<Identifier>) -> SQL,
    _ decode: (Row) throws -> T
  ) async throws -> [T] {
    let asked = ranges.parts(of: ids, atMost: Self.identifiersPerStatement)
    if asked.count == 1, case .postgres(let database) = asked[0].engine {
      return try await database.read(sql(asked[0].ids)).map(decode)
    }
    var rows: [T] = []
    var elsewhere: [(PostgresDatabase, SQL)] = []
    for (number, (engine, ids)) in asked.enumerated() {
      switch engine {
      case .sqlite(let database):
        if number > 0 { await EventLoop.giveTurn() }
        rows += try database.query(sql(ids), decode)
      case .postgres(let database): elsewhere.append((database, sql(ids)))
      }
    }
    for result in try await PostgresDatabase.results(of: elsewhere) { rows += try result.map(decode) }
    return asked.count == 1 ? rows : rows.sorted(by: isBefore)
  }
}

extension EngineTable {
  /// Some identifiers by the engine that has their rows, no more than so many at a time.
  fileprivate func parts(
    of ids: [Identifier], atMost limit: Int
  ) -> [(engine: DatabaseEngine, ids: ArraySlice<Identifier>)] {
    if let only { return ids.pieces(of: limit).map { (only.engine, $0) } }
    var groups: [(engine: DatabaseEngine, ids: [Identifier])] = []
    for id in ids {
      let engine = part(of: id.shard).engines.engine
      if let index = groups.firstIndex(where: { $0.engine.identity == engine.identity }) {
        groups[index].ids.append(id)
      } else {
        groups.append((engine, [id]))
      }
    }
    return groups.flatMap { engine, ids in ids.pieces(of: limit).map { (engine, $0) } }
  }
}

extension DatabaseEngine {
  fileprivate var identity: ObjectIdentifier {
    switch self {
    case .sqlite(let database): ObjectIdentifier(database)
    case .postgres(let database): ObjectIdentifier(database)
    }
  }
}

extension Array {
  /// In order, so many elements each; the last one has what is left.
  fileprivate func pieces(of count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
  }
}
