// Signals, taken by a thread of their own.

import Glibc

/// The signals that end a process.
enum Signals {
  /// Keeps SIGTERM and SIGINT for `waitForEnd()`. Called before any thread is started, so that all inherit it.
  static func holdBack() {
    signal(SIGPIPE, SIG_IGN)
    var set = ending
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Returns when the process is asked to end. A second request ends it at once.
  static func waitForEnd() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      do {
        try Thread.start(name: "signals") {
          wait()
          continuation.resume()
          wait()
          _exit(1)
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  private static func wait() {
    var set = ending
    var number: Int32 = 0
    while sigwait(&set, &number) != 0 {}
  }

  private static var ending: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }
}
