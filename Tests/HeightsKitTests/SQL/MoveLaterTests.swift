// What would fail only after the flip is found before it; and after the decision nothing goes back.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite(.serialized) struct MoveLaterTests {
  private func withMoved(_ schema: String, _ body: (MovedDatabase) async throws -> Void) async throws {
    try await withMovedDatabase([Migration(number: 1, name: "made", sql: schema)], body)
  }

  /// The flip is refused before it raises the fence.
  private func expectRefusal(_ moved: MovedDatabase, _ parts: [String]) async throws {
    let error = await #expect(throws: MoveError.self) {
      try await moved.flip { Issue.record("it was decided") }
    }
    for part in parts {
      #expect(error?.description.contains(part) == true, "\(part), in: \(error?.description ?? "nothing")")
    }
    #expect(!moved.isInPostgres)
    #expect(
      moved.database.ranges.parts[0].engines.raise(limitMs: 10, on: moved.folder.loops.loops[0]),
      "a fence was left")
    moved.database.ranges.parts[0].engines.lower()
  }

  @Test func anOrphanOfAForeignKeyIsFoundBeforeTheFlip() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      try moved.inFile(["INSERT INTO tags VALUES (7, 99, 'of nothing')"])
      try await expectRefusal(
        moved, ["table tags", "row (7, 99, of nothing)", "thing_shard, thing_id", "things"])
      try moved.inFile(["DELETE FROM tags WHERE thing_id = 99"])
      try await moved.flip()
      let move = moved.move()
      try await onThread { try move.finish(epoch: MovedDatabase.epoch) }
    }
  }

  @Test func aRowThatPostgreSQLRefusesIsNamed() async throws {
    // Whole numbers of 64 bits in SQLite, and of 32 in PostgreSQL: all rows pass there.
    let schema = "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT CHECK (a LIKE 'x%' OR (1 << 40) > 1000))"
    try await withMoved(schema) { moved in
      try moved.inFile(["INSERT INTO t VALUES (1, 'xa'), (2, 'Xb'), (3, 'xc')"])
      try await expectRefusal(moved, ["table t, row (2)", "check constraint"])
      try moved.inFile(["UPDATE t SET a = 'xb' WHERE id = 2"])
      try await moved.flip()
    }
    // PostgreSQL's indexes take 2.7 kB of what can't be made smaller.
    try await withMoved("CREATE TABLE t (id TEXT PRIMARY KEY)") { moved in
      try moved.inFile(["INSERT INTO t VALUES ('small'), (hex(randomblob(4000)))"])
      try await expectRefusal(moved, ["table t, row ('", "index"])
    }
    // One that comes after the copy.
    try await withMoved(schema) { moved in
      try await moved.copy()
      try await moved.database.transaction {
        try await $0.execute("INSERT INTO t VALUES (1, 'xa'), (5, 'Xb')")
      }
      let error = await #expect(throws: MoveError.self) { try await moved.flip(copying: false) }
      #expect(error?.description.contains("table t, row (5): PostgreSQL does not take it: a check") == true)
    }
  }

  @Test func aDefaultThatGivesSomethingElseIsRefused() async throws {
    for (column, parts) in [
      ("a TEXT DEFAULT CURRENT_TIMESTAMP", ["table t, column a", "default"]),
      ("a BIGSERIAL", ["table t, column a", "default gives nothing in SQLite and 1 in PostgreSQL"]),
      ("a BIGINT DEFAULT (7 / 2 * 10)", []), ("a TEXT NOT NULL DEFAULT 'it''s'", []),
      ("a DOUBLE PRECISION DEFAULT 0.1", []), ("a BIGINT DEFAULT -5", []), ("a TEXT DEFAULT NULL", []),
    ] {
      try await withMoved("CREATE TABLE t (id BIGINT PRIMARY KEY, \(column))") { moved in
        if parts.isEmpty {
          try await moved.flip()
        } else {
          try await expectRefusal(moved, parts)
        }
      }
    }
  }

  @Test func whatTheEnginesComputeDifferentlyIsFound() async throws {
    // SQLite cuts a fraction off, PostgreSQL rounds.
    let schema =
      "CREATE TABLE t (id BIGINT PRIMARY KEY, r DOUBLE PRECISION, n BIGINT GENERATED ALWAYS AS (CAST(r AS BIGINT)) STORED)"
    let reason = "table t, row (2), column n: the engines compute it differently"
    try await withMoved(schema) { moved in
      try moved.inFile(["INSERT INTO t (id, r) VALUES (1, 2.2), (2, 2.7), (3, 2.7)"])
      try await expectRefusal(moved, [reason])
    }
    try await withMoved(schema) { moved in
      try await moved.copy()
      try await moved.database.transaction {
        try await $0.execute("INSERT INTO t (id, r) VALUES (1, 2.2), (2, 2.7)")
      }
      let error = await #expect(throws: MoveError.self) { try await moved.flip(copying: false) }
      #expect(error?.description.contains(reason) == true)
    }
  }

  @Test func aRowThatIsNotTheSameIsNamed() async throws {
    try await withMovedDatabase { moved in
      for name in ["one", "two", "three"] { _ = try await moved.add(name, ratio: 0.5) }
      try await moved.copy()
      let key = try moved.onServer(
        "UPDATE things SET ratio = 0.25 WHERE name = 'two' RETURNING '(7, ' || id || ')'")
      let move = moved.move()
      let error = await #expect(throws: MoveError.self) { try await onThread { try move.verify() } }
      #expect(error?.description.contains("table things, row \(key), column ratio is not the same") == true)
    }
  }

  @Test func namesThatTheServerHasAreRefusedAndSaidToBe() async throws {
    try await withDatabaseFolder { folder in
      let database = try await Database.open(
        name: "postgres", path: folder.file, migrations: [], loops: folder.loops)
      let target = PostgresTarget(url: try PostgresServer.shared.get().url(), database: "postgres")
      let move = DatabaseMove(
        database, path: folder.file, migrations: [], to: target, loop: folder.loops.loops[0])
      let error = await #expect(throws: MoveError.self) { try await onThread { try move.copy { false } } }
      #expect(error?.description.contains("a database postgres of its own") == true)
      database.close()
    }
  }

  @Test func aDatabaseOfSomebodyElseIsSaidToBe() async throws {
    try await withMovedDatabase { moved in
      let server = try PostgresServer.shared.get()
      try server.run("CREATE DATABASE \(moved.name)")
      let user = "guest_\(moved.name.suffix(12))"
      try server.run("CREATE ROLE \(user) LOGIN")
      let target = PostgresTarget(url: "postgresql://\(user)@127.0.0.1:\(server.port)/", database: moved.name)
      let move = DatabaseMove(
        moved.database, path: moved.folder.file, migrations: moved.migrations, to: target,
        loop: moved.folder.loops.loops[0])
      let error = await #expect(throws: MoveError.self) { try await onThread { try move.copy { false } } }
      #expect(error?.description.contains("it belongs to heights, and \(user) may make no tables") == true)
      try server.run("DROP ROLE \(user)")
    }
  }

  // MARK: The decision

  @Test func aFileWhoseDatabaseHasMovedIsNotOpened() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      try await moved.flip()
      for epoch in [0, MovedDatabase.epoch - 1, MovedDatabase.epoch] {
        let error = await #expect(throws: MoveError.self) { try await moved.openFile(epoch: epoch).close() }
        #expect(error?.description.contains("HEIGHTS_PLACEMENT") == true)
      }
      await #expect(throws: MoveError.self) {
        try await Database.open(
          name: moved.name, path: moved.folder.file, migrations: moved.migrations, loops: moved.folder.loops
        ).close()
      }
      try await moved.flipBack()
      let move = moved.move()
      try await onThread { try move.abandon() }
      try await moved.openFile(epoch: 0).close()
      // Also where the flip could not leave it.
      try await moved.flip()
      try moved.inFile(["DROP TABLE heights_moved"])
      let last = moved.move()
      try await onThread { try last.finish(epoch: MovedDatabase.epoch) }
      await #expect(throws: MoveError.self) { try await moved.openFile(epoch: MovedDatabase.epoch).close() }
    }
  }

  @Test func aPlacementThatHasItsNameCountsAlsoWhenTheDiskFailsThen() throws {
    struct Broken: Error {}
    let folder = NSTemporaryDirectory() + "heights-decision-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/placement.json"
    let first = Placement(epoch: 1)
    let next = Placement(epoch: 2)
    try PlacementDecision.put(first, at: path)
    // Before the name is there, the former one counts.
    #expect(throws: Broken.self) {
      try PlacementDecision.put(next, at: path, write: { _, _ in throw Broken() }, end: { fatalError($0) })
    }
    #expect(try PlacementFile(path).read()?.epoch == 1)
    // Afterwards it goes on.
    var tries = 0
    try PlacementDecision.put(
      next, at: path,
      write: { placement, path in
        try PlacementFile.put(placement, path)
        throw Broken()
      },
      sync: { folder in
        tries += 1
        if tries == 1 { throw Broken() }
        try AtomicFile.syncFolder(folder)
      }, end: { fatalError($0) })
    #expect(tries == 2)
    #expect(try PlacementFile(path).read()?.epoch == 2)
  }

  @Test func aProcessEndsWhenItCantBeToldWhichPlacementCounts() async {
    await #expect(processExitsWith: .exitCode(1)) {
      struct Broken: Error {}
      let path = NSTemporaryDirectory() + "heights-decision-\(UUID().uuidString).json"
      try PlacementDecision.put(
        Placement(epoch: 1), at: path,
        write: { placement, path in
          try PlacementFile.put(placement, path)
          throw Broken()
        },
        sync: { _ in
          unlink(path)
          throw Broken()
        })
    }
  }
}
