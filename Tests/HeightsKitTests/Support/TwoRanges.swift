// A database in two ranges, each on a PostgreSQL server of its own.

import HeightsData
import TestSupport

/// Two servers, and a database of notes of which each has a half. Gone after `body`.
func withTwoRanges<T>(
  limits: DatabaseLimits = DatabaseLimits(), _ body: (TwoRanges) async throws -> T
) async throws -> T {
  let ranges = try await TwoRanges(limits)
  do {
    let result = try await body(ranges)
    await ranges.end()
    return result
  } catch {
    await ranges.end()
    throw error
  }
}

struct TwoRanges: Sendable {
  let low: PostgresServer
  let high: PostgresServer
  let loops: EventLoopGroup
  let database: Database
  private let clusters: [PostgresCluster]

  /// The first and the last shard of each.
  static let lowShards = [Shard(0), Shard(2_047)].compactMap { $0 }
  static let highShards = [Shard(2_048), Shard(4_095)].compactMap { $0 }

  init(_ limits: DatabaseLimits) async throws {
    (low, high) = try await blocking { (try PostgresServer(), try PostgresServer()) }
    let loops = try EventLoopGroup(count: 2)
    self.loops = loops
    clusters = [("low", low), ("high", high)].map { name, server in
      PostgresCluster(
        name, url: server.url(), members: ClusterMember.members(of: [server.url()]), on: loops.loops[0])
    }
    database = try await Database.open(
      "notes", of: zip(ShardRange.all.split(into: 2), clusters).map { (shards: $0, cluster: $1) },
      migrations: [PostgresNotes.notes],
      loops: loops, limits: limits)
  }

  func end() async {
    database.close()
    for cluster in clusters { cluster.close() }
    await loops.shutdown()
    low.stop()
    high.stop()
  }

  /// What each server has.
  func texts() throws -> (low: String, high: String) {
    let query = "SELECT COALESCE(string_agg(text, ' ' ORDER BY text), '') FROM notes"
    return (try low.run(query, in: "notes"), try high.run(query, in: "notes"))
  }
}

extension Transaction {
  func insertNote(_ text: String, in shard: Shard, likes: Int = 0) async throws {
    try await execute(
      "INSERT INTO notes (shard, id, text, likes) VALUES (\(shard), next_id(\(shard)), \(text), \(likes))")
  }
}
