// Mints identifiers for the writer of one database: never the same twice, whatever the clock does.

/// Hands out identifiers. Used by the writer's thread only.
///
/// Each shard counts ticks: 1,024 of them a millisecond. A tick is the clock's or the one after the shard's last,
/// whichever is later, so that a burst borrows from the milliseconds to come and a clock that steps back only makes
/// the ticks run on. What was used up to the last commit is stored in that commit as a high-water mark, and nothing
/// at or below a mark that was read is minted again: not after a restart, and not by a second process.
final class IdentifierSource {
  private let nowMs: () -> Int64
  private let uptimeMs: () -> Int64
  private var clock = FollowedClock()
  private var lastTicks = [Int64](repeating: 0, count: Shard.count)
  /// Every tick minted from now on lies above.
  private var floorTick: Int64 = 0
  /// The latest millisecond in use, counted from `Identifier.epochMs`.
  private(set) var highWaterMs: Int64 = 0
  /// What the database has, as far as we know.
  private var storedMs: Int64 = 0

  /// - Parameters:
  ///   - nowMs: milliseconds since 1970.
  ///   - uptimeMs: of a clock that nobody sets.
  init(
    nowMs: @escaping () -> Int64,
    uptimeMs: @escaping () -> Int64 = { Deadline.now.uptimeMs }
  ) {
    (self.nowMs, self.uptimeMs) = (nowMs, uptimeMs)
  }

  /// `nil` when the 41 bits are used up (in 2093).
  func next(_ shard: Shard) -> Identifier? {
    let index = Int(shard.number)
    // Kept within 42 bits, so that the shift cannot overflow.
    let clockMs = min(max(clock.follow(nowMs(), uptimeMs: uptimeMs()) - Identifier.epochMs, 1), 1 << 41)
    let tick = max(clockMs << 10, lastTicks[index] + 1, floorTick)
    guard tick >> 10 < 1 << 41 else { return nil }
    lastTicks[index] = tick
    highWaterMs = max(highWaterMs, tick >> 10)
    return Identifier(tick: tick, shard: shard)
  }

  /// Takes in the stored mark at the start of a batch. One that is not ours was left by another process.
  func begin(storedMs found: Int64) {
    guard found != storedMs else { return }
    storedMs = found
    highWaterMs = max(highWaterMs, found)
    floorTick = max(floorTick, (found + 1) << 10)
  }

  /// The mark to store in the commit that is about to happen, if it has moved.
  var markToStore: Int64? { highWaterMs > storedMs ? highWaterMs : nil }

  func committed() { storedMs = highWaterMs }
}
