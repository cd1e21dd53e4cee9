// A database moves from SQLite to PostgreSQL and back while it is written to: nothing is lost, doubled or old.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct MoveTests {
  @Test func everyKindOfValueArrivesAsItWas() async throws {
    try await withMovedDatabase { moved in
      let texts = [
        "tab\tnew\nline\rback\\slash", "\u{8}\u{b}\u{c}", "", "\\N", "äöü 🏔", "'\"; DROP TABLE things",
      ]
      for text in texts { _ = try await moved.add(text, ratio: -0.1, photo: [0, 1, 255, 92, 10]) }
      for ratio in [1e300, .leastNonzeroMagnitude, .infinity, -.infinity, 0.1 + 0.2, 3] {
        _ = try await moved.add("ratio \(ratio)", ratio: ratio, photo: [])
      }
      _ = try await moved.add("nothing")
      let before = try await moved.dump()
      try await moved.flip()
      #expect(try await moved.dump() == before)
      #expect(moved.isInPostgres)
    }
  }

  @Test func whatIsWrittenMeanwhileArrivesOnceAndIdentifiersGoOn() async throws {
    try await withMovedDatabase { moved in
      for number in 0..<2_000 { _ = try await moved.add("first \(number)") }
      let writer = BusyWriter(moved)
      let task = Task { try await writer.run() }
      try await moved.flip()
      try await writer.waitForMore(200)
      writer.stop()
      let acknowledged = try await task.value
      let found = Set(try await moved.names())
      #expect(acknowledged.names.subtracting(found).isEmpty)
      #expect(found.intersection(acknowledged.removed).isEmpty)
      #expect(moved.isInPostgres)
      let ids = try await moved.database.query("SELECT id FROM things") { try $0.int(0) }
      #expect(Set(ids).count == ids.count)
      let latest = try await moved.add("latest")
      #expect(ids.allSatisfy { $0 < latest })
    }
  }

  @Test func theWayBackCarriesWhatWasWrittenSince() async throws {
    try await withMovedDatabase { moved in
      let gone = try await moved.add("gone later")
      let kept = try await moved.add("renamed later")
      try await moved.flip()
      _ = try await moved.add("in PostgreSQL", ratio: 0.1, photo: [1, 2])
      try await moved.database.transaction {
        try await $0.execute("DELETE FROM tags WHERE thing_id = \(gone)")
        try await $0.execute("DELETE FROM things WHERE id = \(gone)")
        try await $0.execute("UPDATE things SET name = \("renamed") WHERE id = \(kept)")
      }
      let before = try await moved.dump()
      let latest = try await moved.add("last")
      try await moved.flipBack()
      #expect(!moved.isInPostgres)
      #expect(try await moved.dump().count == before.count + 1)
      #expect(try await moved.names() == ["renamed", "in PostgreSQL", "last"])
      #expect(try await moved.add("after") > latest)
      let move = moved.move()
      try await onThread { try move.abandon() }
      // Nothing of the move stays, and another one begins from nothing.
      #expect(try moved.onServer("SELECT count(*) FROM things") == "0")
      try await moved.flip()
      #expect(try await moved.names() == ["renamed", "in PostgreSQL", "last", "after"])
    }
  }

  @Test func anInterruptedCopyGoesOnWhereItStopped() async throws {
    try await withMovedDatabase { moved in
      try await moved.addMany(45_000)
      let move = moved.move()
      await #expect(throws: MoveError.self) {
        let checks = Mutex(0)
        try await onThread {
          try move.copy {
            checks.withLock {
              $0 += 1
              return $0 > 2
            }
          }
        }
      }
      let arrived = Int(try moved.onServer("SELECT count(*) FROM things")) ?? 0
      #expect(arrived > 0 && arrived < 45_000)
      // Marked, so that a second copy of the same row would show.
      _ = try moved.onServer("UPDATE things SET ratio = 42")
      let second = moved.move()
      try await onThread { try second.copy { false } }
      #expect(try moved.onServer("SELECT count(*) FROM things WHERE ratio = 42") == "\(arrived)")
      #expect(try moved.onServer("SELECT count(*) FROM things") == "45000")
      // A row that differs is found.
      await #expect(throws: MoveError.self) { try await onThread { try second.verify() } }
    }
  }

  @Test func namesThatAreExchangedDuringTheCopyAreNotInEachOthersWay() async throws {
    try await withMovedDatabase { moved in
      try await moved.addMany(30_000)
      let move = moved.move()
      let database = moved.database
      // Between two chunks: the first row, which is copied, gives its name to the last one, which is not.
      let exchange = DispatchSemaphore(value: 0)
      let exchanged = DispatchSemaphore(value: 0)
      let swap = Task {
        try await onThread { exchange.waitInTime(for: "the copy is between two chunks") }
        try await database.transaction {
          try await $0.execute("UPDATE things SET name = \("other") WHERE name = \("many 0")")
          try await $0.execute("UPDATE things SET name = \("many 0") WHERE name = \("many 29999")")
        }
        exchanged.signal()
      }
      let checks = Mutex(0)
      try await onThread {
        try move.copy {
          let number = checks.withLock {
            $0 += 1
            return $0
          }
          if number == 2 {
            exchange.signal()
            exchanged.waitInTime(for: "the names are exchanged")
          }
          return false
        }
      }
      try await swap.value
      try await onThread { try move.verify() }
      #expect(try moved.onServer("SELECT count(*) FROM things WHERE name = 'many 0' AND id = 29999") == "1")
      #expect(try moved.onServer("SELECT count(*) FROM things") == "30000")
    }
  }

  @Test func aTransactionThatDoesNotEndLeavesTheDatabaseWhereItIs() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      let copy = moved.move()
      try await onThread { try copy.copy { false } }
      let (database, gate) = (moved.database, DispatchSemaphore(value: 0))
      let hasBegun = DispatchSemaphore(value: 0)
      let long = Task {
        try await database.transaction { transaction in
          hasBegun.signal()
          // Longer than the fence stands, and shorter than its own limit.
          _ = gate.wait(timeout: .now() + .milliseconds(DatabaseMove.fenceMs + 1_000))
          try await transaction.execute("UPDATE things SET name = \("two")")
        }
      }
      try await onThread { hasBegun.waitInTime(for: "the transaction has begun") }
      await #expect(throws: MoveError.self) { try await moved.flip(copying: false) }
      gate.signal()
      try await long.value
      #expect(!moved.isInPostgres)
      #expect(try await moved.names() == ["two"])
      try await moved.flip()
      #expect(try await moved.names() == ["two"])
    }
  }

  @Test func aDecisionThatCannotBeWrittenLeavesTheDatabaseWhereItIs() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      await #expect(throws: MoveError.self) { try await moved.flip { throw MoveError("the disk is full") } }
      #expect(!moved.isInPostgres)
      _ = try await moved.add("two")
      try await moved.flip()
      #expect(try await moved.names() == ["one", "two"])
    }
  }

  @Test func rowsThatNoMoveHasPutThereAreNotTouched() async throws {
    try await withMovedDatabase { moved in
      let (target, _) = try await moved.openTarget()
      target.close()
      _ = try moved.onServer("INSERT INTO things VALUES (7, 1, 'somebody else''s', NULL, NULL)")
      let move = moved.move()
      let error = await #expect(throws: MoveError.self) { try await onThread { try move.copy { false } } }
      #expect(error?.description.contains("things") == true)
      #expect(try moved.onServer("SELECT count(*) FROM things") == "1")
    }
  }

  @Test func afterTheEndOfAMoveForeignKeysHoldAndNothingOfItStays() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      try await moved.flip()
      let move = moved.move()
      try await onThread { try move.checkBack() }
      try await onThread { try move.finish(epoch: MovedDatabase.epoch) }
      await #expect(throws: DatabaseError.self) {
        try await moved.database.transaction {
          try await $0.execute("INSERT INTO tags VALUES (\(7), \(1), \("of nothing"))")
        }
      }
      let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'heights_%' AND relkind = 'r'"
      // The migrations and the identifiers.
      #expect(try moved.onServer(tables) == "2")
      #expect(try moved.onServer("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == "0")
      await #expect(throws: MoveError.self) { try await onThread { try move.checkBack() } }
      await #expect(throws: MoveError.self) { try await moved.flipBack() }
      #expect(moved.isInPostgres)
    }
  }

  @Test func aKeyComesBackFromItsText() throws {
    let key: [SQLValue] = [
      .integer(.min), .text("a\"b\\\u{1}ü"), .blob([0, 255]), .real(-0.5), .text(""), .null,
    ]
    #expect(try MoveKey.decode(MoveKey.encode(key)) == key)
    #expect(try MoveKey.decode(MoveKey.encode([])) == nil)
    #expect(throws: MoveError.self) { try MoveKey.decode("[\"x\"]") }
  }
}

