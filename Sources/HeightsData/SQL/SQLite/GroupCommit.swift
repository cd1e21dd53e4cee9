// Group commit: all transactions that wait go to the disk together, and each is still on its own.

import CSQLite
import Synchronization

/// Runs batches on the writer's thread: BEGIN IMMEDIATE, each transaction in a savepoint, COMMIT (which returns when
/// the disk has it), then the answers in order. While the disk works, the next batch gathers in the queue.
final class GroupCommit {
  private struct Executed {
    let transaction: QueuedTransaction
    let result: Result<QueuedTransaction.Acknowledgement, any Error>
  }

  private enum Outcome {
    case kept(Result<QueuedTransaction.Acknowledgement, any Error>)
    /// The error has rolled back the transactions before it too.
    case lostBatch(any Error)
  }

  private let connection: SQLiteConnection
  private let thread: WriterThread
  private let limits: DatabaseLimits
  private let identifiers: IdentifierSource
  private let commits: CommitCounter
  private let quota: DiskQuota?
  private let path: String
  /// Transactions of a lost batch, to be run again before the queue.
  private var again: [QueuedTransaction] = []
  /// The length of the log when it was last moved into the file.
  private var movedFrames = 0
  /// The length of the log when readers were last in the way of its end; 0 when none were.
  private var refusedFrames = 0

  init(
    _ connection: SQLiteConnection, on thread: WriterThread, limits: DatabaseLimits,
    identifiers: IdentifierSource,
    commits: CommitCounter, quota: DiskQuota?, path: String
  ) {
    self.connection = connection
    self.thread = thread
    self.limits = limits
    self.identifiers = identifiers
    self.commits = commits
    self.quota = quota
    self.path = path
    quota?.measure(database: path)
  }

  /// Until the thread is closed and its queue empty.
  func run() {
    while thread.waitForWork() {
      thread.runJobs()
      while let first = next() { runBatch(first) }
    }
    connection.checkpoint(truncating: true)
  }

  private func next() -> QueuedTransaction? {
    again.isEmpty ? thread.nextTransaction() : again.removeFirst()
  }

  // MARK: A batch

  private func runBatch(_ first: QueuedTransaction) {
    do { try begin(until: first.deadline) } catch { return first.fail(error) }
    let batchEnd = Deadline.afterMs(limits.batchMs)
    var executed: [Executed] = []
    var candidate: QueuedTransaction? = first
    while let transaction = candidate {
      switch execute(transaction) {
      case .kept(let result): executed.append(Executed(transaction: transaction, result: result))
      case .lostBatch(let error):
        runAgain(executed.map(\.transaction))
        return transaction.fail(error)
      }
      let hasRoom = executed.count < limits.batchTransactions && !batchEnd.hasPassed
      candidate = hasRoom ? next() : nil
    }
    answer(executed, commit())
    tidy()
  }

  /// Runs the innocent once more, with new time, for theirs may have gone with the one that took them down. Each
  /// loss removes its cause from the batch, so this ends.
  private func runAgain(_ transactions: [QueuedTransaction]) {
    let renewed = transactions.map { transaction in
      var transaction = transaction
      transaction.deadline = max(transaction.deadline, .afterMs(limits.transactionMs))
      return transaction
    }
    again = renewed + again
  }

  /// Another process may hold the file for a while: waits until the deadline.
  private func begin(until deadline: Deadline) throws {
    if deadline.hasPassed { throw Self.waitedTooLong }
    try SQLiteConnection.retryWhileBusy(until: deadline) {
      do {
        try connection.control("BEGIN IMMEDIATE")
        try identifiers.load(from: connection)
      } catch {
        rollBack()
        throw error
      }
    }
  }

  /// - Returns: the error, if the batch is not on the disk.
  private func commit() -> (any Error)? {
    do {
      try identifiers.store(in: connection)
      try connection.control("COMMIT")
    } catch {
      rollBack()
      return error
    }
    identifiers.committed()
    commits.advance()
    return nil
  }

  /// Failures are told after the commit too: what they saw of the transactions before them is true only then.
  private func answer(_ executed: [Executed], _ commitError: (any Error)?) {
    for entry in executed {
      switch (entry.result, commitError) {
      case (.failure(let error), _): entry.transaction.fail(error)
      case (.success, let error?): entry.transaction.fail(error)
      case (.success(let acknowledge), nil): acknowledge()
      }
    }
  }

