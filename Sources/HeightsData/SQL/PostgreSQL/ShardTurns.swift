// Whose turn it is to write to a shard: a state machine without transactions, tasks and a clock of its own.

/// Of each shard one at a time, so many more who wait, first come first served; the rest is refused.
///
/// Whoever has a turn ends it, or hands it to the first of those who wait on the same loop.
struct ShardTurns<Waiter> {
  /// What somebody who asks is told.
  enum Reply {
    case turn
    /// To be told later, by `next` or `end`; the number is for `giveUp`.
    case wait(number: Int)
    /// Too many wait already.
    case full
  }

  private struct Wait {
    let number: Int
    let loop: Int
    let waiter: Waiter
  }

  private let waiterLimit: Int
  /// Those who wait for each shard that somebody has the turn of.
  private var waits: [UInt16: [Wait]] = [:]
  /// That of the last who came to wait, for whichever shard.
  private(set) var lastNumber = 0
  private(set) var waiterCount = 0

  init(waiterLimit: Int) { self.waiterLimit = waiterLimit }

  /// Somebody wants a shard at once.
  mutating func take(_ shard: UInt16) -> Bool {
    if waits[shard] != nil { return false }
    waits[shard] = []
    return true
  }

  /// Somebody wants a shard, and would wait for it.
  /// - Parameter loop: the number of the loop that it is on.
  mutating func ask(_ shard: UInt16, on loop: Int, _ waiter: Waiter) -> Reply {
    if take(shard) { return .turn }
    guard waiterCount < waiterLimit else { return .full }
    waiterCount += 1
    lastNumber += 1
    waits[shard]?.append(Wait(number: lastNumber, loop: loop, waiter: waiter))
    return .wait(number: lastNumber)
  }

  /// Whose turn is handed on, on the same loop: it stays one turn.
  /// - Parameter last: the number of the last who may have it.
  mutating func next(of shard: UInt16, on loop: Int, upTo last: Int) -> Waiter? {
    remove(waits[shard]?.firstIndex { $0.loop == loop && $0.number <= last }, of: shard)
  }

  /// A turn ends.
  /// - Returns: whose turn it is now.
  mutating func end(_ shard: UInt16) -> Waiter? {
    if let waiter = remove(waits[shard]?.isEmpty == false ? 0 : nil, of: shard) { return waiter }
    waits[shard] = nil
    return nil
  }

  /// Somebody waits no longer.
  /// - Returns: nil when its turn has come.
  mutating func giveUp(_ number: Int, of shard: UInt16) -> Waiter? {
    remove(waits[shard]?.firstIndex { $0.number == number }, of: shard)
  }

  private mutating func remove(_ index: Int?, of shard: UInt16) -> Waiter? {
    guard let index else { return nil }
    waiterCount -= 1
    return waits[shard]?.remove(at: index).waiter
  }
}

extension ShardTurns.Reply: Equatable {}
