// The database engine that Summit is tested on: SQLite; with HEIGHTS_TEST_DATABASE=postgres a real PostgreSQL; with `ranges`
// two of them, which have half of the shards each.

import Foundation
import TestSupport

@testable import HeightsKit

/// What a run of Summit needs of its engine.
struct TestEngine {
  enum Kind: String {
    case sqlite, postgres, ranges

    /// How many clusters a database is in, or files.
    var clusters: Int { self == .ranges ? 2 : 1 }

    /// As the environment wants it.
    static let chosen =
      Kind(rawValue: ProcessInfo.processInfo.environment["HEIGHTS_TEST_DATABASE"] ?? "sqlite") ?? .sqlite
  }

  private static let databases = ["accounts", "posts", "graph", "sessions", "waitlist"]
  private static let second = Result { try PostgresServer() }

  /// For the environment of the app.
  let variables: [String: String]
  private let servers: [PostgresServer]
  private let placement: String?

  /// Makes empty databases.
  init(_ kind: Kind = .chosen) throws {
    servers =
      switch kind {
      case .sqlite: []
      case .postgres: [try PostgresServer.shared.get()]
      case .ranges: [try PostgresServer.shared.get(), try Self.second.get()]
      }
    for server in servers {
      for name in Self.databases { try server.run("CREATE DATABASE \(name)") }
    }
    placement = kind == .ranges ? NSTemporaryDirectory() + "placement-\(UUID().uuidString).json" : nil
    variables =
      if let placement { ["HEIGHTS_PLACEMENT": placement] } else if let server = servers.first {
        ["DATABASE_URL": server.url()]
      } else { [:] }
    if let placement { try place(at: placement) }
  }

  /// The whole of the waitlist is read in order, so it is in one range.
  private func place(at path: String) throws {
    var placement = Placement(epoch: 1)
    for (index, server) in servers.enumerated() {
      // Whom the placement has apps be.
      _ = try? server.run("CREATE ROLE app LOGIN SUPERUSER")
      guard let address = ServerAddress("127.0.0.1:\(server.port)") else { continue }
      placement.clusters["c\(index)"] = Placement.Cluster(members: [address])
    }
    for name in Self.databases {
      placement.databases[name] = ranges(name == "waitlist" ? 1 : servers.count)
    }
    try placement.check()
    try PlacementFile.put(placement, path)
  }

  private func ranges(_ count: Int) -> [Placement.Range] {
    ShardRange.all.split(into: count).enumerated().map { Placement.Range(shards: $1, cluster: "c\($0)") }
  }

  /// Opens a database where the app would; nil where that is a file.
  func open(_ name: String, _ migrations: [Migration], on loops: EventLoopGroup) async throws -> Database? {
    if servers.isEmpty { return nil }
    let ranges = zip(ShardRange.all.split(into: servers.count), servers).map { shards, server in
      let members = ClusterMember.members(of: [server.url()])
      let cluster = PostgresCluster(
        "c\(shards)", url: server.url(), members: members, on: loops.loops[0])
      return (shards: shards, cluster: cluster)
    }
    return try await Database.open(
      name, of: ranges, ownsCluster: true, migrations: migrations, loops: loops, limits: DatabaseLimits())
  }

  func remove() {
    if let placement { try? FileManager.default.removeItem(atPath: placement) }
    for server in servers {
      // What is left of it goes with the server.
      for name in Self.databases { _ = try? server.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
    }
  }
}
