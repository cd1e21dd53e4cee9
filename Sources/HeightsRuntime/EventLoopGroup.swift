// The loops of a process: one per core, each on a thread of its own.

import CRuntime
import Glibc
import Synchronization

/// Event loops, started together and stopped together.
public final class EventLoopGroup: Sendable {
  /// At least one; always the same, in the same order.
  public let loops: [EventLoop]
  private let running: Mutex<Int>
  private let stopped = Mutex<[CheckedContinuation<Void, Never>]>([])
  private let nextIndex = Atomic<Int>(0)

  /// Starts `count` loops (at least 1).
  /// - Throws: `SystemError` when the kernel refuses a descriptor or a thread.
  public init(count: Int) throws {
    loops = try (0..<max(count, 1)).map { try EventLoop(index: $0) }
    running = Mutex(loops.count)
    for loop in loops {
      try SystemThread.start(name: "loop-\(loop.index)") { [self] in
        loop.runUntilStopped()
        loopEnded()
      }
    }
  }

  /// The loops in turn.
  public func next() -> EventLoop {
    loops[abs(nextIndex.add(1, ordering: .relaxed).oldValue % loops.count)]
  }

  /// Ends all loops and returns when their threads have left them. What is still queued on them does not run.
  public func shutdown() async {
    await withCheckedContinuation { continuation in
      let alreadyEnded = running.withLock { count in
        if count > 0 { stopped.withLock { $0.append(continuation) } }
        return count == 0
      }
      for loop in loops { loop.stop() }
      if alreadyEnded { continuation.resume() }
    }
  }

  private func loopEnded() {
    let waiting = running.withLock { count in
      count -= 1
      return count == 0 ? stopped.withLock { $0 } : []
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Threads that belong to the runtime.
package enum SystemThread {
  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// Runs what blocks on a thread of its own; the calling task resumes where it was.
  /// - Throws: `SystemError` when the kernel has no thread to give, else what `work` throws.
  package static func run<T: Sendable>(
    name: String, _ work: @escaping @Sendable () throws -> T
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try start(name: name) { continuation.resume(with: Result { try work() }) }
      } catch { continuation.resume(throwing: error) }
    }
  }

  /// Starts a detached thread.
  /// - Throws: `SystemError` when the kernel has no thread to give.
  package static func start(name: String, _ run: @escaping @Sendable () -> Void) throws {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(name: name, run: run))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        heights_name_thread(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw SystemError(call: "pthread_create", code: code)
    }
    pthread_detach(thread)
  }
}
