// What a pipelined connection has asked and not been answered, in order.

/// A queue of questions: a ring that doubles when it is full. Loop thread only.
///
/// A class with memory of its own rather than an array: what is taken out moves, without a reference being counted.
final class PendingAnswers {
  /// Resumed once, by whoever takes the question out: a checked one would cost two allocations for each statement.
  typealias Continuation = UnsafeContinuation<PostgresResult, any Error>

  enum Question {
    case query(SQL, statement: String, Continuation)
    case prepare(String)
    /// A statement of ours whose result nobody waits for.
    case command
    /// Where the server's log ends, asked after the statements before it.
    case position(EndOfLog)
    case sync
  }

  private var ring = UnsafeMutablePointer<(question: Question, deadline: Deadline)>.allocate(capacity: 64)
  /// A power of two.
  private var capacity = 64
  private var first = 0
  private var count = 0

  deinit {
    while popFirst() != nil {}
    ring.deallocate()
  }

  var isEmpty: Bool { count == 0 }
  var nextDeadline: Deadline? { isEmpty ? nil : ring[first].deadline }

  func append(_ question: Question, deadline: Deadline) {
    if count == capacity { grow() }
    // Within the ring: the mask keeps every index below the capacity.
    (ring + ((first + count) & (capacity - 1))).initialize(to: (question, deadline))
    count += 1
  }

  func popFirst() -> Question? {
    guard count > 0 else { return nil }
    let question = (ring + first).move().question
    first = (first + 1) & (capacity - 1)
    count -= 1
    return question
  }

  private func grow() {
    let larger = UnsafeMutablePointer<(question: Question, deadline: Deadline)>.allocate(
      capacity: 2 * capacity)
    for index in 0..<count {
      (larger + index).initialize(to: (ring + ((first + index) & (capacity - 1))).move())
    }
    ring.deallocate()
    ring = larger
    capacity *= 2
    first = 0
  }

  func failAll(_ error: DatabaseError) {
    while let question = popFirst() {
      switch question {
      case .query(_, _, let continuation): continuation.resume(throwing: error)
      case .position(let end): end.set(.failure(error))
      case .prepare, .command, .sync: break
      }
    }
  }
}

/// Where the log of a server ends, once it has told. Loop thread only.
final class EndOfLog {
  static let question: SQL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"

  private var result: Result<LogPosition, any Error>?
  private var waiters: [CheckedContinuation<LogPosition, any Error>] = []

  func set(_ result: Result<LogPosition, any Error>) {
    self.result = result
    for waiter in waiters { waiter.resume(with: result) }
    waiters = []
  }

  var position: LogPosition {
    get async throws {
      if let result { return try result.get() }
      return try await withCheckedThrowingContinuation { waiters.append($0) }
    }
  }
}
