// One of Summit's databases without the app around it.

import Foundation
import HeightsKit

/// Opens an empty database with Summit's schema, in a folder that is removed afterwards.
func withSummitDatabase(_ name: String, _ body: (Database, EventLoop) async throws -> Void) async throws {
  let folder = NSTemporaryDirectory() + "summit-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let example = URL(fileURLWithPath: #filePath + "/../../../../Examples/Summit").standardizedFileURL.path
  let loops = try EventLoopGroup(count: 1)
  let engine = try TestEngine()
  defer { engine.remove() }
  let migrations = try Migration.load(directory: "\(example)/Migrations/\(name)")
  let database =
    if let open = try await engine.open(name, migrations, on: loops) { open } else {
      try await Database.open(name: name, path: "\(folder)/\(name).db", migrations: migrations, loops: loops)
    }
  let result: Result<Void, any Error>
  do { result = .success(try await body(database, loops.loops[0])) } catch { result = .failure(error) }
  database.close()
  await loops.shutdown()
  try result.get()
}
