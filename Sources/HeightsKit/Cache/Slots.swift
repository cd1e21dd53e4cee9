// A bound on how many do something at once.

import Synchronization

/// So many at once; so many more wait for their turn, first come first served; the rest is refused.
final class Slots: Sendable {
  private enum Turn { case begun, queued, full }
  private typealias Waiter = CheckedContinuation<Void, any Error>

  private struct State {
    var free: Int
    var waiters: [(number: Int, waiter: Waiter)] = []
    var lastNumber = 0
  }

  private let limit: Int
  private let state: Mutex<State>

  init(count: Int, waiters: Int) {
    limit = waiters
    state = Mutex(State(free: count))
  }

  var isTaken: Bool { state.withLock { $0.free == 0 } }
  var waiting: Int { state.withLock { $0.waiters.count } }

  /// - Throws: `Problem.overloaded` when too many wait; `CancellationError`; what `body` throws.
  func use<T>(_ body: () async throws -> T) async throws -> T {
    try await take()
    defer { giveBack() }
    return try await body()
  }

  private func take() async throws {
    let number = state.withLock { state -> Int? in
      state.lastNumber += 1
      guard state.free > 0 else { return state.lastNumber }
      state.free -= 1
      return nil
    }
    guard let number else { return }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let turn = state.withLock { state -> Turn in
          if state.free > 0 {
            state.free -= 1
            return .begun
          }
          if Task.isCancelled || state.waiters.count >= limit { return .full }
          state.waiters.append((number, waiter))
          return .queued
        }
        switch turn {
        case .begun: waiter.resume()
        case .queued: break
        case .full: waiter.resume(throwing: Task.isCancelled ? CancellationError() : Problem.overloaded)
        }
      }
    } onCancel: {
      let waiter = state.withLock { state -> Waiter? in
        guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
        return state.waiters.remove(at: index).waiter
      }
      waiter?.resume(throwing: CancellationError())
    }
  }

  private func giveBack() {
    let next = state.withLock { state -> Waiter? in
      if state.waiters.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiters.removeFirst().waiter
    }
    next?.resume()
  }
}
