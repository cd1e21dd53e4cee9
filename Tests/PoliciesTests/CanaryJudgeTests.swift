// What is new is called worse when it is, and not by chance.

import Policies
import TestSupport
import Testing

@Suite struct CanaryJudgeTests {
  private let judge = CanaryJudge()
  private static let bounds = [0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

  /// - Parameter slow: of the answers, so many took that long; all others a millisecond.
  private static func counts(_ total: Double, failed: Double = 0, slow: (Double, seconds: Double) = (0, 1))
    -> AnswerCounts
  {
    AnswerCounts(
      total: total, failed: failed, timed: total,
      buckets: bounds.map { .init(upToSeconds: $0, count: $0 < slow.seconds ? total - slow.0 : total) })
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let new: AnswerCounts
    let staying: AnswerCounts
    /// Nil: worse.
    let verdict: CanaryJudge.Verdict?
  }

  private static let cases: [Case] = [
    Case(testDescription: "nobody came", new: counts(0), staying: counts(100), verdict: .tooFew),
    Case(testDescription: "few came", new: counts(49), staying: counts(100), verdict: .tooFew),
    Case(testDescription: "all is well", new: counts(50), staying: counts(100), verdict: .healthy),
    Case(
      testDescription: "one of one failed", new: counts(1, failed: 1), staying: counts(100), verdict: .tooFew),
    Case(
      testDescription: "four of four failed", new: counts(4, failed: 4), staying: counts(100),
      verdict: .tooFew),
    Case(
      testDescription: "five of five failed", new: counts(5, failed: 5), staying: counts(100), verdict: nil),
    Case(
      testDescription: "one in fifty failed", new: counts(50, failed: 1), staying: counts(100),
      verdict: .healthy),
    Case(
      testDescription: "a fifth failed", new: counts(60, failed: 12), staying: counts(120), verdict: nil),
    Case(
      testDescription: "a fifth failed on both sides", new: counts(60, failed: 12),
      staying: counts(120, failed: 24), verdict: .healthy),
    Case(
      testDescription: "a fifth failed, and nobody stays", new: counts(60, failed: 12), staying: counts(0),
      verdict: nil),
    Case(
      testDescription: "less failed than before", new: counts(60, failed: 6), staying: counts(60, failed: 20),
      verdict: .healthy),
    Case(
      testDescription: "half a percent more of very many", new: counts(100_000, failed: 500),
      staying: counts(100_000), verdict: .healthy),
    Case(
      testDescription: "two percent more of many", new: counts(10_000, failed: 200),
      staying: counts(10_000), verdict: nil),
    Case(
      testDescription: "a fifth is slow", new: counts(100, slow: (20, 0.5)), staying: counts(200),
      verdict: nil),
    Case(
      testDescription: "a fifth is slow on both sides", new: counts(100, slow: (20, 0.5)),
      staying: counts(200, slow: (40, 0.5)), verdict: .healthy),
    Case(
      testDescription: "slower, and nobody notices", new: counts(100, slow: (100, 0.025)),
      staying: counts(200), verdict: .healthy),
    Case(
      testDescription: "one in a hundred is slow", new: counts(100, slow: (1, 1)), staying: counts(200),
      verdict: .healthy),
    Case(
      testDescription: "slow, and nobody knows what is usual", new: counts(100, slow: (100, 1)),
      staying: counts(0), verdict: .healthy),
  ]

  @Test(arguments: cases) func itIsWorseWhenItIs(_ one: Case) {
    let verdict = judge.verdict(of: one.new, against: one.staying)
    if let expected = one.verdict {
      #expect(verdict == expected)
    } else if case .worse = verdict {
    } else {
      Issue.record("expected worse, found \(verdict)")
    }
  }

  @Test func theReasonSaysWhatWasCounted() {
    #expect(
      judge.verdict(of: Self.counts(60, failed: 12), against: Self.counts(120, failed: 1))
        == .worse("12 of 60 (20.0 %) failed, and 1 of 120 (0.8 %) of what stays"))
    #expect(
      judge.verdict(of: Self.counts(100, slow: (20, 0.5)), against: Self.counts(200))
        == .worse("20 of 100 (20.0 %) took more than 50 ms, and 0 of 200 (0.0 %) of what stays"))
  }

  /// The same for both: chance alone must not tell them apart more often than is promised, with room for chance itself.
  @Test func chanceDoesNotTripIt() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    var worse = 0
    let rounds = 4_000
    for _ in 0..<rounds {
      let share = Double.random(in: 0...0.3, using: &random)
      func draw(_ total: Int) -> AnswerCounts {
        let failed = (0..<total).count { _ in Double.random(in: 0..<1, using: &random) < share }
        return Self.counts(Double(total), failed: Double(failed))
      }
      let new = draw(Int.random(in: 5...300, using: &random))
      let staying = draw(Int.random(in: 5...300, using: &random))
      if case .worse = judge.verdict(of: new, against: staying) { worse += 1 }
    }
    #expect(worse <= rounds / 200, "seed \(seed)")
  }

  @Test func countsAreAddedAndTakenAway() {
    let (few, many) = (Self.counts(10, failed: 1), Self.counts(30, failed: 2, slow: (3, 0.5)))
    #expect((few + many).total == 40)
    #expect((few + many).since(few) == many)
    #expect((AnswerCounts() + few) == few)
  }
}