  private func rollBack() {
    // If the error has ended the transaction already, there is nothing to roll back.
    if !connection.isAutocommit { _ = try? connection.control("ROLLBACK") }
  }

  // MARK: One transaction of the batch

  private func execute(_ transaction: QueuedTransaction) -> Outcome {
    if transaction.deadline.hasPassed { return .kept(.failure(Self.waitedTooLong)) }
    do {
      try quota?.checkWrite()
      try connection.control("SAVEPOINT one")
    } catch { return connection.isAutocommit ? .lostBatch(error) : .kept(.failure(error)) }
    let state = SQLiteTransaction(connection, on: thread, commits, transaction.span)
    connection.deadline = transaction.deadline
    var result = runClosure(transaction, state)
    connection.deadline = nil
    state.end()
    if state.lostAll || connection.isAutocommit { return .lostBatch(Self.cause(result)) }
    if case .success = result, state.hasFailed {
      result = .failure(state.misuse("COMMIT", "an earlier error has rolled this transaction back"))
    }
    if case .success = result, connection.hasDanglingForeignKeys {
      result = .failure(DatabaseError.conflict(.init(.foreignKey)))
    }
    return close(result)
  }

  private func close(_ result: Result<QueuedTransaction.Acknowledgement, any Error>) -> Outcome {
    do {
      if case .failure = result { try connection.control("ROLLBACK TO one") }
      try connection.control("RELEASE one")
      return .kept(result)
    } catch {
      rollBack()
      return .lostBatch(error)
    }
  }

  /// Runs the closure as a task on this thread. What it waits for elsewhere is bounded by the deadline: then it is
  /// cancelled and left behind, with a transaction that refuses everything.
  private func runClosure(
    _ transaction: QueuedTransaction, _ state: SQLiteTransaction
  ) -> Result<QueuedTransaction.Acknowledgement, any Error> {
    let box = ResultBox()
    let task = Task.immediateDetached(executorPreference: thread) {
      do { box.result = .success(try await transaction.run(Transaction(state))) } catch {
        box.result = .failure(error)
      }
    }
    while true {
      if let result = box.result { return result }
      guard thread.runJobs(until: transaction.deadline) else { break }
    }
    task.cancel()
    return .failure(DatabaseError.timeout("the transaction's closure did not end before its deadline"))
  }

  private static func cause(
    _ result: Result<QueuedTransaction.Acknowledgement, any Error>
  ) -> any Error {
    if case .failure(let error) = result { return error }
    return DatabaseError.unknown(
      code: Int(SQLITE_ABORT), message: "an error inside the transaction rolled it back")
  }

  private static let waitedTooLong = DatabaseError.timeout("the transaction waited too long for its turn")

  // MARK: Between batches

  private func tidy() {
    // After the answers, so that nobody who has one waits for it.
    emptyLog()
    guard let quota else { return }
    quota.measure(database: path)
    if quota.usedBytes >= quota.limitBytes, connection.logFrames > 0 {
      connection.checkpoint(truncating: true)
      quota.measure(database: path)
    }
  }

  /// Bounds the write-ahead log. Moving it on does not shorten it while readers come and go: then they are waited
  /// for, which is short, since no snapshot outlives a tick.
  private func emptyLog() {
    // Fewer than before: the log has begun anew.
    if connection.logFrames < movedFrames { (movedFrames, refusedFrames) = (0, 0) }
    if connection.logFrames >= refusedFrames + 4 * limits.logPages {
      // A move reads for longer than a tick: waiting for it with each commit would only slow the app down.
      refusedFrames = connection.checkpoint(truncating: true) ? 0 : connection.logFrames
      movedFrames = refusedFrames
    } else if connection.logFrames - movedFrames >= limits.logPages {
      connection.checkpoint(truncating: false)
      movedFrames = connection.logFrames
    }
  }
}

/// Where a closure's task leaves its result. `@unchecked Sendable` is sound: the task's executor is the writer's thread,
/// which alone reads it.
private final class ResultBox: @unchecked Sendable {
  var result: Result<QueuedTransaction.Acknowledgement, any Error>?
}
