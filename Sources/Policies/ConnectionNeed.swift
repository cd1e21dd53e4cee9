// How many connections an app opens to the servers of a cluster at most, and how many those allow.

/// What `DatabaseLimits` of HeightsKit begins with, and what a server's `max_connections` is made from: as many as the app opens at
/// its most instances, so that it is never refused, with a reserve for everybody else, and no more than the memory bears.
package enum ConnectionNeed {
  /// For transactions, of each loop of a process: to one database, and to all of a cluster together.
  package static let (transactionsOfOne, transactionsOfAll) = (4, 8)

  /// Of each loop; the reads of a database have one more.
  package static func perLoop(databases: Int) -> Int {
    min(transactionsOfOne * databases, transactionsOfAll) + databases
  }

  /// 3 that PostgreSQL keeps for superusers, 4 for Patroni or RDS, 4 for whoever copies rows (who sends the log has places of his
  /// own), 9 for people and proofs: `heights psql`, `heights ledger verify`.
  package static let reserve = 20

  /// What a server has to allow for an app.
  /// - Parameters:
  ///   - groups: of processes that are alike, each at its most; one more takes another's place while both run. Each has so many
  ///     loops.
  ///   - databases: in the cluster.
  package static func ofServer(_ groups: [(processes: Int, loops: Int)], databases: Int) -> Int {
    groups.reduce(reserve) { sum, group in
      // Each process also has one that asks the server how it is.
      sum + (group.processes + 1) * (group.loops * perLoop(databases: databases) + 1)
    }
  }

  /// What RDS takes a connection for: its default is the memory by this, and 5,000 at most. See `max-connections` in
  /// Sources/Planner/Catalog/sources.json.
  private static let bytesByDefault = 9_531_392
  private static let most = 5_000

  /// As many as the memory bears without a look at what they do.
  package static func bearable(memoryBytes: Int) -> Int { min(memoryBytes / bytesByDefault, most) }

  /// What one of HeightsKit's takes for itself: with Summit's statements prepared on PostgreSQL 15 it was 1.4 MB, and 1.9 at most
  /// (`Private_Dirty` of its process), and a third of that for what was not seen.
  private static let bytesMeasured = 5 << 19

  /// As many as a server bears that keeps half of its memory for pages and sorts.
  package static func borne(memoryBytes: Int) -> Int { min(memoryBytes / 2 / bytesMeasured, most) }
}
