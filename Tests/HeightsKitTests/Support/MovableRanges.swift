// An app whose database is in ranges of two real servers, and what a tool does that moves rows between them.

import TestSupport

@testable import HeightsData
@testable import HeightsHTTP
@testable import HeightsKit
@testable import HeightsRuntime

/// Two servers, and an app that has its notes where its placement says. Gone after `body`.
func withMovableRanges(
  _ first: [MovableRanges.Range], _ body: (MovableRanges) async throws -> Void
) async throws {
  let servers = try await blocking {
    try ["low", "high"].map { name in
      let server = try PostgresServer()
      try server.run("CREATE ROLE app LOGIN CREATEDB")
      let url = "postgresql://app@127.0.0.1:\(server.port)/"
      try PostgresMigrator(PostgresTarget(url: url, database: "notes")).apply([PostgresNotes.notes])
      return (name, server)
    }
  }
  defer { for (_, server) in servers { server.stop() } }
  try await withFolder { folder in
    let path = folder + "/placement.json"
    let placement = try MovableRanges.placement(1, first, servers)
    try placement.write(to: path)
    try await withContext(["HEIGHTS_PLACEMENT": path, "HEIGHTS_LOOPS": "2"]) { context in
      let database = try await context.database("notes", migrations: [PostgresNotes.notes])
      try await body(
        MovableRanges(low: servers[0].1, high: servers[1].1, context: context, database: database, path: path)
      )
    }
  }
}

struct MovableRanges: Sendable {
  typealias Range = (shards: String, cluster: String)

  let low: PostgresServer
  let high: PostgresServer
  let context: AppContext
  let database: Database
  private let path: String

  fileprivate init(
    low: PostgresServer, high: PostgresServer, context: AppContext, database: Database, path: String
  ) {
    (self.low, self.high, self.context, self.database, self.path) = (low, high, context, database, path)
  }

  fileprivate static func placement(
    _ epoch: Int, _ ranges: [Range], _ servers: [(name: String, server: PostgresServer)]
  ) throws -> Placement {
    var placement = Placement(epoch: epoch)
    for (name, server) in servers {
      placement.clusters[name] = .init(members: [ServerAddress("127.0.0.1:\(server.port)")].compactMap { $0 })
    }
    placement.databases["notes"] = ranges.compactMap { shards, cluster in
      ShardRange(shards).map { .init(shards: $0, cluster: cluster) }
    }
    try placement.check()
    return placement
  }

  /// Replaces the placement; the app finds it.
  func write(_ epoch: Int, _ ranges: [Range], others: [(name: String, server: PostgresServer)] = []) throws {
    try Self.placement(epoch, ranges, [("low", low), ("high", high)] + others).write(to: path)
  }

  func place(_ epoch: Int, _ ranges: [Range]) async throws {
    try write(epoch, ranges)
    try await eventually("placement \(epoch) is adopted") { context.placements.adoptedEpoch == epoch }
  }

  /// Copies the rows of some shards, which nobody writes where they were from now on.
  func carry(_ shards: ClosedRange<Int>, from source: PostgresServer, to target: PostgresServer) throws {
    let (first, last) = (shards.lowerBound, shards.upperBound)
    // Waits for transactions that write the table, and those that begin after it are refused as by a follower.
    try source.run(
      """
      CREATE OR REPLACE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'moved' USING ERRCODE = '25006'; END $$;
      CREATE TRIGGER fence_\(first) BEFORE INSERT OR UPDATE ON notes FOR EACH ROW
        WHEN (NEW.shard BETWEEN \(first) AND \(last)) EXECUTE FUNCTION refuse();
      """, in: "notes")
    let rows = try source.run(
      """
      SELECT string_agg(format('(%s, %s, %L)', shard, id, text), ', ') FROM notes
      WHERE shard BETWEEN \(first) AND \(last)
      """, in: "notes")
    try target.run("DROP TRIGGER IF EXISTS fence_\(first) ON notes", in: "notes")
    if rows.isEmpty { return }
    try target.run("INSERT INTO notes (shard, id, text) VALUES \(rows)", in: "notes")
  }

  /// Removes what was carried elsewhere.
  func forget(_ shards: ClosedRange<Int>, at server: PostgresServer) throws {
    try server.run(
      "DELETE FROM notes WHERE shard BETWEEN \(shards.lowerBound) AND \(shards.upperBound)", in: "notes")
  }

  func texts(_ server: PostgresServer) throws -> String {
    try server.run("SELECT COALESCE(string_agg(text, ' ' ORDER BY text), '') FROM notes", in: "notes")
  }

  /// How many connections the app has there, those that look after the server among them.
  func connections(to server: PostgresServer) throws -> String {
    try server.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'heights'")
  }

  func text(of shard: Shard, _ text: String) async throws -> String? {
    try await database.first("SELECT text FROM notes WHERE shard = \(shard) AND text = \(text)") {
      try $0.text(0)
    }
  }
}
