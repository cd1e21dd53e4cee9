// A database of notes on a real PostgreSQL server.

import Foundation
import HeightsData
import TestSupport

/// A database of the shared server with the migrations of the test, on loops of its own; gone after `body`.
func withPostgres<T>(
  _ migrations: [Migration] = [PostgresNotes.notes], loops count: Int = 2,
  limits: DatabaseLimits = DatabaseLimits(),
  _ body: (PostgresNotes, Database) async throws -> T
) async throws -> T {
  let server = try PostgresServer.shared.get()
  let notes = PostgresNotes(
    server: server, name: "t\(UInt32.random(in: 0 ... .max))", loops: try EventLoopGroup(count: count))
  try server.run("CREATE DATABASE \(notes.name)")
  let result: Result<T, any Error>
  do {
    let database = try await notes.open(migrations, limits: limits)
    result = .success(try await body(notes, database))
    database.close()
  } catch { result = .failure(error) }
  await notes.loops.shutdown()
  try server.run("DROP DATABASE \(notes.name) WITH (FORCE)")
  return try result.get()
}

struct PostgresNotes: Sendable {
  let server: PostgresServer
  let name: String
  let loops: EventLoopGroup

  static let notes = Migration(
    number: 1, name: "notes",
    sql: """
      CREATE TABLE notes (
        shard BIGINT NOT NULL, id BIGINT NOT NULL, text TEXT NOT NULL UNIQUE, likes BIGINT,
        CHECK (likes >= 0), PRIMARY KEY (shard, id));
      CREATE TABLE links (
        note TEXT NOT NULL REFERENCES notes (text) DEFERRABLE INITIALLY DEFERRED,
        other TEXT REFERENCES notes (text));
      """)

  func open(_ migrations: [Migration] = [notes], limits: DatabaseLimits = DatabaseLimits()) async throws
    -> Database
  {
    try await Database.open(
      name: name, url: server.url(), migrations: migrations, loops: loops, limits: limits)
  }

  /// Ends the app's connections. A loop on whose thread that is done does not hear of it before it goes on.
  func endConnections() throws {
    try server.run(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '\(name)' AND application_name = 'heights'"
    )
  }
}
