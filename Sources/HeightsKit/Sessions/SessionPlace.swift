// Which placement the sessions go by, and what still goes by the one before.

import Synchronization

/// Counts what is under way by the placement that it goes by: a new one counts as adopted when nothing goes by an older one any
/// more. So no two processes do at the same time what belongs to placements that are further apart than one change.
final class SessionPlace: Sendable {
  private struct State {
    var placement: Placement
    var underWay: [Int: Int] = [:]
  }

  private static let lookMs = 5
  /// Longer than a request takes, and shorter than a climb waits.
  private static let patienceMs = 40_000

  private let state: Mutex<State>

  init(_ placement: Placement) { state = Mutex(State(placement: placement)) }

  /// - Returns: what to go by until `leave`.
  func enter() -> Placement {
    state.withLock {
      $0.underWay[$0.placement.epoch, default: 0] += 1
      return $0.placement
    }
  }

  func leave(_ placement: Placement) {
    state.withLock {
      let left = ($0.underWay[placement.epoch] ?? 1) - 1
      $0.underWay[placement.epoch] = left == 0 ? nil : left
    }
  }

  /// Returns when everything goes by `new`.
  func follow(_ new: Placement) async {
    state.withLock { $0.placement = new }
    let end = Deadline.afterMs(Self.patienceMs)
    while state.withLock({ $0.underWay.keys.contains { $0 < new.epoch } }), !end.hasPassed {
      try? await Task.sleep(for: .milliseconds(Self.lookMs))
    }
  }
}
