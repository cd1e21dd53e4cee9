// However many calls fail, those who are asked once more are a tenth, and what was saved.

import Policies
import TestSupport
import Testing

@Suite struct RetryBudgetTests {
  @Test(arguments: (0..<4).map { _ in UInt64.random(in: 0...(.max)) })
  func triesMoreAreATenthOfTheCallsAndWhatWasSaved(seed: UInt64) {
    var random = SplitMix(seed)
    var (budget, calls, spent) = (RetryBudget(), 0, 0)
    for _ in 0..<10_000 {
      if Int.random(in: 0..<3, using: &random) > 0 {
        budget.call()
        calls += 1
      } else if budget.spend() {
        spent += 1
      }
      #expect(spent * 100 <= calls * RetryBudget.percent + RetryBudget.most * 100, "seed \(seed)")
    }
    #expect(spent >= calls / 20)
  }

  @Test func aLongTimeWithoutFailuresSavesNoFlood() {
    var budget = RetryBudget()
    for _ in 0..<100_000 { budget.call() }
    #expect((0..<1_000).count { _ in budget.spend() } == RetryBudget.most)
  }
}