/// Writes as fast as it is answered, and remembers what was acknowledged.
private final class BusyWriter: Sendable {
  struct Acknowledged {
    var names: Set<String> = []
    var removed: Set<String> = []
  }

  private let moved: MovedDatabase
  private let isStopped = Atomic<Bool>(false)
  private let count = Atomic<Int>(0)

  init(_ moved: MovedDatabase) { self.moved = moved }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  func waitForMore(_ writes: Int) async throws {
    let goal = count.load(ordering: .relaxed) + writes
    try await eventually("\(writes) more writes") { count.load(ordering: .relaxed) >= goal }
  }

  func run() async throws -> Acknowledged {
    var acknowledged = Acknowledged()
    var number = 0
    while !isStopped.load(ordering: .relaxed) {
      number += 1
      let (first, second) = ("busy \(number)", "renamed \(number)")
      let id = try await moved.add(first)
      if number % 3 == 0 {
        try await moved.database.transaction {
          try await $0.execute("UPDATE things SET name = \(second) WHERE id = \(id)")
        }
        acknowledged.names.insert(second)
        acknowledged.removed.insert(first)
      } else if number % 7 == 0 {
        try await moved.database.transaction {
          try await $0.execute("DELETE FROM tags WHERE thing_id = \(id)")
          try await $0.execute("DELETE FROM things WHERE id = \(id)")
        }
        acknowledged.removed.insert(first)
      } else {
        acknowledged.names.insert(first)
      }
      count.add(1, ordering: .relaxed)
    }
    return acknowledged
  }
}

