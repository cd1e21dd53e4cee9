// When an error budget goes too fast: the lab and what is set up on AWS go by the same figures.

/// Fires while requests fail so many times as often as they may, over a long time and over a short one: the long one says that it
/// matters, the short one that it still goes on.
public struct BurnAlarm: Equatable, Sendable {
  /// `fast`, `slow` or `lasting`.
  public let name: String
  /// Times as often as they may.
  public let rate: Double
  /// How long the budget has burnt.
  public let longSeconds: Int
  /// A twelfth of that.
  public var shortSeconds: Int { longSeconds / 12 }

  /// What of 30 days' budget is gone when it fires: 2 % in an hour, 5 % in six, 10 % in a day
  /// (https://sre.google/workbook/alerting-on-slos/, 5 and 6, with one for a day between its last two. Its
  /// fourth, 1 for three days, is left out: the budget itself tells as much).
  public static let all = [
    BurnAlarm(name: "fast", rate: 14.4, longSeconds: 3_600),
    BurnAlarm(name: "slow", rate: 6, longSeconds: 6 * 3_600),
    BurnAlarm(name: "lasting", rate: 3, longSeconds: 24 * 3_600),
  ]
}
