// Whether a share of calls that goes elsewhere does as well as those that stay: looked at until that can be said, and not for ever.

/// Judges one share of a service's calls by what was counted since it began to go elsewhere. A value: whoever looks feeds it.
public struct ShareJudge: Equatable, Sendable {
  /// What was counted of calls by where they are done: `total` are those that have begun, `timed` those that have ended.
  public struct Sides: Equatable, Sendable {
    /// Of those that went.
    public var elsewhere: AnswerCounts
    /// Of those that stayed, or of a sample of them.
    public var here: AnswerCounts

    /// Of nobody, unless told.
    public init(elsewhere: AnswerCounts = AnswerCounts(), here: AnswerCounts = AnswerCounts()) {
      (self.elsewhere, self.here) = (elsewhere, here)
    }

    fileprivate var text: String { "\(elsewhere.told) there; \(here.told) of those that stay" }
  }

  /// For how long it is looked at.
  public struct Pace: Equatable, Sendable {
    /// Between two looks, in milliseconds.
    public var lookMs = 500
    /// So long at least, in milliseconds.
    public var leastMs = 1_500
    /// After that too few calls are as many as there are, in milliseconds.
    public var mostMs = 6_000

    /// The usual one.
    public init() {}
  }

  /// What is to be done, with the numbers of both sides, for people.
  public enum Decision: Equatable, Sendable {
    /// It is to be looked at again.
    case wait
    /// The share may grow.
    case goOn(String)
    /// None is to go there.
    case goBack(String)
  }

  private let pace: Pace
  private let judge = CanaryJudge()
  private let formerly: AnswerCounts
  private var last = Sides()
  /// How many looks in a row have seen worse than `formerly`.
  private var worseLooks = 0

  /// A machine that stands still for once holds up the calls of a moment, and where none stays none of those is there to tell.
  private static let worseLooksInTurn = 2

  /// - Parameter formerly: what was counted of those that stayed with the share before: what is compared with when none stays.
  public init(_ pace: Pace = Pace(), formerly: AnswerCounts = AnswerCounts()) {
    (self.pace, self.formerly) = (pace, formerly)
  }

  /// - Parameters:
  ///   - now: all that was counted since the share began.
  ///   - elapsedMs: since then.
  public mutating func look(_ now: Sides, elapsedMs: Int) -> Decision {
    // None stays: what went before the share did is what there is to compare with.
    let staying = now.here.total > 0 ? now.here.waiting(since: last.here) : formerly
    let gone = now.elsewhere.waiting(since: last.elsewhere)
    let verdict = judge.verdict(of: gone, against: staying)
    let lately = judge.verdict(of: gone.since(last.elsewhere.ended), against: staying)
    last = now
    let text = Sides(elsewhere: now.elsewhere, here: now.here.total > 0 ? now.here : formerly).text
    if case .worse = lately { worseLooks += 1 } else { worseLooks = 0 }
    switch verdict {
    case .worse(let reason):
      if now.here.total > 0 || worseLooks >= Self.worseLooksInTurn { return .goBack("\(reason): \(text)") }
      return elapsedMs >= pace.mostMs ? .goOn("\(text); for a moment only") : .wait
    case .healthy where now.here.total == 0 || staying.total >= judge.leastTotal:
      return elapsedMs >= pace.leastMs ? .goOn(text) : .wait
    // Or too few to compare with.
    case .healthy, .tooFew:
      // Where nobody calls, nobody is waited for.
      if now.elsewhere.total + now.here.total == 0 {
        return elapsedMs >= pace.leastMs ? .goOn("nobody has called") : .wait
      }
      return elapsedMs >= pace.mostMs ? .goOn("\(text); too few to say more") : .wait
    }
  }
}

extension AnswerCounts {
  /// Those that have ended, and those that had begun by the look before and have not: they have taken as long as anything. At
  /// least so many, since others may have ended in their place.
  fileprivate func waiting(since last: AnswerCounts) -> AnswerCounts {
    var counts = self
    counts.timed += max(0, last.total - timed)
    counts.total = counts.timed
    return counts
  }

  /// Without those that have not ended.
  fileprivate var ended: AnswerCounts {
    var counts = self
    counts.total = timed
    return counts
  }

  fileprivate var told: String {
    guard total > 0 else { return "none" }
    let ms = p99Seconds.map { "99 of 100 within \(Self.text(ms: $0 * 1_000)) ms" } ?? "too slow to be told"
    return "\(Int(total)) calls, \(Int(failed)) failed, \(timed > 0 ? ms : "none has ended")"
  }

  private static func text(ms: Double) -> String {
    ms == ms.rounded() ? String(Int(ms)) : String((ms * 100).rounded() / 100)
  }
}
