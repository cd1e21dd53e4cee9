// How many tries more others may be asked for: a value without a clock.

/// Lets tries be a share of calls: when everything fails, nobody is asked much more often than when all is well.
public struct RetryBudget: Equatable, Sendable {
  /// Tries more for each hundred calls, as a service mesh usually allows them (Finagle's budget begins with 20, Envoy's too).
  public static let percent = 10
  /// So that the first calls of a process may be tried again, and a pause does not save up for a flood.
  public static let most = 10

  /// In hundredths of a try.
  private var saved = most * 100

  public init() {}

  /// A call begins, which is no try of another one.
  public mutating func call() { saved = min(saved + Self.percent, Self.most * 100) }

  /// - Returns: whether there is one more try to spend.
  public mutating func spend() -> Bool {
    guard saved >= 100 else { return false }
    saved -= 100
    return true
  }
}
