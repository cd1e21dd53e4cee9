// How tasks of a test wait for one another.

@testable import HeightsKit

/// Something that tasks wait at, until it is opened for good.
actor AsyncGate {
  private(set) var isOpen = false
  private var waiters: [CheckedContinuation<Void, Never>] = []
  var waiting: Int { waiters.count }

  func wait() async {
    if isOpen { return }
    await withCheckedContinuation { waiters.append($0) }
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
  let deadline = Deadline.afterMs(RawClient.timeoutMs)
  while try await !condition() {
    if deadline.hasPassed { throw ClientError(text: "not within \(RawClient.timeoutMs) ms: \(what)") }
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
