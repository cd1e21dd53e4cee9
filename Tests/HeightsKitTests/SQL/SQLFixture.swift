// What the SQL tests share: a database in a folder of its own, on its own loops.

import Foundation
import HeightsData
import Synchronization

/// Loops and a folder; gone after `body`.
func withDatabaseFolder<T>(
  loops count: Int = 2, _ body: (DatabaseFolder) async throws -> T
) async throws -> T {
  let folder = try DatabaseFolder(loops: count)
  do {
    let result = try await body(folder)
    await folder.remove()
    return result
  } catch {
    await folder.remove()
    throw error
  }
}

struct DatabaseFolder: Sendable {
  let path: String
  let loops: EventLoopGroup

  init(loops count: Int) throws {
    path = NSTemporaryDirectory() + "heights-sql-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    loops = try EventLoopGroup(count: count)
  }

  static let notes = Migration(
    number: 1, name: "notes",
    sql: """
      CREATE TABLE notes (
        shard INTEGER NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL UNIQUE, likes INTEGER,
        CHECK (likes >= 0), PRIMARY KEY (shard, id)) STRICT, WITHOUT ROWID;
      CREATE TABLE links (
        note TEXT NOT NULL REFERENCES notes (text) DEFERRABLE INITIALLY DEFERRED,
        other TEXT REFERENCES notes (text));
      """)

  var file: String { path + "/notes.db" }

  func open(
    _ migrations: [Migration] = [notes], quota: DiskQuota? = nil, limits: DatabaseLimits = DatabaseLimits(),
    clock: Clock = Clock()
  ) async throws -> Database {
    try await Database.open(
      name: "notes", path: file, migrations: migrations, loops: loops, quota: quota, limits: limits,
      nowMs: { clock.nowMs })
  }

  func remove() async {
    await loops.shutdown()
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// A clock that the test moves.
final class Clock: Sendable {
  private let now: Atomic<Int64>
  init(_ nowMs: Int64 = 1_800_000_000_000) { now = Atomic(nowMs) }
  var nowMs: Int64 {
    get { now.load(ordering: .sequentiallyConsistent) }
    set { now.store(newValue, ordering: .sequentiallyConsistent) }
  }
}

let shard7: Shard = Shard(of: "seven")

extension Database {
  @discardableResult
  func insertNote(_ text: String, likes: Int? = nil) async throws -> Identifier {
    try await transaction { try await $0.insertNote(text, likes: likes) }
  }

  func count() async throws -> Int64? { try await first("SELECT count(*) FROM notes") { try $0.int(0) } }
}

extension Transaction {
  func insertNote(_ text: String, likes: Int? = nil) async throws -> Identifier {
    let id = try await first(
      """
      INSERT INTO notes (shard, id, text, likes) VALUES (\(shard7), next_id(\(shard7)), \(text), \(likes))
      RETURNING id
      """
    ) { try $0.identifier(0) }
    guard let id else { throw DatabaseError.unknown(code: 0, message: "no id came back") }
    return id
  }
}
