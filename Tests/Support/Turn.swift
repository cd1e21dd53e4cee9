// The turn of one of several who share what there is only once.

import Synchronization

final class Turn: Sendable {
  private struct Line {
    var isTaken = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private static let line = Mutex(Line())
  private let isMine = OneValue<Bool>()

  /// Returns when it is our turn.
  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = Self.line.withLock { line in
        if line.isTaken { line.waiting.append(continuation) }
        defer { line.isTaken = true }
        return !line.isTaken
      }
      if isFree { continuation.resume() }
    }
    isMine.set(true)
  }

  /// Hands over to whoever waits longest; does nothing when it is not our turn.
  func give() {
    guard isMine.take() == true else { return }
    let next = Self.line.withLock { line -> CheckedContinuation<Void, Never>? in
      if line.waiting.isEmpty {
        line.isTaken = false
        return nil
      }
      return line.waiting.removeFirst()
    }
    next?.resume()
  }
}
