// The breaker opens after failures in a row, lets one trial through at a time, and waits longer after each that fails.

import TestSupport
import Testing

@testable import Policies

@Suite struct CircuitBreakerTests {
  private let start: UInt64 = 1_000_000_000

  private func later(ms: Int) -> UInt64 { start + UInt64(ms) * 1_000_000 }

  /// One whose first trial has succeeded.
  private var closed: CircuitBreaker {
    var breaker = CircuitBreaker(nowNs: start)
    _ = breaker.beginTrial(nowNs: start)
    breaker.endTrial(succeeded: true, nowNs: start, chance: 0)
    return breaker
  }

  private func fail(_ breaker: inout CircuitBreaker, at nowNs: UInt64, isCertain: Bool = false) -> Bool {
    breaker.fail(isCertain: isCertain, nowNs: nowNs, chance: 0)
  }

  private func begin(_ breaker: inout CircuitBreaker, at nowNs: UInt64) -> Bool {
    breaker.beginTrial(nowNs: nowNs)
  }

  @Test func itIsOpenUntilTheFirstTrialHasSucceeded() {
    let breaker = CircuitBreaker(nowNs: start)
    #expect(!breaker.isClosed)
    #expect(breaker.openings == 0)
    #expect(closed.isClosed)
  }

  @Test func fiveFailuresInARowOpenItAndASuccessBetweenThemStartsAnew() {
    var breaker = closed
    for _ in 0..<4 { #expect(!fail(&breaker, at: start)) }
    breaker.succeed()
    for _ in 0..<4 { #expect(!fail(&breaker, at: start)) }
    #expect(breaker.isClosed)
    #expect(fail(&breaker, at: start))
    #expect(!breaker.isClosed)
    #expect(breaker.openings == 1)
  }

  @Test func oneCertainFailureOpensIt() {
    var breaker = closed
    #expect(fail(&breaker, at: start, isCertain: true))
    #expect(!breaker.isClosed)
  }

  @Test func noTrialIsMadeBeforeItsTimeAndOneAtATime() {
    var breaker = closed
    _ = fail(&breaker, at: start, isCertain: true)
    #expect(!begin(&breaker, at: later(ms: 19)))
    #expect(begin(&breaker, at: later(ms: 20)))
    #expect(!begin(&breaker, at: later(ms: 20)))
    #expect(!breaker.isClosed)
  }

  @Test func whatComesBackLateChangesNothing() {
    var breaker = closed
    _ = fail(&breaker, at: start, isCertain: true)
    let open = breaker
    #expect(!fail(&breaker, at: later(ms: 5), isCertain: true))
    breaker.succeed()
    breaker.settle()
    breaker.endTrial(succeeded: true, nowNs: start, chance: 0)
    #expect(breaker == open)
  }

  @Test func theWaitDoublesUpToASecondAndChanceShortensItByAHalfAtMost() {
    var (breaker, waits) = (closed, [Int]())
    _ = fail(&breaker, at: start, isCertain: true)
    for _ in 0..<8 {
      guard case .open(let trialAtNs, let pauseMs) = breaker.state else { return #expect(Bool(false)) }
      waits.append(pauseMs)
      #expect(trialAtNs == later(ms: pauseMs))
      #expect(begin(&breaker, at: trialAtNs))
      breaker.endTrial(succeeded: false, nowNs: start, chance: 0)
    }
    #expect(waits == [20, 40, 80, 160, 320, 640, 1_000, 1_000])
    var early = closed
    _ = early.fail(isCertain: true, nowNs: start, chance: 1)
    #expect(early.trialAtNs == later(ms: 10))
  }

  @Test func whoFailsRightAfterATrialWaitsLongerUntilAllHasBeenWellForAWhile() {
    var breaker = closed
    _ = fail(&breaker, at: start, isCertain: true)
    _ = breaker.beginTrial(nowNs: later(ms: 20))
    breaker.endTrial(succeeded: true, nowNs: start, chance: 0)
    var settled = breaker
    _ = fail(&breaker, at: start, isCertain: true)
    #expect(breaker.trialAtNs == later(ms: 40))
    settled.settle()
    _ = fail(&settled, at: start, isCertain: true)
    #expect(settled.trialAtNs == later(ms: 20))
  }

  @Test func oneThatIsClosedFromTheBeginningHasNoTrialToMake() {
    var breaker = CircuitBreaker.closed
    #expect(breaker.isClosed && breaker.trialAtNs == nil && breaker.openings == 0)
    #expect(!begin(&breaker, at: start))
  }

  @Test func metricsTellItsThreeStates() {
    var breaker = closed
    #expect(breaker.number == 0)
    _ = fail(&breaker, at: start, isCertain: true)
    #expect(breaker.number == 2)
    _ = begin(&breaker, at: later(ms: 20))
    #expect(breaker.number == 1)
  }

  @Test(arguments: [UInt64(1), 2, 3, .random(in: 0 ... .max)])
  func whateverHappensOnlyATrialClosesItAndOneIsDueWithinASecond(seed: UInt64) {
    var random = SplitMix(seed)
    var (breaker, nowNs) = (CircuitBreaker(nowNs: 0), UInt64(0))
    for _ in 0..<20_000 {
      nowNs += UInt64.random(in: 0...50_000_000, using: &random)
      let (before, chance) = (breaker, Double.random(in: 0...1, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: breaker.succeed()
      case 1: breaker.settle()
      case 2:
        let opened = breaker.fail(
          isCertain: Bool.random(using: &random), nowNs: nowNs, chance: chance)
        #expect(opened == (before.isClosed && !breaker.isClosed), "seed \(seed)")
        #expect(breaker.openings == before.openings + (opened ? 1 : 0), "seed \(seed)")
      case 3:
        let isDue = before.trialAtNs.map { $0 <= nowNs } ?? false
        #expect(breaker.beginTrial(nowNs: nowNs) == isDue, "seed \(seed)")
      default:
        let succeeded = Bool.random(using: &random)
        breaker.endTrial(succeeded: succeeded, nowNs: nowNs, chance: chance)
        guard case .halfOpen = before.state else {
          #expect(breaker == before, "seed \(seed)")
          break
        }
        #expect(breaker.isClosed == succeeded, "seed \(seed)")
        continue
      }
      #expect(before.isClosed || !breaker.isClosed, "seed \(seed): closed without a trial")
      // Somebody may try within a second: nothing is given up for good.
      if let trialAtNs = breaker.trialAtNs, before.trialAtNs == nil {
        #expect((nowNs...nowNs + 1_000_000_000).contains(trialAtNs), "seed \(seed)")
      }
    }
  }
}
