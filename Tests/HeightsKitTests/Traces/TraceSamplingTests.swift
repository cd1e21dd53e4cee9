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

  @Test(arguments: [
    (false, 200, 249_999, false), (true, 200, 1, true), (false, 499, 1, false), (false, 500, 1, true),
    (false, 503, 1, true), (false, 200, 250_000, true),
  ])
  func whatFailedOrWasSlowIsKept(isSampled: Bool, status: Int, microseconds: Int, isKept: Bool) {
    let sampling = TraceSampling(share: 0, slowMs: 250)
    #expect(sampling.keeps(isSampled: isSampled, status: status, microseconds: microseconds) == isKept)
  }

  @Test func aLoopHandsOverSoManyInASecond() {
    var allowance = TraceAllowance()
    let begin = Deadline(uptimeNanoseconds: 5_000_000_000)
    let taken = (0..<250).count { allowance.take(at: begin.plus(ms: $0)) }
    #expect(taken == TraceAllowance.perSecond)
    let isTakenLater = allowance.take(at: begin.plus(ms: 1_000))
    #expect(isTakenLater)
  }
}
