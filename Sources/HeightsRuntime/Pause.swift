// A rest that ends when its time is over, or when somebody has something to do.

/// Where a task that looks after something again and again waits between two looks. One task at a time; loop thread only.
package final class Pause {
  private let loop: EventLoop
  private var timer: Timer?
  // A continuation that nobody resumes any more when the loop has ended.
  private var resting: UnsafeContinuation<Void, Never>?

  /// - Parameter loop: what its task runs on.
  package init(on loop: EventLoop) { self.loop = loop }

  /// Suspends the calling task for `ms` milliseconds, or until `end` is called.
  package func rest(ms: Int) async {
    loop.checkIsolated()
    precondition(resting == nil, "two tasks rest in one pause")
    await withUnsafeContinuation {
      resting = $0
      timer = loop.schedule(afterMs: ms) { [weak self] in self?.end() }
    }
  }

  /// Ends the rest, if there is one; a later one is as long as it says.
  package func end() {
    loop.checkIsolated()
    timer?.cancel()
    timer = nil
    let task = resting
    resting = nil
    task?.resume()
  }
}
