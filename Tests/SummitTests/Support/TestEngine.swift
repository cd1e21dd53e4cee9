// The database engine that Summit is tested on: SQLite, and with HEIGHTS_TEST_DATABASE=postgres a real PostgreSQL.

import Foundation
import TestSupport

/// What a run of Summit needs of its engine.
struct TestEngine {
  private static let databases = ["accounts", "posts", "graph", "sessions", "waitlist"]
  static let isPostgres = ProcessInfo.processInfo.environment["HEIGHTS_TEST_DATABASE"] == "postgres"

  /// For the environment of the app.
  let variables: [String: String]
  private let server: PostgresServer?

  /// Makes empty databases.
  init(isPostgres: Bool = Self.isPostgres) throws {
    guard isPostgres else {
      (variables, server) = ([:], nil)
      return
    }
    let server = try PostgresServer.shared.get()
    for name in Self.databases { try server.run("CREATE DATABASE \(name)") }
    (self.server, variables) = (server, ["DATABASE_URL": server.url()])
  }

  func remove() {
    // What is left of it goes with the server.
    for name in Self.databases { _ = try? server?.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
  }
}
