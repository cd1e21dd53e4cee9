// Threads for what would block a loop: password hashing, large files.

import Dispatch
import Synchronization

/// There is more to do than the bounds allow: try again later.
public struct Overloaded: Error, Equatable {
  /// Thrown by a handler it is answered with 503, and another try is worth it after a second.
  public init() {}
}

/// A fixed number of threads with a bounded queue in front of them.
public final class BlockingPool: Sendable {
  private struct State {
    var queue: [@Sendable () -> Void] = []
    var closed = false

    /// Shifts what is left: the queue is short, and what has run must not be kept, with all it holds.
    mutating func pop() -> (@Sendable () -> Void)? { queue.isEmpty ? nil : queue.removeFirst() }
  }

  private let state = Mutex(State())
  private let available = DispatchSemaphore(value: 0)
  private let threads: Int
  private let queueLimit: Int

  /// - Parameters:
  ///   - threads: how many run at once, at least 1.
  ///   - queueLimit: how many may wait; the next one is refused.
  /// - Throws: `SystemError` when the kernel has no thread to give.
  public init(name: String, threads: Int, queueLimit: Int) throws {
    self.threads = max(threads, 1)
    self.queueLimit = queueLimit
    for _ in 0..<self.threads { try SystemThread.start(name: name) { self.work() } }
  }

  /// Runs `work` on one of the threads; the calling task resumes where it was.
  /// - Throws: `Overloaded` when the queue is full or the pool closed, else what `work` throws.
  public func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let accepted = state.withLock { state in
        guard !state.closed, state.queue.count < queueLimit else { return false }
        state.queue.append { continuation.resume(with: Result { try work() }) }
        return true
      }
      if accepted { available.signal() } else { continuation.resume(throwing: Overloaded()) }
    }
  }

  /// How many wait for a thread.
  var waiting: Int { state.withLock { $0.queue.count } }

  /// Lets the threads end once the queue is empty. Nothing is accepted any more.
  public func close() {
    state.withLock { $0.closed = true }
    for _ in 0..<threads { available.signal() }
  }

  private func work() {
    while true {
      available.wait()
      let (next, closed) = state.withLock { ($0.pop(), $0.closed) }
      if let next { next() } else if closed { return }
    }
  }
}
