// A SQLite database and an empty one of the same name on a real PostgreSQL server, and the move between them.

import Foundation
import HeightsData
import TestSupport

struct MovedDatabase {
  static let schema = Migration(
    number: 1, name: "things",
    sql: """
      CREATE TABLE things (
        shard BIGINT NOT NULL, id BIGINT NOT NULL, name TEXT NOT NULL, ratio DOUBLE PRECISION, photo BYTEA,
        PRIMARY KEY (shard, id));
      CREATE UNIQUE INDEX things_by_name ON things (shard, name);
      CREATE TABLE tags (
        thing_shard BIGINT NOT NULL, thing_id BIGINT NOT NULL, tag TEXT NOT NULL,
        PRIMARY KEY (thing_shard, thing_id, tag),
        FOREIGN KEY (thing_shard, thing_id) REFERENCES things (shard, id));
      """)

  /// Of the placement by which the database moves.
  static let epoch = 7

  let folder: DatabaseFolder
  let database: Database
  let url: String
  let migrations: [Migration]
  let name = "move_\(UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: ""))"

  init(_ folder: DatabaseFolder, migrations: [Migration] = [schema]) async throws {
    self.folder = folder
    self.migrations = migrations
    url = try PostgresServer.shared.get().url()
    database = try await Database.open(
      name: name, path: folder.file, migrations: migrations, loops: folder.loops)
  }

  func move() -> DatabaseMove {
    DatabaseMove(
      database, path: folder.file, migrations: migrations, to: PostgresTarget(url: url, database: name),
      loop: folder.loops.loops[0])
  }

  func openTarget() async throws -> (PostgresDatabase, PostgresCluster) {
    let cluster = PostgresCluster(
      "main", url: url, members: ClusterMember.members(of: [url]), on: folder.loops.loops[0])
    return (
      try await PostgresDatabase.open(
        name, of: cluster, ownsCluster: true, migrations: migrations, loops: folder.loops,
        limits: DatabaseLimits()), cluster
    )
  }

  /// - Parameter epoch: of the placement that has the database in its file.
  func openFile(epoch: Int = MovedDatabase.epoch + 1) async throws -> SQLiteDatabase {
    try await SQLiteDatabase.open(
      name: name, path: folder.file, migrations: migrations, loops: folder.loops, quota: nil,
      limits: DatabaseLimits(), nowMs: wallClockMs, epoch: epoch)
  }

  // MARK: What the app does

  func add(_ thing: String, ratio: Double? = nil, photo: [UInt8]? = nil, to database: Database? = nil)
    async throws
    -> Int64
  {
    try await (database ?? self.database).transaction { transaction in
      let id = try await transaction.first("SELECT next_id(\(7))") { try $0.int(0) } ?? 0
      try await transaction.execute(
        "INSERT INTO things (shard, id, name, ratio, photo) VALUES (\(7), \(id), \(thing), \(ratio), \(photo))"
      )
      try await transaction.execute("INSERT INTO tags VALUES (\(7), \(id), \("tag of " + thing))")
      return id
    }
  }

  func names() async throws -> [String] {
    try await database.query("SELECT name FROM things ORDER BY id") { try $0.text(0) }
  }
}

/// A database to be moved; nothing of it stays, here or on the server.
func withMovedDatabase(
  _ migrations: [Migration] = [MovedDatabase.schema], _ body: (MovedDatabase) async throws -> Void
) async throws {
  try await withDatabaseFolder { folder in
    let moved = try await MovedDatabase(folder, migrations: migrations)
    do { try await body(moved) } catch {
      moved.database.close()
      throw error
    }
    moved.database.close()
  }
}

/// Runs what blocks on a thread of its own.
func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Foundation.Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}
