// Which placement a process goes by, and who has to follow a new one before it counts as adopted.

import Synchronization

/// Hands each new placement to all who asked for it, one placement after the other.
final class PlacementAdoption: Sendable {
  /// Follows a change. It has been followed when this returns.
  typealias Follow = @Sendable (_ old: Placement, _ new: Placement) async -> Void

  private struct State {
    var current: Placement
    var adoptedEpoch: Int
    /// The highest that was asked for.
    var askedEpoch: Int
    var followers: [Follow] = []
    /// The adoption that was asked for last: the next one begins after it.
    var last: Task<Void, Never>?
  }

  private let state: Mutex<State>

  init(_ placement: Placement) {
    state = Mutex(State(current: placement, adoptedEpoch: placement.epoch, askedEpoch: placement.epoch))
  }

  /// The placement to go by. While it is being adopted, some still go by the one before.
  var current: Placement { state.withLock { $0.current } }

  /// The epoch that everybody in this process goes by.
  var adoptedEpoch: Int { state.withLock { $0.adoptedEpoch } }

  /// Whether a later one than `placement` waits to be adopted: whoever can't follow `placement` need not try any longer.
  func isOutdated(_ placement: Placement) -> Bool { state.withLock { $0.askedEpoch > placement.epoch } }

  /// - Returns: the placement from which `follow` starts: the first change that it is given begins there.
  @discardableResult
  func subscribe(_ follow: @escaping Follow) -> Placement {
    state.withLock {
      $0.followers.append(follow)
      return $0.current
    }
  }

  /// Has `follow` called with the placement to start from, and with each new one: never with an older one after a later one.
  func follow(_ follow: @escaping @Sendable (Placement) async -> Void) async {
    subscribe { _, new in await follow(new) }
    await inTurn { await follow(self.current) }
  }

  /// Returns when everybody goes by `placement`, or by a later one. Not to be awaited by a follower of a change.
  func adopt(_ placement: Placement) async {
    state.withLock { $0.askedEpoch = max($0.askedEpoch, placement.epoch) }
    await inTurn { await self.hand(placement) }
    // Somebody may have given it up for a later one.
    if adoptedEpoch < placement.epoch { await inTurn {} }
  }

  /// Runs `body` when no placement is being adopted, and none while it runs.
  func inTurn(_ body: @escaping @Sendable () async -> Void) async {
    let turn = state.withLock { state in
      let before = state.last
      let turn = Task {
        await before?.value
        await body()
      }
      state.last = turn
      return turn
    }
    await turn.value
  }

  private func hand(_ new: Placement) async {
    let begun = state.withLock { state -> (old: Placement, followers: [Follow])? in
      guard new.epoch > state.current.epoch else { return nil }
      defer { state.current = new }
      return (state.current, state.followers)
    }
    guard let begun else { return }
    for follow in begun.followers { await follow(begun.old, new) }
    if isOutdated(new) { return }
    state.withLock { $0.adoptedEpoch = new.epoch }
    Log.info("placement adopted", [("epoch", String(new.epoch))])
  }
}
