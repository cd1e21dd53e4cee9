// The engines of a database, and how it comes to have others while it is used.

import Synchronization

/// The table that a database goes by at present.
final class PlacedEngines: Sendable {
  private let current: Mutex<EngineTable>

  init(_ table: EngineTable) { current = Mutex(table) }

  var table: EngineTable { current.withLock { $0 } }

  /// The engine that a statement reads from.
  /// - Throws: `DatabaseError.invalid` when it does not say which, of several.
  func engine(for sql: SQL) throws -> DatabaseEngine { try current.withLock { try $0.engine(for: sql) } }

  /// Goes by `next`. Ranges that it has no more end: whoever waits at their fences goes on where it leads them.
  func replace(with next: EngineTable) {
    let ended = current.withLock { table in
      defer { table = next }
      return table.parts.map(\.engines).filter { !next.has($0) }
    }
    for engines in ended { engines.end() }
  }
}

extension EngineTable {
  fileprivate func has(_ engines: EngineSwitch) -> Bool { parts.contains { $0.engines === engines } }

  /// That of some shards, when they are a range that runs there.
  fileprivate func part(_ shards: ShardRange, on database: PostgresDatabase) -> Part? {
    parts.first { $0.shards == shards && $0.engines.postgres === database }
  }

  /// Whether the ranges of a placement are what it has.
  fileprivate func leads(to ranges: [(shards: ShardRange, cluster: PostgresCluster)]) -> Bool {
    parts.count == ranges.count
      && zip(parts, ranges).allSatisfy {
        $0.shards == $1.shards && $0.engines.postgres?.cluster === $1.cluster
      }
  }
}

extension Database {
  /// Behind the fences of a change: so much longer than a transaction may take, until which the server says how it ended.
  private static let answerMs = 2_000

  /// Goes by other ranges of a placement. Rows are where it says already, and whoever moved them sees to it that nobody writes
  /// them where they were: this process finds the way there.
  ///
  /// Transactions of ranges that change end where they began; those that come wait meanwhile, and go on where the range is then.
  /// So do statements that read, without a wait. Engines that no range leads to any more end with the last one who uses them.
  /// - Parameter ranges: all shards in order, and the cluster that has them.
  /// - Throws: with everything as it was, when a cluster can't be used, or a range is being moved already.
  package func follow(
    _ ranges: [(shards: ShardRange, cluster: PostgresCluster)], migrations: [Migration], loops: EventLoopGroup
  ) async throws {
    let before = self.ranges
    // From a file to a cluster, and back, is the way of a move.
    guard !before.databases.isEmpty, !before.leads(to: ranges) else { return }
    let next = try await table(of: ranges, after: before, migrations, loops)
    let changed = before.parts.filter { !next.has($0.engines) }.map(\.engines)
    try await behindFences(of: changed, on: loops.loops[0]) {
      // What has come to a cluster is written there, and its followers may lag.
      for (shards, cluster) in ranges where !before.hadAll(shards, in: cluster) { cluster.expectNewest() }
      engines.replace(with: next)
    }
    Log.info(
      "database goes by other ranges",
      [
        ("database", name),
        ("ranges", ranges.map { "\($0.shards) \($0.cluster.name)" }.joined(separator: ", ")),
      ])
  }

  private func table(
    of ranges: [(shards: ShardRange, cluster: PostgresCluster)], after before: EngineTable,
    _ migrations: [Migration], _ loops: EventLoopGroup
  ) async throws -> EngineTable {
    var databases = before.databases
    var parts: [EngineTable.Part] = []
    for (shards, cluster) in ranges {
      let database: PostgresDatabase
      if let known = databases.first(where: { $0.cluster === cluster }) {
        database = known
      } else {
        database = try await PostgresDatabase.open(
          name, of: cluster, ownsCluster: false, migrations: migrations, loops: loops, limits: limits)
        databases.append(database)
      }
      parts.append(
        before.part(shards, on: database)
          ?? EngineTable.Part(shards: shards, engines: EngineSwitch(.postgres(database))))
    }
    return EngineTable(name, parts)
  }

  /// Runs `body` when nobody is in any of the ranges. Whoever has not left by then has no time to commit any more.
  private func behindFences(
    of changed: [EngineSwitch], on loop: EventLoop, _ body: () -> Void
  ) async throws {
    let limitMs = limits.transactionMs + Self.answerMs
    var raised: [EngineSwitch] = []
    do {
      for engines in changed {
        // It may not fall while others are waited for.
        guard engines.raise(limitMs: limitMs, on: loop), engines.decide() else {
          throw MoveError("a range of the database \(name) is being moved already")
        }
        raised.append(engines)
      }
      let (all, deadline) = (raised, Deadline.afterMs(limitMs))
      try await SystemThread.run(name: "sql-ranges") {
        for engines in all where !engines.waitUntilDrained(by: deadline) { return }
      }
    } catch {
      for engines in raised { engines.lower() }
      throw error
    }
    body()
  }
}

extension EngineTable {
  /// Whether a cluster had all of some shards.
  fileprivate func hadAll(_ shards: ShardRange, in cluster: PostgresCluster) -> Bool {
    parts.allSatisfy { !$0.shards.overlaps(shards) || $0.engines.postgres?.cluster === cluster }
  }
}
