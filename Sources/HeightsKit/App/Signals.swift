// The signals that end a process.

import CRuntime
import Glibc

/// SIGTERM and SIGINT, taken from the moment this is made.
struct EndSignals: Sendable {
  private let pipe: Int32

  /// - Throws: `SystemError` when they can't be taken.
  init() throws {
    var ends: [Int32] = [-1, -1]
    try SystemError.check("pipe", Glibc.pipe(&ends))
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    signal(SIGPIPE, SIG_IGN)
    heights_forward_signals([SIGTERM, SIGINT], 2, ends[1])
    pipe = ends[0]
  }

  /// Returns when the process is asked to end. A second request ends it at once.
  func wait() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      do {
        try SystemThread.start(name: "signals") {
          readOne()
          continuation.resume()
          readOne()
          _exit(1)
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  private func readOne() {
    var number: UInt8 = 0
    while read(pipe, &number, 1) != 1 {}
  }
}
