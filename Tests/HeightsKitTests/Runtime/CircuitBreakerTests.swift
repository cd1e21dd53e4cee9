// The breaker opens after failures in a row, lets one trial through at a time, and waits longer after each that fails.

import Testing

@testable import HeightsRuntime

@Suite struct CircuitBreakerTests {
  private let start = Deadline(uptimeNanoseconds: 1_000_000_000)

  /// One whose first trial has succeeded.
  private var closed: CircuitBreaker {
    var breaker = CircuitBreaker(now: start)
    _ = breaker.beginTrial(now: start)
    breaker.endTrial(succeeded: true, now: start, chance: 0)
    return breaker
  }

  private func fail(_ breaker: inout CircuitBreaker, at now: Deadline, isCertain: Bool = false) -> Bool {
    breaker.fail(isCertain: isCertain, now: now, chance: 0)
  }

  private func begin(_ breaker: inout CircuitBreaker, at now: Deadline) -> Bool {
    breaker.beginTrial(now: now)
  }

  @Test func itIsOpenUntilTheFirstTrialHasSucceeded() {
    let breaker = CircuitBreaker(now: start)
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
    #expect(!begin(&breaker, at: start.plus(ms: 19)))
    #expect(begin(&breaker, at: start.plus(ms: 20)))
    #expect(!begin(&breaker, at: start.plus(ms: 20)))
    #expect(!breaker.isClosed)
  }

  @Test func whatComesBackLateChangesNothing() {
    var breaker = closed
    _ = fail(&breaker, at: start, isCertain: true)
    let open = breaker
    #expect(!fail(&breaker, at: start.plus(ms: 5), isCertain: true))
    breaker.succeed()
    breaker.settle()
    breaker.endTrial(succeeded: true, now: start, chance: 0)
    #expect(breaker == open)
  }

  @Test func theWaitDoublesUpToASecondAndChanceShortensItByAHalfAtMost() {
    var (breaker, waits) = (closed, [Int]())
    _ = fail(&breaker, at: start, isCertain: true)
    for _ in 0..<8 {
      guard case .open(let trialAt, let pauseMs) = breaker.state else { return #expect(Bool(false)) }
      waits.append(pauseMs)
      #expect(trialAt == start.plus(ms: pauseMs))
      #expect(begin(&breaker, at: trialAt))
      breaker.endTrial(succeeded: false, now: start, chance: 0)
    }
    #expect(waits == [20, 40, 80, 160, 320, 640, 1_000, 1_000])
    var early = closed
    _ = early.fail(isCertain: true, now: start, chance: 1)
    #expect(early.trialAt == start.plus(ms: 10))
  }

  @Test func whoFailsRightAfterATrialWaitsLongerUntilAllHasBeenWellForAWhile() {
    var breaker = closed
    _ = fail(&breaker, at: start, isCertain: true)
    _ = breaker.beginTrial(now: start.plus(ms: 20))
    breaker.endTrial(succeeded: true, now: start, chance: 0)
    var settled = breaker
    _ = fail(&breaker, at: start, isCertain: true)
    #expect(breaker.trialAt == start.plus(ms: 40))
    settled.settle()
    _ = fail(&settled, at: start, isCertain: true)
    #expect(settled.trialAt == start.plus(ms: 20))
  }
}
