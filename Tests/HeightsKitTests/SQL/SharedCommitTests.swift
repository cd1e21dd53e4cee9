// Transactions of one shard share a commit of PostgreSQL's, and each is still on its own.

import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct SharedCommitTests {
  private struct Mine: Error {}

  /// What became of each of so many transactions, begun at once on all loops.
  private func atOnce(
    _ count: Int, _ loops: EventLoopGroup, _ body: @escaping @Sendable (Int) async throws -> Void
  ) async -> [Result<Void, any Error>] {
    await withTaskGroup(of: (Int, Result<Void, any Error>).self) { group in
      for number in 0..<count {
        let loop = loops.next()
        group.addTask {
          do { return (number, .success(try await loop.run { try await body(number) })) } catch {
            return (number, .failure(error))
          }
        }
      }
      var results = [Result<Void, any Error>](repeating: .success(()), count: count)
      for await (number, result) in group { results[number] = result }
      return results
    }
  }

  private func texts(_ database: Database) async throws -> Set<String> {
    let texts = try await database.query("SELECT text FROM notes") { try $0.text(0) }
    #expect(Set(texts).count == texts.count)
    return Set(texts)
  }

  @Test func manyOfOneShardAreCommittedTogetherAndNobodyBeginsAgain() async throws {
    var limits = DatabaseLimits()
    (limits.transactionMs, limits.batchMs) = (60_000, 60_000)
    try await withPostgres(limits: limits) { notes, database in
      let runs = Atomic<Int>(0)
      let results = await atOnce(200, notes.loops) { number in
        try await database.transaction { transaction in
          runs.add(1, ordering: .relaxed)
          _ = try await transaction.insertNote("\(number)")
        }
      }
      let done = results.count { $0.isSuccess }
      #expect(done == 200)
      let found = try await texts(database)
      #expect(found.count == 200)
      #expect(runs.load(ordering: .relaxed) == 200, "nobody was in another's way")
      let statistics = database.statistics
      #expect(statistics.transactions == 200 && statistics.commits < 100, "\(statistics.commits) commits")
      #expect(statistics.commits >= 200 / OpenTransaction.limit)
      #expect(statistics.waiting == 0)
    }
  }

  enum Failure: CaseIterable, Sendable {
    /// The app's; the server knows nothing of it.
    case thrown
    /// The server refuses the statement, and all that follows until it is rolled back.
    case refused
    /// The same, and the app makes nothing of it.
    case ignored
  }

  @Test(arguments: Failure.allCases)
  func whoFailsTakesNobodyAlongAndNobodyBeginsAgain(_ failure: Failure) async throws {
    var limits = DatabaseLimits()
    (limits.transactionMs, limits.batchMs) = (60_000, 60_000)
    try await withPostgres(limits: limits) { notes, database in
      let runs = Atomic<Int>(0)
      let results = await atOnce(120, notes.loops) { number in
        try await database.transaction { transaction in
          runs.add(1, ordering: .relaxed)
          _ = try await transaction.insertNote("\(number)")
          // An odd number: some of each loop.
          if number % 5 != 1 { return }
          switch failure {
          case .thrown: throw Mine()
          case .refused: _ = try await transaction.insertNote("\(number)")
          case .ignored: do { try await transaction.execute("SELECT 1 / 0") } catch {}
          }
        }
      }
      for (number, result) in results.enumerated() {
        switch (number % 5, failure, result) {
        case (1, .thrown, .failure(is Mine)), (1, .refused, .failure(DatabaseError.conflict)),
          (1, .ignored, .failure(DatabaseError.invalid)), (0, _, .success), (2..., _, .success):
          break
        default: Issue.record("\(number): \(result)")
        }
      }
      let kept = Set((0..<120).filter { $0 % 5 != 1 }.map { "\($0)" })
      let found = try await texts(database)
      #expect(found == kept)
      #expect(runs.load(ordering: .relaxed) == 120)
      #expect(database.statistics.commits < 60, "\(database.statistics.commits) commits")
    }
  }

  @Test func whatWasAcknowledgedTogetherIsThereWhenTheServerEndsConnections() async throws {
    var limits = DatabaseLimits()
    limits.transactionMs = 60_000
    try await withPostgres(limits: limits) { notes, database in
      let done = Atomic<Bool>(false)
      let disturber = Task.detached {
        while !done.load(ordering: .acquiring) {
          try notes.server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(notes.name)' AND application_name = 'heights'"
          )
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      let results = await atOnce(600, notes.loops) { number in _ = try await database.insertNote("\(number)")
      }
      done.store(true, ordering: .releasing)
      try await disturber.value
      let found = try await texts(database)
      for (number, result) in results.enumerated() {
        switch result {
        case .success: #expect(found.contains("\(number)"), "an acknowledged write is missing")
        case .failure(DatabaseError.unknown): break
        case .failure(let error): #expect(!found.contains("\(number)"), "a refused write is there: \(error)")
        }
      }
      let acknowledged = results.count { $0.isSuccess }
      #expect(acknowledged > 300)
    }
  }
}

/// What those who share a commit see, and of whom they depend.
@Suite(.serialized) struct SharedSnapshotTests {
  private static func limits() -> DatabaseLimits {
    var limits = DatabaseLimits()
    (limits.transactionMs, limits.batchMs) = (10_000, 60_000)
    return limits
  }

  /// Returns when so many transactions have begun and not ended.
  private static func waitUntil(_ database: Database, has count: Int) async throws {
    while database.statistics.waiting < count { try await Task.sleep(for: .milliseconds(2)) }
  }

  private static func wait(for flag: Flag, on loop: EventLoop) async throws {
    while !flag.isSet { try await loop.sleep(ms: 2) }
  }

  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  @Test func whoComesLaterSeesWhatWasAcknowledgedBefore() async throws {
    try await withPostgres(loops: 1, limits: Self.limits()) { notes, database in
      let (loop, gate, hasBegun) = (notes.loops.loops[0], Flag(), Flag())
      async let first: Void = loop.run {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("first")
          hasBegun.set()
          try await Self.wait(for: gate, on: loop)
        }
      }
      try await Self.wait(for: hasBegun, on: loop)
      // Another server's, acknowledged before the second begins.
      try notes.server.run("INSERT INTO notes VALUES (8, 8, 'of another server', 0)", in: notes.name)
      async let found = loop.run {
        try await database.transaction { transaction in
          try await transaction.first(
            "SELECT (SELECT count(*) FROM notes WHERE shard = 8) FROM (VALUES (\(shard7))) AS t"
          ) { try $0.int(0) }
        }
      }
      try await Self.waitUntil(database, has: 2)
      gate.set()
      try await first
      let count = try await found
      #expect(count == 1)
    }
  }

  @Test func whoFailedForWhatWasNotCommittedBeginsAgain() async throws {
    try await withPostgres(loops: 1, limits: Self.limits()) { notes, database in
      let (loop, gate, hasBegun) = (notes.loops.loops[0], Flag(), Flag())
      let firstRuns = Atomic<Int>(0)
      let lastRuns = Atomic<Int>(0)
      async let holder: Void = loop.run {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("holder")
          hasBegun.set()
          try await Self.wait(for: gate, on: loop)
        }
      }
      // It has the turn by then: an attempt that finds no leader yet is counted, too.
      try await Self.wait(for: hasBegun, on: loop)
      async let first: Void = loop.run {
        try await database.transaction { transaction in
          let run = firstRuns.add(1, ordering: .relaxed).newValue
          _ = try await transaction.insertNote(run == 1 ? "name" : "other")
        }
      }
      try await Self.waitUntil(database, has: 2)
      async let second: Void = loop.run {
        try await database.transaction { _ = try await $0.insertNote("name") }
      }
      try await Self.waitUntil(database, has: 3)
      async let last: Void = loop.run {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("last")
          guard lastRuns.add(1, ordering: .relaxed).newValue == 1 else { return }
          try notes.endConnections()
        }
      }
      try await Self.waitUntil(database, has: 4)
      gate.set()
      _ = try await (holder, first, second, last)
      #expect(firstRuns.load(ordering: .relaxed) == 2)
      let texts = try await database.query("SELECT text FROM notes ORDER BY text") { try $0.text(0) }
      #expect(texts == ["holder", "last", "name", "other"])
    }
  }

  @Test func whoDoesNotEndKeepsTheShardNoLongerThanItsTime() async throws {
    try await withPostgres(loops: 1, limits: Self.limits()) { notes, database in
      let (loop, gate, release, hasBegun) = (notes.loops.loops[0], Flag(), Flag(), Flag())
      async let holder: Void = loop.run {
        try await database.transaction { transaction in
          _ = try await transaction.insertNote("holder")
          hasBegun.set()
          try await Self.wait(for: gate, on: loop)
        }
      }
      // It has the turn by then: an attempt that finds no leader yet is counted, too.
      try await Self.wait(for: hasBegun, on: loop)
      async let first: Void = loop.run {
        try await database.transaction { _ = try await $0.insertNote("first") }
      }
      try await Self.waitUntil(database, has: 2)
      async let hung: Void = loop.run {
        try await database.transaction(deadline: .afterMs(500)) { transaction in
          _ = try await transaction.insertNote("hung")
          try await Self.wait(for: release, on: loop)
        }
      }
      try await Self.waitUntil(database, has: 3)
      gate.set()
      _ = try await (holder, first)
      try await loop.run { try await database.transaction { _ = try await $0.insertNote("after") } }
      #expect(!release.isSet)
      release.set()
      do {
        try await hung
        Issue.record("it was committed")
      } catch is DatabaseError {}
      let texts = try await database.query("SELECT text FROM notes ORDER BY text") { try $0.text(0) }
      #expect(texts == ["after", "first", "holder"])
    }
  }
}

extension Result {
  fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
