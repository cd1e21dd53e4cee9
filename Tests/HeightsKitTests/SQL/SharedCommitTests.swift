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

extension Result {
  fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
