// The thread that writes: its queue of transactions, and the executor that their closures run on.

import Dispatch
import Glibc
import Synchronization

/// A transaction that waits for its turn.
struct QueuedTransaction: Sendable {
  var deadline: Deadline
  /// Runs the closure; its result is how to acknowledge. May run again if its batch was lost.
  let run: @Sendable (Transaction) async throws -> Acknowledgement
  let fail: @Sendable (any Error) -> Void
  /// That of the request it is for, and what the database is called there; nil where nobody wants to know.
  let span: (open: OpenSpan, database: String)?

  typealias Acknowledgement = @Sendable () -> Void
}

/// One thread with a bounded queue of transactions. It is a Swift executor too: a closure that waits for something
/// else comes back to this thread.
final class WriterThread: TaskExecutor, SerialExecutor {
  private struct Inbox {
    var transactions: [QueuedTransaction] = []
    var head = 0
    var jobs: [UnownedJob] = []
    var isAsleep = false
    var isClosed = false
    var waiting: Int { transactions.count - head }

    mutating func pop() -> QueuedTransaction? {
      guard head < transactions.count else { return nil }
      let next = transactions[head]
      head += 1
      // Moves what is left once in a while, so that the array does not grow while the queue never empties.
      if head == transactions.count || head >= 1_024 {
        transactions.removeFirst(head)
        head = 0
      }
      return next
    }
  }

  private let inbox = Mutex(Inbox())
  private let arrival = DispatchSemaphore(value: 0)
  private let queueLimit: Int
  private let thread = Atomic<UInt>(0)

  init(queueLimit: Int) { self.queueLimit = queueLimit }

  /// Starts the thread; `body` runs on it, once.
  func start(name: String, _ body: @escaping @Sendable () -> Void) throws {
    try SystemThread.start(name: name) { [self] in
      thread.store(UInt(pthread_self()), ordering: .releasing)
      body()
    }
  }

  var isCurrent: Bool { thread.load(ordering: .acquiring) == UInt(pthread_self()) }

  /// Whether the calling task prefers the thread, as closures of transactions do. A task that does not may be on it too: when an
  /// actor that a closure asked goes on with others who wait.
  var isOfCurrentTask: Bool {
    isCurrent && withUnsafeCurrentTask { $0?.unownedTaskExecutor == asUnownedTaskExecutor() }
  }

  // MARK: From any thread

  func submit(_ transaction: QueuedTransaction) {
    enum Answer { case accepted, full, closed }
    let (answer, wakes) = inbox.withLock { inbox -> (Answer, Bool) in
      if inbox.isClosed { return (.closed, false) }
      if inbox.waiting >= queueLimit { return (.full, false) }
      inbox.transactions.append(transaction)
      return (.accepted, Self.wake(&inbox))
    }
    if wakes { arrival.signal() }
    switch answer {
    case .accepted: break
    case .full: transaction.fail(DatabaseError.tooMany)
    case .closed: transaction.fail(DatabaseError.gone("it was closed"))
    }
  }

  /// Refuses new transactions; the thread ends when the queue is empty.
  func close() {
    let wakes = inbox.withLock { inbox in
      inbox.isClosed = true
      return Self.wake(&inbox)
    }
    if wakes { arrival.signal() }
  }

  var waiting: Int { inbox.withLock { $0.waiting } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let wakes = inbox.withLock { inbox in
      inbox.jobs.append(job)
      return Self.wake(&inbox)
    }
    if wakes { arrival.signal() }
  }

  private static func wake(_ inbox: inout Inbox) -> Bool {
    defer { inbox.isAsleep = false }
    return inbox.isAsleep
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
  func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
  func checkIsolated() { precondition(isCurrent, "called off the writer's thread") }
  func isIsolatingCurrentContext() -> Bool? { isCurrent }

  // MARK: On the thread

  func nextTransaction() -> QueuedTransaction? { inbox.withLock { $0.pop() } }

  /// Sleeps until there is a transaction or a job. False when closed and nothing is left.
  func waitForWork() -> Bool {
    while true {
      let (ready, closed) = inbox.withLock { inbox -> (Bool, Bool) in
        let ready = inbox.waiting > 0 || !inbox.jobs.isEmpty
        inbox.isAsleep = !ready && !inbox.isClosed
        return (ready, inbox.isClosed)
      }
      if ready { return true }
      if closed { return false }
      arrival.wait()
    }
  }

  /// Runs the jobs that are there, if there are none waits for one.
  /// - Returns: false when the deadline passed first.
  func runJobs(until deadline: Deadline) -> Bool {
    while !runJobs() {
      guard !deadline.hasPassed else { return false }
      let sleeps = inbox.withLock { inbox in
        inbox.isAsleep = inbox.jobs.isEmpty
        return inbox.isAsleep
      }
      // A transaction that arrives wakes the thread as well: then it looks around and sleeps again.
      if sleeps { _ = arrival.wait(timeout: .now() + .milliseconds(deadline.remainingMs)) }
    }
    return true
  }

  /// - Returns: whether there were any.
  @discardableResult
  func runJobs() -> Bool {
    let jobs = inbox.withLock { inbox in
      defer { inbox.jobs.removeAll(keepingCapacity: true) }
      return inbox.jobs
    }
    for job in jobs {
      job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
    return !jobs.isEmpty
  }
}
