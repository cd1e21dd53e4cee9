// What a move asks of the process: its databases, and to say where they are from now on.

import Contract

extension AppContext {
  /// Transactions wait meanwhile.
  private static let placementPatienceMs = 500

  /// A move for each database, those in files and those that are in the cluster already.
  func moves(to target: MoveTarget) -> [DatabaseMove] {
    let url = self.url(of: Placement.Cluster(members: target.members))
    return openDatabases.map { database, migrations in
      DatabaseMove(
        database, path: path(of: database.name), migrations: migrations,
        to: PostgresTarget(url: url, database: database.name), loop: loops.loops[0])
    }
  }

  func openPostgres(_ name: String, _ target: MoveTarget) async throws -> PostgresDatabase {
    let url = self.url(of: Placement.Cluster(members: target.members))
    let cluster = cluster(target.cluster, url: url, members: target.members.map(ClusterMember.init))
    return try await PostgresDatabase.open(
      name, of: cluster, ownsCluster: false, migrations: migrations(of: name), loops: loops, limits: limits)
  }

  /// - Parameter epoch: of the placement that will have the database in its file.
  func openSQLite(_ name: String, epoch: Int) async throws -> SQLiteDatabase {
    try await SQLiteDatabase.open(
      name: name, path: path(of: name), migrations: migrations(of: name), loops: loops, quota: quota,
      limits: limits, nowMs: wallClockMs, epoch: epoch)
  }

  private func migrations(of name: String) -> [Migration] {
    openDatabases.first { $0.database.name == name }?.migrations ?? []
  }

  /// Puts a placement in the place of the one that the process goes by. It is on the disk when this returns; when it
  /// throws, the former one counts.
  /// - Throws: `PlacementConflict` when the file holds another one by now.
  func replacePlacement(with next: Placement) throws {
    guard let path = environment.placementPath else { throw MoveError("HEIGHTS_PLACEMENT is not set") }
    try PlacementFile(path).replace(next.epoch - 1, with: next, patienceMs: Self.placementPatienceMs) {
      try PlacementDecision.put($0, at: $1)
    }
  }
}
