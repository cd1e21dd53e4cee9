// Which traces are kept: a share of all, and whatever failed or was slow.

import TestSupport
import Testing

@testable import HeightsHTTP

@Suite struct TraceSamplingTests {
  @Test(arguments: [0, 0.01, 0.25, 1]) func aShareOfThoseThatBeginHereIsChosen(share: Double) {
    let (sampling, seed) = (TraceSampling(share: share, slowMs: 250), UInt64.random(in: 1 ... .max))
    var random = SplitMix(seed)
    let count = (0..<20_000).count { _ in
      TraceContext(traceparent: nil, random: &random, sampling: sampling).sampled
    }
    // Six standard deviations.
    let allowed = 6 * (20_000 * share * (1 - share)).squareRoot()
    #expect(abs(Double(count) - 20_000 * share) <= allowed, "seed \(seed)")
  }

  @Test func allWhoLookAtATraceChooseAlike() {
    let (few, many) = (TraceSampling(share: 0.1, slowMs: 1), TraceSampling(share: 0.5, slowMs: 1))
    let seed = UInt64.random(in: 1 ... .max)
    var random = SplitMix(seed)
    for _ in 0..<1_000 {
      let number = random.next()
      if few.takes(traceLow: number) { #expect(many.takes(traceLow: number), "seed \(seed)") }
    }
  }

  @Test(arguments: [("01", 0.0, true), ("00", 1.0, false)])
  func aCallersChoiceGoesBeforeOurs(flags: String, share: Double, expected: Bool) {
    var random = SplitMix(1)
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\(flags)"
    let sampling = TraceSampling(share: share, slowMs: 250)
    #expect(TraceContext(traceparent: header, random: &random, sampling: sampling).sampled == expected)
  }

  @Test func aHeaderThatIsLongerThanAnyIsNoTrace() {
    var random = SplitMix(1)
    let header = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-"
    let long = TraceContext(traceparent: header + String(repeating: "a", count: 1_000), random: &random)
    #expect(long.parentSpan == 0 && !long.sampled)
    #expect(TraceContext(traceparent: header + "a", random: &random).sampled)
  }

  private static let reasons: [(Bool, Int, Int, TraceSampling.Reason?)] = [
    (false, 200, 249_999, nil), (true, 200, 1, .chosen), (false, 499, 1, nil), (false, 500, 1, .failedOrSlow),
    (true, 503, 1, .failedOrSlow), (false, 200, 250_000, .failedOrSlow),
  ]

  @Test func whatFailedOrWasSlowIsKeptForThat() {
    let sampling = TraceSampling(share: 0, slowMs: 250)
    for (isSampled, status, microseconds, expected) in Self.reasons {
      let reason = sampling.reason(isSampled: isSampled, status: status, microseconds: microseconds)
      #expect(reason == expected, "\(isSampled) \(status) \(microseconds)")
    }
  }

  @Test func aLoopHandsOverSoManyInASecond() {
    var allowance = TraceAllowance(perSecond: 100)
    let begin = Deadline(uptimeNanoseconds: 5_000_000_000)
    let taken = (0..<250).count { allowance.take(at: begin.plus(ms: $0)) }
    #expect(taken == 100)
    let isTakenLater = allowance.take(at: begin.plus(ms: 1_000))
    #expect(isTakenLater)
  }

  @Test(arguments: [("abc", 3, "abc"), ("abcd", 3, "abc"), ("aä", 2, "a"), ("aä", 3, "aä"), ("😀", 3, "")])
  func aLongTextEndsBeforeTheCharacterThatIsTooMuch(text: String, limit: Int, expected: String) {
    #expect(SpanAttribute("a", text, limitBytes: limit) == SpanAttribute("a", expected))
  }
}
