// A thread that can be waited for.

import CRuntime
import Foundation

/// Runs `body` on a thread of its own.
final class LongThread: Sendable {
  private let end = DispatchGroup()

  init(name: String, _ body: @escaping @Sendable () -> Void) {
    end.enter()
    let end = end
    Thread.detachNewThread {
      heights_name_thread(name)
      body()
      end.leave()
    }
  }

  /// Returns when `body` has.
  func join() { end.wait() }
}
