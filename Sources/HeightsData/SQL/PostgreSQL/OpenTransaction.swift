// A transaction of the server's, and those of the app's that share it.

import Synchronization

/// A transaction of the server's. Those of the app's that begin in the same shard on the same loop go through it one after the other:
/// the first begins it, who waits for its turn goes on in it behind a savepoint, and the last one commits for all. They are done
/// together or not at all, and nobody is told before.
///
/// They would be in each other's way otherwise: whoever mints an identifier holds its shard until the server's disk has the commit,
/// and all who waited for that begin again.
///
/// `@unchecked Sendable` is sound: it goes from one to the next on the loop whose connection it has.
final class OpenTransaction: @unchecked Sendable {
  /// Where the log ended after the commit; nil where nobody needs to know.
  typealias Outcome = Result<LogPosition?, any Error>

  /// How many share it at most: a server keeps account of 64 savepoints that wrote without going to its disk for it.
  static let limit = 32

  let database: PostgresDatabase
  let connection: PostgresConnection
  /// That of the server when it was found to lead.
  var timeline: UInt32 { pool.timeline }
  private let pool: WriterPool
  private let shard: UInt16?
  /// The ranges that there were before it began, where its database has some: what has come since it may not show.
  let table: EngineTable?
  private let loop: EventLoop
  /// Until when others may join.
  private let closes: Deadline
  private var members = 0
  private var hasSavepoint = false
  /// Those who have done their part.
  private var done: [UnsafeContinuation<Outcome, Never>] = []

  /// - Parameter shard: the one that it has the turn of; nil where it shares with nobody.
  init(
    _ database: PostgresDatabase, _ connection: PostgresConnection, of pool: WriterPool, _ shard: UInt16?,
    _ table: EngineTable?, on loop: EventLoop
  ) {
    (self.database, self.connection, self.pool, self.shard, self.loop) = (
      database, connection, pool, shard, loop
    )
    self.table = table
    closes = .afterMs(database.limits.batchMs)
    connection.warnings = []
  }

  // MARK: The part of one

  /// Sends what comes before the first statement of one, with which the server runs it.
  func enter(until deadline: Deadline, answer: Deadline) throws {
    members += 1
    if members == 1 {
      // As SQLite's, whose transactions come one after the other: what is read stays so until it is written.
      try connection.sendAhead("BEGIN ISOLATION LEVEL SERIALIZABLE", until: answer)
    } else {
      if hasSavepoint { try connection.sendAhead("RELEASE SAVEPOINT one", until: answer) }
      try connection.sendAhead("SAVEPOINT one", until: answer)
      hasSavepoint = true
    }
    let (ms, latest) = ("\(max(1, deadline.remainingMs))", "\(database.latestIdentifierMs)")
    try connection.sendAhead(
      "SELECT set_config('statement_timeout', \(ms), true), set_config('heights.latest_ms', \(latest), true)",
      until: answer)
  }

  func run(_ sql: SQL, until deadline: Deadline, then endOfLog: EndOfLog? = nil) async throws
    -> PostgresResult
  {
    do {
      return try await connection.result(of: sql, .own, until: deadline, then: endOfLog)
    } catch is PipelineSkipped { throw connection.fail(.gone("the server did not begin a transaction")) }
  }

  // MARK: Its end

  /// One has done its part: the next goes on, or all is committed.
  func finish(answer: Deadline) async -> Outcome {
    if let shard, members < Self.limit, !closes.hasPassed, database.turns.handOn(shard, on: loop, self) {
      return await withUnsafeContinuation { done.append($0) }
    }
    let outcome: Outcome
    do { outcome = .success(try await commit(answer)) } catch { outcome = .failure(error) }
    end(outcome)
    return outcome
  }

  /// One has failed: nothing of it stays, and the others go on, if they can.
  /// - Parameters:
  ///   - hasEntered: whether it has sent anything.
  ///   - isInTheWay: whether others of the server's were in its way: then all of it has to begin again.
  func withdraw(hasEntered: Bool, isInTheWay: Bool, answer: Deadline) async {
    if let failure = connection.failure { return end(.failure(failure)) }
    let others = hasEntered ? members > 1 : members > 0
    if others, !isInTheWay {
      if !hasEntered { return _ = await finish(answer: answer) }
      if (try? await run("ROLLBACK TO SAVEPOINT one", until: answer)) != nil {
        return _ = await finish(answer: answer)
      }
    }
    // If it fails, the connection is not idle and is given up; the server rolls back what it held.
    if hasEntered || others { _ = try? await run("ROLLBACK", until: answer) }
    end(.failure(connection.failure ?? .contended("another transaction of the same shard was in the way")))
  }

  /// - Returns: when the server has acknowledged.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for its
  ///   follower: what was written may stay or not.
  private func commit(_ answer: Deadline) async throws -> LogPosition? {
    connection.warnings = []
    let endOfLog = database.cluster.isReplicated ? EndOfLog() : nil
    let tag: String
    do {
      tag = try await run("COMMIT", until: answer, then: endOfLog).tag
    } catch DatabaseError.gone(let message) {
      throw DatabaseError.unknown(code: 0, message: "the server left while it committed: \(message)")
    }
    if let error = DatabaseError(tagOfCommit: tag) { throw error }
    if let warning = connection.warnings.first {
      throw DatabaseError.unknown(code: 0, message: "committed, but perhaps not replicated: \(warning)")
    }
    database.hasCommitted()
    return try? await endOfLog?.position
  }

  private func end(_ outcome: Outcome) {
    if connection.failure != nil { pool.closeIdle() }
    pool.giveBack(connection)
    for member in done { member.resume(returning: outcome) }
    done = []
    if let shard { database.turns.end(shard) }
  }
}

/// Who may write to which shard, of all loops of a process.
final class TransactionTurns: Sendable {
  /// Told nil for a turn of one's own, or the transaction to go on in.
  private typealias Waiter = CheckedContinuation<OpenTransaction?, any Error>

  private let state: Mutex<ShardTurns<Waiter>>

  init(waiterLimit: Int) { state = Mutex(ShardTurns(waiterLimit: waiterLimit)) }

  /// The turn of a shard, to be ended; or the transaction of somebody before, to be finished.
  /// - Throws: `.timeout` when the turn does not come before the deadline, `.tooMany`.
  func take(_ shard: UInt16, on loop: EventLoop, until deadline: Deadline) async throws -> OpenTransaction? {
    if state.withLock({ $0.take(shard) }) { return nil }
    var timer: Timer?
    defer { timer?.cancel() }
    return try await withCheckedThrowingContinuation { waiter in
      switch state.withLock({ $0.ask(shard, on: loop.index, waiter) }) {
      case .turn: waiter.resume(returning: nil)
      case .full: waiter.resume(throwing: DatabaseError.tooMany)
      case .wait(let number):
        timer = loop.schedule(at: deadline) { [weak self] in self?.giveUp(number, of: shard) }
      }
    }
  }

  private func giveUp(_ number: Int, of shard: UInt16) {
    state.withLock { $0.giveUp(number, of: shard) }?.resume(
      throwing: DatabaseError.timeout("the transaction waited too long for its turn"))
  }

  /// Has the next who waits on a loop go on in a transaction.
  /// - Returns: false when nobody does.
  func handOn(_ shard: UInt16, on loop: EventLoop, _ transaction: OpenTransaction) -> Bool {
    guard let next = state.withLock({ $0.next(of: shard, on: loop.index) }) else { return false }
    next.resume(returning: transaction)
    return true
  }

  func end(_ shard: UInt16) { state.withLock { $0.end(shard) }?.resume(returning: nil) }
}
