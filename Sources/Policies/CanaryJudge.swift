// Whether what is new does as well as what stays, by what both have counted in the same time.

/// What servers have counted of the requests that they were sent.
public struct AnswerCounts: Equatable, Sendable {
  /// Those that took no longer than a time, the shorter ones among them.
  public struct Bucket: Equatable, Sendable {
    /// Its bound, in seconds.
    public let upToSeconds: Double
    /// Of the shorter buckets too.
    public var count: Double

    /// - Parameter count: of the shorter buckets too.
    public init(upToSeconds: Double, count: Double) {
      (self.upToSeconds, self.count) = (upToSeconds, count)
    }
  }

  /// All requests.
  public var total: Double
  /// Those that were answered with a fault of the server's, or not at all.
  public var failed: Double
  /// Those whose time is known.
  public var timed: Double
  /// Of these; by rising bound, the same bounds for all that are compared.
  public var buckets: [Bucket]

  /// Of nobody, unless told.
  public init(total: Double = 0, failed: Double = 0, timed: Double = 0, buckets: [Bucket] = []) {
    (self.total, self.failed, self.timed, self.buckets) = (total, failed, timed, buckets)
  }

  /// What several have counted together.
  public static func + (left: AnswerCounts, right: AnswerCounts) -> AnswerCounts {
    left.combined(with: right, +)
  }

  /// The bound of the first bucket within which 99 of 100 are; nil where none is known, or more than one in a hundred are beyond
  /// every bound.
  public var p99Seconds: Double? {
    timed > 0 ? buckets.first { $0.count >= 0.99 * timed }?.upToSeconds : nil
  }

  /// What came after `earlier`.
  public func since(_ earlier: AnswerCounts) -> AnswerCounts { combined(with: earlier, -) }

  private func combined(
    with other: AnswerCounts, _ operation: (Double, Double) -> Double
  ) -> AnswerCounts {
    let counts = Dictionary(buckets.map { ($0.upToSeconds, $0.count) }) { first, _ in first }
    let others = Dictionary(other.buckets.map { ($0.upToSeconds, $0.count) }) { first, _ in first }
    let bounds = Set(counts.keys).union(others.keys).sorted()
    return AnswerCounts(
      total: operation(total, other.total), failed: operation(failed, other.failed),
      timed: operation(timed, other.timed),
      buckets: bounds.map { Bucket(upToSeconds: $0, count: operation(counts[$0] ?? 0, others[$0] ?? 0)) })
  }
}

/// Compares shares of failed and of slow requests. Chance does not trip it: a difference counts when it is larger than its
/// uncertainty, which is large where little was counted.
public struct CanaryJudge: Equatable, Sendable {
  /// What is known of the new one.
  public enum Verdict: Equatable, Sendable {
    case healthy
    /// With the reason, for people.
    case worse(String)
    /// Not worse so far, and too few requests to say that it is well.
    case tooFew
  }

  /// Requests that the new one must have had to be called healthy.
  public var leastTotal = 50.0
  /// Fewer failed or slow ones say nothing, however few there were of others.
  public var leastFailed = 5.0
  /// By how much its share of them may be larger.
  public var margin = 0.01

  /// Standard deviations to one side: by chance alone it is worse once in 740 looks.
  private static let deviations = 3.0
  /// Slow is what takes this many buckets longer than all but one in a hundred of those that stay.
  private static let bucketsMore = 2
  /// And no less than this: nobody notices it.
  private static let unnoticedSeconds = 0.05

  /// With the usual limits.
  public init() {}

  /// - Parameter staying: of the same time, or of before where none stays; none of them where nobody knows.
  public func verdict(of new: AnswerCounts, against staying: AnswerCounts) -> Verdict {
    if isMore(new.failed, of: new.total, than: staying.failed, of: staying.total) {
      return .worse(
        "\(Self.text(new.failed, of: new.total)) failed, and \(Self.text(staying.failed, of: staying.total)) of what stays"
      )
    }
    if let bound = Self.slowBound(staying) {
      let (slow, others) = (new.slower(than: bound), staying.slower(than: bound))
      if isMore(slow, of: new.timed, than: others, of: staying.timed) {
        return .worse(
          "\(Self.text(slow, of: new.timed)) took more than \(Int(bound * 1_000)) ms, and "
            + "\(Self.text(others, of: staying.timed)) of what stays")
      }
    }
    return new.total < leastTotal ? .tooFew : .healthy
  }

  /// Whether the difference of two shares is above the margin for certain: the lower end of its interval is (Newcombe, 'Interval
  /// estimation for the difference between independent proportions', Statistics in Medicine 17 (1998), method 10).
  private func isMore(_ some: Double, of all: Double, than others: Double, of allOthers: Double) -> Bool {
    if some < leastFailed || all < some { return false }
    let share = some / all
    let (lowest, _) = Self.interval(some, of: all)
    if allOthers <= 0 { return lowest > margin }
    let other = others / allOthers
    let (_, highest) = Self.interval(others, of: allOthers)
    let below = share - lowest
    let above = highest - other
    return share - other - (below * below + above * above).squareRoot() > margin
  }

  /// The score interval of a share (Wilson, 'Probable inference, the law of succession, and statistical inference', JASA 22
  /// (1927)).
  private static func interval(_ some: Double, of all: Double) -> (lowest: Double, highest: Double) {
    let share = some / all
    let square = deviations * deviations
    let middle = share + square / (2 * all)
    let half = deviations * (share * (1 - share) / all + square / (4 * all * all)).squareRoot()
    let scale = 1 + square / all
    return ((middle - half) / scale, (middle + half) / scale)
  }

  /// Nil where nothing was counted, or more than one in a hundred are beyond every bound.
  private static func slowBound(_ staying: AnswerCounts) -> Double? {
    guard staying.timed > 0,
      let usual = staying.buckets.firstIndex(where: { $0.count >= 0.99 * staying.timed })
    else { return nil }
    let bounds = staying.buckets.map(\.upToSeconds)
    return bounds.dropFirst(usual + bucketsMore).first { $0 >= unnoticedSeconds }
  }

  private static func text(_ some: Double, of all: Double) -> String {
    let percent = all > 0 ? (some * 1_000 / all).rounded() / 10 : 0
    return "\(Int(some)) of \(Int(all)) (\(percent) %)"
  }
}

extension AnswerCounts {
  fileprivate func slower(than seconds: Double) -> Double {
    max(0, timed - (buckets.last { $0.upToSeconds <= seconds }?.count ?? timed))
  }
}
