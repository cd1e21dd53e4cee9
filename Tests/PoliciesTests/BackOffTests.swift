// Waits grow as they are said to, never beyond their limit, and chance takes a half of one at most.

import TestSupport
import Testing

@testable import Policies

@Suite struct BackOffTests {
  private func waits(_ backOff: BackOff, _ count: Int) -> [Int] {
    (1...count).map { backOff.ms(afterFailures: $0) }
  }

  @Test func eachWaitIsTwiceTheOneBeforeUpToTheLimit() {
    #expect(waits(BackOff(firstMs: 10, limitMs: 200), 7) == [10, 20, 40, 80, 160, 200, 200])
    #expect(waits(.restarts, 8) == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  }

  @Test func orAQuarterLongerButAlwaysLonger() {
    let backOff = BackOff(firstMs: 25, limitMs: 200, growth: .byAQuarter)
    #expect(waits(backOff, 11) == [25, 31, 38, 47, 58, 72, 90, 112, 140, 175, 200])
    #expect(waits(BackOff(firstMs: 1, limitMs: 6, growth: .byAQuarter), 7) == [1, 2, 3, 4, 5, 6, 6])
  }

  @Test func withoutAFailureThereIsNothingToWaitFor() {
    let backOff = BackOff(firstMs: 10, limitMs: 200)
    #expect(backOff.ms(afterFailures: 0) == 0 && backOff.ms(afterFailures: -1) == 0)
    #expect(backOff.next(after: 0) == 10)
  }

  @Test func whatIsAboveTheLimitComesBackToIt() {
    #expect(BackOff(firstMs: 25, limitMs: 200, growth: .byAQuarter).next(after: 1_000) == 200)
    #expect(BackOff(firstMs: 1, limitMs: 2).next(after: .max) == 2)
  }

  @Test func aLimitThatIsNoDoubleIsReachedAndKept() {
    let backOff = BackOff(firstMs: 1, limitMs: .max)
    #expect(backOff.ms(afterFailures: 63) == 1 << 62)
    #expect(backOff.ms(afterFailures: 64) == .max && backOff.ms(afterFailures: .max) == .max)
  }

  @Test(arguments: [UInt64(1), 2, 3, .random(in: 0 ... .max)])
  func countedOrOneByOneTheWaitsAreTheSameAndNoneIsShorterThanTheOneBefore(seed: UInt64) {
    var random = SplitMix(seed)
    for _ in 0..<500 {
      let firstMs = Int.random(in: 1...500, using: &random)
      let backOff = BackOff(
        firstMs: firstMs, limitMs: Int.random(in: firstMs...10_000, using: &random),
        growth: Bool.random(using: &random) ? .twofold : .byAQuarter)
      var formerMs = 0
      for failures in 1...60 {
        let ms = backOff.next(after: formerMs)
        #expect(ms == backOff.ms(afterFailures: failures), "seed \(seed), \(backOff)")
        #expect(ms > formerMs || ms == backOff.limitMs, "seed \(seed), \(backOff)")
        #expect((backOff.firstMs...backOff.limitMs).contains(ms), "seed \(seed), \(backOff)")
        formerMs = ms
      }
      #expect(formerMs == backOff.limitMs, "seed \(seed), \(backOff)")
    }
  }

  @Test func chanceTakesAHalfAtMostAndNothingAtLeast() {
    #expect([0, 0.5, 1].map { BackOff.shortened(20, chance: $0) } == [20, 15, 10])
    #expect([0, 1].map { BackOff.shortened(1, chance: $0) } == [1, 0])
    #expect([0, 1].map { BackOff.shortened(0, chance: $0) } == [0, 0])
  }
}
