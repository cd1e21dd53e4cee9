// How tasks of a test wait for one another.

import HeightsRuntime
import TestSupport
import Testing

/// Something that tasks wait at, until it is opened for good.
actor AsyncGate {
  private(set) var isOpen = false
  private var waiters: [CheckedContinuation<Void, Never>] = []
  var waiting: Int { waiters.count }

  /// Returns when it is open. When it isn't in time, the test fails, and what waits goes on.
  func wait() async {
    if isOpen { return }
    let watchdog = Task { [weak self] in
      try await Task.sleep(for: .seconds(patienceS))
      await self?.giveUp()
    }
    defer { watchdog.cancel() }
    await withCheckedContinuation { waiters.append($0) }
  }

  private func giveUp() {
    // What a server's task waits for is told by the test that asks the server.
    if Test.current != nil { Issue.record("not within \(Int(patienceS)) s: a gate is opened") }
    open()
  }

  func open() {
    isOpen = true
    for waiter in waiters { waiter.resume() }
    waiters = []
  }
}

/// Waits until something is as a test needs it.
/// - Throws: `ClientError` when it doesn't come to be, so that a failing test fails and doesn't hang.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = Deadline.afterMs(Int(patienceS) * 1_000)
  while try await !condition() {
    if deadline.hasPassed { throw ClientError(text: "not within \(Int(patienceS)) s: \(what)") }
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// Runs `body`, and cancels it when it takes too long.
func within<T: Sendable>(
  ms: Int = RawClient.timeoutMs, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
  let task = Task { try await body() }
  let watchdog = Task {
    try await Task.sleep(for: .milliseconds(ms))
    task.cancel()
  }
  defer { watchdog.cancel() }
  return try await task.value
}
