// A transaction of the server's, and those of the app's that share it.

import Synchronization

/// A transaction of the server's. Those of the app's that begin in the same shard on the same loop go through it one after the other:
/// the first begins it, who waits for its turn goes on in it behind a savepoint, and the last one commits for all. They are done
/// together or not at all, and nobody is told before.
///
/// They would be in each other's way otherwise: whoever mints an identifier holds its shard until the server's disk has the commit,
/// and all who waited for that begin again.
///
/// All see what there was when it began, and each other: so whoever came after that is not let in, who may have been told of more; and
/// who has failed for what it saw of the others begins again if that was not committed.
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
  /// Until when others may go on in it, and the number of the last of them who came before it began.
  private let closes: Deadline
  private var lastNumber = 0
  private var members = 0
  private var hasSavepoint = false
  /// Until when the server must have answered the last of all, however little time others have.
  private var latestAnswer = Deadline.now
  /// Ends it when whoever goes through it does not.
  private var timer: Timer?
  private var isOver = false
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
    latestAnswer = max(latestAnswer, answer)
    watch(until: answer)
    if members == 1 {
      lastNumber = database.turns.lastNumber
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

  func run(_ sql: SQL, until deadline: Deadline) async throws -> PostgresResult {
    do { return try await connection.result(of: sql, .own, until: deadline) } catch is PipelineSkipped {
      throw connection.fail(.gone("the server did not begin a transaction"))
    }
  }

  /// Nobody may have the shard for longer than its own time: a closure that hangs would keep all others from it.
  private func watch(until deadline: Deadline) {
    timer?.cancel()
    timer = shard.map { _ in loop.schedule(at: deadline) { [weak self] in self?.giveUp() } }
  }

  private func giveUp() {
    guard !isOver else { return }
    let error = DatabaseError.gone("a transaction of the same shard did not end in its time")
    connection.breakOff(error)
    end(.failure(error))
  }

  // MARK: Its end

  /// One has done its part: the next goes on, or all is committed.
  func finish() async -> Outcome {
    if let failure = connection.failure { end(.failure(failure)) }
    guard !isOver else { return .failure(connection.failure ?? Self.inTheWay) }
    if let shard, members < Self.limit, !closes.hasPassed,
      database.turns.handOn(shard, on: loop, upTo: lastNumber, self)
    {
      return await withUnsafeContinuation { done.append($0) }
    }
    timer?.cancel()
    let outcome: Outcome
    do { outcome = .success(try await commit()) } catch { outcome = .failure(error) }
    end(outcome)
    return outcome
  }

  /// One has failed: nothing of it stays, and the others go on, if they can.
  /// - Parameters:
  ///   - hasEntered: whether it has sent anything.
  ///   - isInTheWay: whether others of the server's were in its way: then all of it has to begin again.
  /// - Returns: why it has to begin again, whatever it has failed of: it has seen what others wrote, and that was not committed.
  func withdraw(hasEntered: Bool, isInTheWay: Bool, answer: Deadline) async -> DatabaseError? {
    let hasSeenOthers = hasEntered && members > 1
    let again = hasSeenOthers ? connection.failure ?? Self.inTheWay : nil
    if let failure = connection.failure {
      end(.failure(failure))
      return again
    }
    if hasSeenOthers || !hasEntered && members > 0, !isInTheWay {
      let isRolledBack =
        if hasEntered { (try? await run("ROLLBACK TO SAVEPOINT one", until: answer)) != nil } else { true }
      if isRolledBack { return if case .success = await finish() { nil } else { again } }
    }
    timer?.cancel()
    // If it fails, the connection is not idle and is given up; the server rolls back what it held.
    if members > 0 { _ = try? await run("ROLLBACK", until: answer) }
    end(.failure(connection.failure ?? Self.inTheWay))
    return again
  }

  private static let inTheWay = DatabaseError.contended(
    "another transaction of the same shard was in the way")

  /// - Returns: when the server has acknowledged.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for its
  ///   follower: what was written may stay or not.
  private func commit() async throws -> LogPosition? {
    connection.warnings = []
    let endOfLog = database.cluster.isReplicated ? EndOfLog() : nil
    if members > 1 {
      // Who came last may have little time: a commit that waits for a follower would be given up for all.
      let ms = "\(max(1, latestAnswer.remainingMs))"
      try connection.sendAhead("SELECT set_config('statement_timeout', \(ms), true)", until: latestAnswer)
    }
    let tag: String
    do {
      tag = try await connection.result(of: "COMMIT", .own, until: latestAnswer, then: endOfLog).tag
    } catch is PipelineSkipped {
      throw connection.fail(.gone("the server did not come to the COMMIT"))
    } catch let error as DatabaseError { throw connection.outcome(ofCommitAnswered: error) }
    if let error = DatabaseError(tagOfCommit: tag) {
      // Of several nobody knows whose statement had failed.
      if case .invalid = error, members > 1 { throw Self.inTheWay }
      throw error
    }
    if let warning = connection.warnings.first {
      throw DatabaseError.undecided("committed, but perhaps not replicated: \(warning)")
    }
    database.hasCommitted()
    return try? await endOfLog?.position
  }

  private func end(_ outcome: Outcome) {
    guard !isOver else { return }
    isOver = true
    timer?.cancel()
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

  /// The number of the last who came to wait, for whichever shard.
  var lastNumber: Int { state.withLock { $0.lastNumber } }

  /// Has the next who waits on a loop go on in a transaction.
  /// - Parameter last: the number of the last who may.
  /// - Returns: false when nobody does.
  func handOn(
    _ shard: UInt16, on loop: EventLoop, upTo last: Int, _ transaction: OpenTransaction
  ) -> Bool {
    guard let next = state.withLock({ $0.next(of: shard, on: loop.index, upTo: last) }) else { return false }
    next.resume(returning: transaction)
    return true
  }

  func end(_ shard: UInt16) { state.withLock { $0.end(shard) }?.resume(returning: nil) }
}
