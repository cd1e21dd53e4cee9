// People who use an app's public port for as long as this lives.

import Foundation
import Synchronization
import TestSupport

/// One thread asks for the page and another joins the waitlist, each again and again.
final class Traffic: Sendable {
  private struct Seen {
    var isOver = false
    var answers = 0
    var failures: [String] = []
    var acknowledged: [String] = []
  }

  /// So that the processes which answer get their share of a small machine.
  private static let pauseUs: UInt32 = 2000

  private let seen = Mutex(Seen())
  private let end = DispatchGroup()
  private let port: PublicPort

  init(_ port: PublicPort) {
    self.port = port
    start { self.visit() }
    start { self.join() }
  }

  /// Requests that were not answered, or not well.
  var failures: [String] { seen.withLock { $0.failures } }
  var answers: Int { seen.withLock { $0.answers } }
  /// The addresses that were said to be on the waitlist.
  var acknowledged: [String] { seen.withLock { $0.acknowledged } }

  /// Returns when nobody asks any more.
  func stop() {
    seen.withLock { $0.isOver = true }
    end.waitInTime(for: "nobody asks any more")
  }

  /// Returns when `count` more people have joined, so that there was traffic in between; false after 20 s.
  func hasGoneOn(by count: Int = 3) -> Bool {
    let before = acknowledged.count
    return eventually { acknowledged.count >= before + count }
  }

  private func start(_ body: @escaping @Sendable () -> Void) {
    end.enter()
    Thread.detachNewThread { [self] in
      while !seen.withLock({ $0.isOver }) {
        body()
        usleep(Self.pauseUs)
      }
      end.leave()
    }
  }

  private func visit() {
    let answer = port.get("/")
    seen.withLock { seen in
      seen.answers += 1
      if answer?.status != 200 {
        seen.failures.append("GET / was answered with \(String(describing: answer))")
      }
    }
  }

  private func join() {
    let email = "\(UUID().uuidString.lowercased())@example.com"
    let answer = port.post("/api/waitlist", "{\"email\":\"\(email)\"}")
    seen.withLock { seen in
      seen.answers += 1
      if answer?.status == 201 { seen.acknowledged.append(email) }
      if answer?.status != 201 {
        seen.failures.append("POST was answered with \(String(describing: answer))")
      }
    }
  }
}
