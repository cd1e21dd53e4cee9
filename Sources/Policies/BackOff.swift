// How long to wait before the next try.

/// Waits that grow from try to try, up to a limit. A value: it neither waits nor counts.
public struct BackOff: Equatable, Sendable {
  /// How much longer than the one before each wait is.
  public enum Growth: Equatable, Sendable {
    case twofold
    /// For who has to notice soon what may take long.
    case byAQuarter
  }

  /// The first wait, 1 ms or more.
  public let firstMs: Int
  /// The longest.
  public let limitMs: Int
  /// From one to the next.
  public let growth: Growth

  /// - Parameters:
  ///   - firstMs: 1 or more.
  ///   - limitMs: no less than the first.
  @inlinable public init(firstMs: Int, limitMs: Int, growth: Growth = .twofold) {
    self.firstMs = firstMs
    self.limitMs = limitMs
    self.growth = growth
  }

  /// The wait after one of `formerMs`, or the first after none, which is 0.
  public func next(after formerMs: Int) -> Int {
    if formerMs <= 0 { return firstMs }
    if formerMs >= limitMs { return limitMs }
    let moreMs =
      switch growth {
      case .twofold: formerMs
      case .byAQuarter: max(formerMs / 4, 1)
      }
    return limitMs - formerMs > moreMs ? formerMs + moreMs : limitMs
  }

  /// The wait after so many failures in a row; 0 after none.
  public func ms(afterFailures failures: Int) -> Int {
    var ms = 0
    for _ in 0..<max(failures, 0) {
      if ms >= limitMs { break }
      ms = next(after: ms)
    }
    return ms
  }

  /// A wait shortened by up to a half, so that many who were told the same at once don't come back together.
  /// - Parameter chance: 0 to 1, the more the shorter.
  public static func shortened(_ ms: Int, chance: Double) -> Int {
    ms - Int((Double(ms - ms / 2) * chance).rounded())
  }
}

extension BackOff {
  /// Of a process that ends by itself, from the second end in a row on. Who runs it on AWS, systemd, always waits as long as
  /// the longest of these.
  public static let restarts = BackOff(firstMs: 100, limitMs: 5_000)
}
