// Which shards of a database are where.

/// The ranges of a database's shards, each with its engine and a fence of its own: all shards, in order, none twice. Where
/// ranges change, another takes its place (`PlacedEngines`).
final class EngineTable: Sendable {
  struct Part: Sendable {
    let shards: ShardRange
    let engines: EngineSwitch
  }

  let parts: [Part]
  /// Where all shards are in one place; what a statement names does not matter then.
  let only: EngineSwitch?
  private let database: String
  /// Of each shard its place in `parts`; empty where there is one.
  private let places: [UInt16]

  /// - Parameter database: its name.
  init(_ database: String, _ parts: [Part]) {
    self.database = database
    self.parts = parts
    only = parts.count == 1 ? parts[0].engines : nil
    places =
      parts.count == 1
      ? []
      : parts.enumerated().flatMap { index, part in
        Array(repeating: UInt16(index), count: part.shards.size)
      }
  }

  /// All shards in one place.
  convenience init(_ database: String, _ engine: DatabaseEngine) {
    self.init(database, [Part(shards: .all, engines: EngineSwitch(engine))])
  }

  /// The engine that a statement reads from.
  /// - Throws: `DatabaseError.invalid` when it does not say which, of several.
  func engine(for sql: SQL) throws -> DatabaseEngine {
    try (only ?? part(of: sql).engines).engine
  }

  /// The range that has all shards of a statement.
  /// - Throws: `DatabaseError.invalid` when none has.
  func part(of sql: SQL) throws -> Part {
    if only != nil { return parts[0] }
    if sql.shards.isEmpty {
      throw misuse(
        sql,
        "the database \(database) is in \(parts.count) ranges, and no shard is interpolated: say which, as in `shard = \\(id.shard)`, or ask `everywhere`"
      )
    }
    let (lowest, highest) = (part(at: sql.shards.lowest), part(at: sql.shards.highest))
    guard lowest.engines === highest.engines else {
      throw misuse(
        sql,
        "the shards \(sql.shards.lowest) and \(sql.shards.highest) of the database \(database) are in the ranges \(lowest.shards) and \(highest.shards): make it a statement for each"
      )
    }
    return lowest
  }

  /// The range that has a shard.
  func part(of shard: Shard) -> Part { only == nil ? part(at: shard.number) : parts[0] }

  private func part(at shard: UInt16) -> Part { parts[Int(places[Int(shard)])] }

  /// A statement of another cluster than the transaction that it is in.
  func misplaced(_ sql: SQL, begunIn begun: ShardRange) -> DatabaseError {
    misuse(
      sql,
      "shard \(sql.shards.lowest) of the database \(database) is in another cluster than the range \(begun), in which the transaction began: a transaction writes to one cluster, so make it two, the second of which may be repeated"
    )
  }

  private func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }

  /// What the ranges are on, each once.
  var databases: [PostgresDatabase] {
    var databases: [PostgresDatabase] = []
    for part in parts {
      guard let database = part.engines.postgres else { continue }
      if !databases.contains(where: { $0 === database }) { databases.append(database) }
    }
    return databases
  }
}

extension EngineTable {
  /// Runs `body` when no range of a cluster's is being moved, and none begins to be.
  /// - Throws: `.contended` when one has moved since the table was asked for.
  func behindFences<T>(of database: PostgresDatabase, limitMs: Int, _ body: () async throws -> T) async throws
    -> T
  {
    let limit = Deadline.afterMs(limitMs)
    let entered = try await enterAll(of: database, until: min(CurrentRequest.deadline ?? limit, limit))
    defer { for engines in entered { engines.leave() } }
    return try await body()
  }

  private func enterAll(of database: PostgresDatabase, until deadline: Deadline) async throws
    -> [EngineSwitch]
  {
    let all = parts.map(\.engines).filter { $0.postgres === database }
    while true {
      var entered: [EngineSwitch] = []
      guard
        let closed = all.first(where: { engines in
          guard engines.enterAtOnce() == .entered else { return true }
          entered.append(engines)
          return false
        })
      else { return entered }
      // Whoever waits holds nothing: the fence may wait for what it would hold.
      for engines in entered { engines.leave() }
      guard try await closed.enter(until: deadline) != nil else { throw changed }
      closed.leave()
    }
  }

  /// For whoever goes through all ranges, and finds that they are others by now.
  private var changed: DatabaseError {
    .contended("ranges of the database \(database) moved meanwhile; what was done before them stays")
  }
}

extension EngineSwitch {
  /// Its engine; nil where that is a file.
  var postgres: PostgresDatabase? { if case .postgres(let database) = engine { database } else { nil } }
}