extension MovedDatabase {
  var isInPostgres: Bool {
    if case .postgres = database.ranges.parts[0].engines.engine { true } else { false }
  }

  func flip(copying: Bool = true, _ decide: @escaping @Sendable () throws -> Void = {}) async throws {
    let (engine, _) = try await openTarget()
    let move = move()
    do {
      try await onThread {
        if copying { try move.copy { false } }
        try move.flip(to: engine, epoch: Self.epoch, decide: decide)
      }
    } catch {
      engine.close()
      throw error
    }
  }

  func flipBack() async throws {
    let (engine, move) = (try await openFile(), move())
    do { try await onThread { try move.flipBack(to: engine) {} } } catch {
      engine.close()
      throw error
    }
  }

  /// All rows as texts.
  func dump() async throws -> [String] {
    try await database.query("SELECT id, name, ratio, photo FROM things ORDER BY id") { row in
      let ratio = try row.isNull(2) ? "none" : "\(try row.double(2))"
      let photo = try row.isNull(3) ? "none" : "\(try row.blob(3))"
      return "\(try row.int(0)) \(try row.text(1)) \(ratio) \(photo)"
    }
  }

  func addMany(_ count: Int) async throws {
    try await database.transaction {
      try await $0.execute(
        """
        INSERT INTO things (shard, id, name) WITH RECURSIVE n (i) AS (
          SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(count - 1)) SELECT 7, i, 'many ' || i FROM n
        """)
    }
  }

  func onServer(_ sql: String) throws -> String { try PostgresServer.shared.get().run(sql, in: name) }
}
