// Ctrl-C as a question that work asks between two things, or as the end of a task.

import Foundation
import Lab
import Synchronization

/// From its making on, SIGINT, SIGTERM and SIGHUP do not end the process but are remembered. A second one ends it at
/// once. One per process.
final class Interrupt: Sendable {
  private let flag: Flag

  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  /// - Parameter onFirst: called once, from another thread.
  init(_ onFirst: @escaping @Sendable () -> Void = {}) throws {
    let (flag, signals) = (Flag(), try SignalPipe())
    self.flag = flag
    Thread.detachNewThread {
      while let number = signals.next(limitMs: -1) {
        if flag.isSet.exchange(true, ordering: .relaxed) { _exit(128 + number) }
        onFirst()
      }
    }
  }

  /// Whether one has come.
  var hasCome: Bool { flag.isSet.load(ordering: .relaxed) }
}
