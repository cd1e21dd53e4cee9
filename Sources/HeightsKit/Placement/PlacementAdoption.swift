// Which placement a process goes by, and who has to follow a new one before it counts as adopted.

import Synchronization

/// Hands each new placement to all who asked for it, one placement after the other.
final class PlacementAdoption: Sendable {
  /// Follows a change. It has been followed when this returns.
  typealias Follow = @Sendable (_ old: Placement, _ new: Placement) async -> Void

  private struct State {
    var current: Placement
    var adoptedEpoch: Int
    var followers: [Follow] = []
    /// The adoption that was asked for last: the next one begins after it.
    var last: Task<Void, Never>?
  }

  private let state: Mutex<State>

  init(_ placement: Placement) {
    state = Mutex(State(current: placement, adoptedEpoch: placement.epoch))
  }

  /// The placement to go by. While it is being adopted, some still go by the one before.
  var current: Placement { state.withLock { $0.current } }

  /// The epoch that everybody in this process goes by.
  var adoptedEpoch: Int { state.withLock { $0.adoptedEpoch } }

  /// - Returns: the placement from which `follow` starts: the first change that it is given begins there.
  @discardableResult
  func subscribe(_ follow: @escaping Follow) -> Placement {
    state.withLock {
      $0.followers.append(follow)
      return $0.current
    }
  }

  /// Returns when everybody goes by `placement`, or by a later one. Not to be awaited by a follower of a change.
  func adopt(_ placement: Placement) async {
    let adoption = state.withLock { state in
      let before = state.last
      let adoption = Task {
        await before?.value
        await self.hand(placement)
      }
      state.last = adoption
      return adoption
    }
    await adoption.value
  }

  private func hand(_ new: Placement) async {
    let begun = state.withLock { state -> (old: Placement, followers: [Follow])? in
      guard new.epoch > state.current.epoch else { return nil }
      defer { state.current = new }
      return (state.current, state.followers)
    }
    guard let begun else { return }
    for follow in begun.followers { await follow(begun.old, new) }
    state.withLock { $0.adoptedEpoch = new.epoch }
    Log.info("placement adopted", [("epoch", String(new.epoch))])
  }
}
