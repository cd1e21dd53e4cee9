// Which engine a range of a database's shards has, and the fence behind which one takes the other's place.

import Dispatch
import Synchronization

/// What a database runs on.
enum DatabaseEngine: Sendable {
  case sqlite(SQLiteDatabase)
  case postgres(PostgresDatabase)
}

/// Counts the transactions of a range in and out, so that another engine can take the place of its own between two of them.
///
/// A transaction that has entered ends on the engine that it entered. Behind a fence nobody enters: those that come wait,
/// and go on when it is lowered, or elsewhere when the range has ended. A fence falls by itself when its time is over, unless
/// `decide` came first: from then on only `lower` or `end` ends it, so that nobody enters the old engine after the decision
/// is on disk. Reads know nothing of fences.
final class EngineSwitch: Sendable {
  private typealias Waiter = CheckedContinuation<Void, any Error>

  private struct Fence {
    let number: Int
    let loop: EventLoop
    var isDecided = false
    var waiters: [(number: Int, continuation: Waiter)] = []
  }

  private struct State {
    var underWay = 0
    var fence: Fence?
    /// Whether another has taken its place in the table.
    var isOver = false
    var lastNumber = 0

    mutating func nextNumber() -> Int {
      lastNumber += 1
      return lastNumber
    }
  }

  /// How many may wait at a fence; the next one is refused.
  static let waiterLimit = 4_096

  let engine: DatabaseEngine
  private let state = Mutex(State())
  /// Signalled when the last transaction leaves behind a fence.
  private let drained = DispatchSemaphore(value: 0)

  init(_ engine: DatabaseEngine) { self.engine = engine }

  var waiting: Int { state.withLock { $0.fence?.waiters.count ?? 0 } }

  // MARK: Transactions

  /// What somebody finds who wants to enter.
  enum Entrance { case entered, fenced, over }

  /// - Returns: the engine to run on; call `leave` afterwards. Nil when the range has ended: the table knows what there is
  ///   instead.
  /// - Throws: `.timeout` when the deadline comes before the end of a fence, `.tooMany`.
  func enter(until deadline: Deadline) async throws -> DatabaseEngine? {
    while true {
      switch enterAtOnce() {
      case .entered: return engine
      case .over: return nil
      case .fenced: try await withCheckedThrowingContinuation { wait($0, until: deadline) }
      }
    }
  }

  /// The same for those who must not wait here: a fence may be raised that waits for them elsewhere.
  func enterAtOnce() -> Entrance {
    state.withLock { state in
      if state.isOver { return .over }
      if state.fence != nil { return .fenced }
      state.underWay += 1
      return .entered
    }
  }

  private func wait(_ continuation: Waiter, until deadline: Deadline) {
    enum Answer { case goOn, refuse, wait(number: Int, EventLoop) }
    let answer = state.withLock { state -> Answer in
      guard let fence = state.fence else { return .goOn }
      guard fence.waiters.count < Self.waiterLimit else { return .refuse }
      let number = state.nextNumber()
      state.fence?.waiters.append((number, continuation))
      return .wait(number: number, fence.loop)
    }
    switch answer {
    case .goOn: continuation.resume()
    case .refuse: continuation.resume(throwing: DatabaseError.tooMany)
    case .wait(let number, let loop):
      loop.onLoop { loop.schedule(at: deadline) { [weak self] in self?.giveUp(number) } }
    }
  }

  private func giveUp(_ number: Int) {
    let late = state.withLock { state -> Waiter? in
      guard let index = state.fence?.waiters.firstIndex(where: { $0.number == number }) else { return nil }
      return state.fence?.waiters.remove(at: index).continuation
    }
    late?.resume(throwing: DatabaseError.timeout("the database was moving to another engine"))
  }

  func leave() {
    let isLast = state.withLock { state in
      state.underWay -= 1
      return state.underWay == 0 && state.fence != nil
    }
    if isLast { drained.signal() }
  }

  // MARK: The fence

  /// Lets nobody enter from now on.
  /// - Parameter loop: keeps the time.
  /// - Returns: false when there is a fence already, or the range has ended.
  func raise(limitMs: Int, on loop: EventLoop) -> Bool {
    let number = state.withLock { state -> Int? in
      guard state.fence == nil, !state.isOver else { return nil }
      let number = state.nextNumber()
      state.fence = Fence(number: number, loop: loop)
      return number
    }
    guard let number else { return false }
    loop.onLoop { loop.schedule(afterMs: limitMs) { [weak self] in self?.expire(number) } }
    return true
  }

  /// Blocks until all transactions that had entered have left.
  /// - Returns: false when the deadline came first.
  func waitUntilDrained(by deadline: Deadline) -> Bool {
    while state.withLock({ $0.underWay }) > 0 {
      if drained.wait(timeout: .now() + .milliseconds(deadline.remainingMs)) == .timedOut { return false }
    }
    return true
  }

  /// From now on the fence stands until `lower`, however long that takes.
  /// - Returns: false when it has fallen: transactions may have entered again.
  func decide() -> Bool {
    state.withLock { state in
      state.fence?.isDecided = true
      return state.fence != nil
    }
  }

  /// Ends the fence, if it still stands. Those that wait go on.
  func lower() { endFence(isOver: false) }

  /// Ends the range, whose place another has taken: those that wait go on there, and nobody enters any more.
  func end() { endFence(isOver: true) }

  private func endFence(isOver: Bool) {
    let waiters = state.withLock { state in
      state.isOver = isOver
      defer { state.fence = nil }
      return state.fence?.waiters ?? []
    }
    for waiter in waiters { waiter.continuation.resume() }
  }

  private func expire(_ number: Int) {
    let waiters = state.withLock { state -> [(number: Int, continuation: Waiter)] in
      guard let fence = state.fence, fence.number == number, !fence.isDecided else { return [] }
      state.fence = nil
      return fence.waiters
    }
    for waiter in waiters { waiter.continuation.resume() }
  }
}
