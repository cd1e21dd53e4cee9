// An app's databases are where its placement says.

import Foundation
import FoundationNetworking
import HeightsKit
import Synchronization
import TestSupport
import Testing

@Suite struct PlacedDatabaseTests {
  private static let notes = [
    Migration(
      number: 1, name: "notes",
      sql: "CREATE TABLE notes (shard BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (shard, id));")
  ]

  /// Serves an app with one database, whose placement is `json`, and calls it once.
  private func serve(_ name: String, _ json: String) async throws -> String {
    let folder = NSTemporaryDirectory() + "placed-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/placement.json"
    try Data(json.utf8).write(to: URL(fileURLWithPath: path))
    return try await App.serving(variables: ["HEIGHTS_PLACEMENT": path]) { context in
      let database = try await context.database(name, migrations: Self.notes)
      var routes = Routes()
      routes.app.get("/") { _ in
        let id = try await database.transaction {
          try await $0.first("INSERT INTO notes (shard, id) VALUES (7, next_id(7)) RETURNING id") {
            try $0.int(0)
          }
        }
        return .text("\(id ?? 0)")
      }
      return routes
    } _: { url in
      String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
    }
  }

  @Test func aDatabaseOfAClusterIsMadeThereAndWrittenThere() async throws {
    let server = try PostgresServer.shared.get()
    _ = try? server.run("CREATE ROLE app LOGIN CREATEDB")
    let name = "placed_\(UInt32.random(in: 0...UInt32.max))"
    let id = try await serve(
      name,
      """
      {"epoch": 3, "clusters": {"main": {"members": ["127.0.0.1:\(server.port)"]}},
       "databases": {"\(name)": [{"shards": "0-4095", "cluster": "main"}]}}
      """)
    #expect(try server.run("SELECT id FROM notes", in: name) == id)
  }

  @Test func aDatabaseThatThePlacementDoesNotNameIsAFile() async throws {
    #expect(try await !serve("files", #"{"epoch": 1}"#).isEmpty)
  }

  @Test func withABrokenPlacementNothingStarts() async throws {
    await #expect(throws: PlacementError.self) { try await serve("files", "{") }
  }
}
