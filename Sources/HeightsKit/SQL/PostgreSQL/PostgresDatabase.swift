// A database on a PostgreSQL server: reads share a connection of the caller's loop, each transaction has one alone.

import CPostgres
import Synchronization

/// Acknowledged means what the server's `synchronous_commit` means: on its disk, and with synchronous replication on a
/// follower's too.
final class PostgresDatabase: Sendable {
  private let target: PostgresTarget
  private let limits: DatabaseLimits
  private let perLoop: [PostgresLoop]
  private let accepted = Atomic<Int>(0)
  private let committed = Atomic<Int>(0)
  private let underWay = Atomic<Int>(0)

  static func open(
    _ target: PostgresTarget, migrations: [Migration], loops: EventLoopGroup, limits: DatabaseLimits
  ) async throws -> PostgresDatabase {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      do {
        try Thread.start(name: "sql-migrate") {
          continuation.resume(with: Result { try PostgresMigrator(target).apply(migrations) })
        }
      } catch { continuation.resume(throwing: error) }
    }
    let database = PostgresDatabase(target, loops: loops, limits: limits)
    for loop in database.perLoop { try await loop.loop.run { loop.start() } }
    return database
  }

  private init(_ target: PostgresTarget, loops: EventLoopGroup, limits: DatabaseLimits) {
    self.target = target
    self.limits = limits
    perLoop = loops.loops.map { PostgresLoop(target, on: $0, limits: limits) }
  }

  func close() {
    for loop in perLoop { loop.loop.onLoop { loop.close() } }
  }

  /// The connections of the caller's loop; nil off the loops.
  private var current: PostgresLoop? {
    guard let loop = EventLoop.current, loop.index < perLoop.count, perLoop[loop.index].loop === loop else {
      return nil
    }
    return perLoop[loop.index]
  }

  // MARK: Reads

  func read(_ sql: SQL) async throws -> PostgresResult {
    let deadline = Deadline.afterMs(limits.readMs)
    if let current { return try await current.read(sql, until: deadline) }
    let any = perLoop[0]
    return try await any.loop.run { try await any.read(sql, until: deadline) }
  }

  // MARK: Writes

  func transaction<T: Sendable>(
    deadline: Deadline?, _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    let latest = Deadline.afterMs(limits.transactionMs)
    let end = min(deadline ?? latest, latest)
    accepted.add(1, ordering: .relaxed)
    underWay.add(1, ordering: .relaxed)
    defer { underWay.subtract(1, ordering: .relaxed) }
    if let current { return try await retried(on: current, until: end, body) }
    let any = perLoop[0]
    return try await any.loop.run { try await self.retried(on: any, until: end, body) }
  }

  /// Runs the transaction until it works, fails for good, or is out of time. Only what left nothing behind is tried
  /// again: an error before COMMIT was sent, or one that COMMIT itself reports.
  private func retried<T: Sendable>(
    on loop: PostgresLoop, until deadline: Deadline, _ body: @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    var backOff = BackOff()
    while true {
      do {
        let value = try await once(on: loop, until: deadline, body)
        committed.add(1, ordering: .relaxed)
        return value
      } catch let error as DatabaseError where error.isTransient && !deadline.hasPassed {
        guard try await backOff.wait(on: loop.loop, until: deadline) else { throw error }
      }
    }
  }

  private func once<T: Sendable>(
    on loop: PostgresLoop, until deadline: Deadline, _ body: @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    let connection = try await loop.acquire(until: deadline)
    defer { loop.release(connection) }
    let state = PostgresTransaction(connection, on: loop.loop)
    do {
      try await state.begin(until: deadline)
      let value = try await body(Transaction(state))
      try await state.commit()
      return value
    } catch {
      await state.rollBack()
      throw error
    }
  }

  var statistics: Database.Statistics {
    Database.Statistics(
      transactions: accepted.load(ordering: .relaxed), commits: committed.load(ordering: .relaxed),
      waiting: underWay.load(ordering: .relaxed))
  }
}

extension DatabaseError {
  /// Whether the cause passes by itself: another transaction in the way, a leader that is being replaced.
  fileprivate var isTransient: Bool {
    switch self {
    case .readOnly, .gone, .contended: true
    case .timeout, .conflict, .tooMany, .full, .invalid, .corrupt, .unknown: false
    }
  }
}
