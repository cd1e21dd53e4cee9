// Which zones are watched for what they have not flushed, what their last power cuts took, and whose clocks are wrong.

import Synchronization

final class PowerWatch: Sendable {
  private struct State {
    var watched: Set<String> = []
    var unflushed: [String: Unflushed] = [:]
    var clocks: [String: Int] = [:]
  }

  private let state = Mutex(State())

  /// In order.
  var watched: [String] { state.withLock { $0.watched.sorted() } }
  var unflushed: [String: Unflushed] { state.withLock { $0.unflushed } }

  /// By the host: how far its clock is ahead, in seconds; none that is right.
  var clocks: [String: Int] { state.withLock { $0.clocks } }

  func note(clockOf host: String, aheadSeconds: Int) {
    state.withLock { $0.clocks[host] = aheadSeconds == 0 ? nil : aheadSeconds }
  }

  func begin(_ zone: String) {
    state.withLock { state in
      state.watched.insert(zone)
      state.unflushed[zone] = nil
    }
  }

  /// Whether it was watched.
  func end(_ zone: String) -> Bool { state.withLock { $0.watched.remove(zone) != nil } }

  func note(_ lost: Unflushed, of zone: String) { state.withLock { $0.unflushed[zone] = lost } }
}
