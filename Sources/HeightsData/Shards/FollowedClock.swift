// A clock that somebody sets, followed by one that nobody sets.

/// Follows the time of day as identifiers do. A jump forward is followed at twice the pace of time, so that an hour's jump
/// that is taken back after a minute has made identifiers of a minute to come, and none of an hour. Backward it is followed
/// at once.
struct FollowedClock: Sendable {
  /// How far the clock may be ahead of what has passed before it counts as a jump.
  static let toleranceMs: Int64 = 10_000

  /// The clock as it was followed last, and when that was.
  private var last: (clockMs: Int64, uptimeMs: Int64)?

  /// What is followed first is believed.
  init() {}

  /// What is followed first is compared with a clock that is at hand.
  init(nowMs: Int64, uptimeMs: Int64) { last = (nowMs, uptimeMs) }

  /// Takes in what the clock shows.
  /// - Parameter uptimeMs: of a clock that nobody sets.
  /// - Returns: as what it counts.
  mutating func follow(_ nowMs: Int64, uptimeMs: Int64) -> Int64 {
    var clock = nowMs
    if let last, nowMs - last.clockMs > uptimeMs - last.uptimeMs + Self.toleranceMs {
      clock = last.clockMs + 2 * (uptimeMs - last.uptimeMs)
    }
    last = (clock, uptimeMs)
    return clock
  }

  /// The latest that the clock may show by now without having jumped; nil before it was followed.
  func latestMs(uptimeMs: Int64) -> Int64? {
    last.map { $0.clockMs + (uptimeMs - $0.uptimeMs) + Self.toleranceMs }
  }
}
