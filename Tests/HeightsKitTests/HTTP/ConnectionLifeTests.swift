// What a connection waits for, and when it has waited too long.

import Testing

@testable import HeightsHTTP

@Suite struct ConnectionLifeTests {
  private static let limits: HTTPLimits = {
    var limits = HTTPLimits()
    (limits.headerTimeoutMs, limits.bodyTimeoutMs, limits.keepAliveMs) = (100, 200, 300)
    (limits.inactivityTimeoutMs, limits.drainIdleMs) = (400, 50)
    return limits
  }()

  private var life = ConnectionLife(now: moment(0))

  private static func moment(_ ms: Int) -> Deadline { Deadline(uptimeNanoseconds: 0).plus(ms: ms) }

  private mutating func isOverdue(
    at ms: Int, drainingSince: Int? = nil, hasEnded: Bool = false, unsent: Int = 0, taken: UInt64 = 0
  ) -> Bool {
    life.isOverdue(
      at: Self.moment(ms), Self.limits, drainingSince: drainingSince.map(Self.moment),
      .init(hasEnded: { hasEnded }, progress: { .init(unsentBytes: unsent, takenBytes: taken) }))
  }

  private mutating func answerOne(from ms: Int, to endMs: Int) {
    life.takeLine(at: Self.moment(ms))
    life.takeHeaders(at: Self.moment(ms))
    life.beginAnswer()
    life.endRequest(at: Self.moment(endMs))
  }

  @Test mutating func theFirstRequestHasTheTimeOfItsHeaders() {
    #expect(isOverdue(at: 100) == false)
    life.takeLine(at: Self.moment(90))
    #expect(life.phase == .idle(since: Self.moment(0)))
    #expect(isOverdue(at: 101) == true)
  }

  @Test mutating func theHeadersOfALaterRequestHaveTheirTimeFromItsLineOn() {
    answerOne(from: 0, to: 10)
    life.takeLine(at: Self.moment(290))
    #expect(isOverdue(at: 390) == false)
    #expect(isOverdue(at: 391) == true)
  }

  @Test mutating func aBodyHasItsTime() {
    life.takeHeaders(at: Self.moment(50))
    #expect(isOverdue(at: 250) == false)
    #expect(isOverdue(at: 251) == true)
  }

  @Test mutating func aConnectionIsKeptForTheNextRequest() {
    answerOne(from: 0, to: 10)
    #expect(isOverdue(at: 310) == false)
    #expect(isOverdue(at: 311) == true)
  }

  @Test mutating func anAnswerHasNoTimeAsLongAsThereIsNothingToTakeOfIt() {
    life.takeHeaders(at: Self.moment(0))
    life.beginAnswer()
    #expect(isOverdue(at: 100_000) == false)
  }

  @Test mutating func aClientThatTakesNothingOfItsAnswerIsOverdueAndOneThatTakesALittleIsNot() {
    life.takeHeaders(at: Self.moment(0))
    life.beginAnswer()
    #expect(isOverdue(at: 0, unsent: 10, taken: 5) == false)
    #expect(isOverdue(at: 400, unsent: 10, taken: 5) == false)
    #expect(isOverdue(at: 401, unsent: 10, taken: 6) == false)
    #expect(isOverdue(at: 801, unsent: 10, taken: 6) == false)
    #expect(isOverdue(at: 802, unsent: 10, taken: 6) == true)
    // All is taken, and the next answer has its own time.
    #expect(isOverdue(at: 803) == false)
    #expect(isOverdue(at: 804, unsent: 10, taken: 6) == false)
  }

  @Test mutating func aDrainEndsIdleConnectionsSoonButNotAtOnce() {
    answerOne(from: 0, to: 10)
    #expect(isOverdue(at: 110, drainingSince: 60) == false)
    #expect(isOverdue(at: 111, drainingSince: 60) == true)
    answerOne(from: 112, to: 120)
    #expect(isOverdue(at: 170, drainingSince: 60) == false)
    #expect(isOverdue(at: 171, drainingSince: 60) == true)
  }

  @Test mutating func aDrainWaitsForWhatIsUnderWay() {
    life.takeHeaders(at: Self.moment(0))
    #expect(isOverdue(at: 200, drainingSince: 0) == false)
    life.beginAnswer()
    #expect(isOverdue(at: 100_000, drainingSince: 0) == false)
  }

  @Test mutating func aClientThatHasEndedUnseenIsOverdueWhereverItSends() {
    #expect(isOverdue(at: 1, hasEnded: true) == true)
    life.takeHeaders(at: Self.moment(0))
    #expect(isOverdue(at: 1, hasEnded: true) == true)
    life.beginAnswer()
    // It may have shut down its own side, and still take its answer.
    #expect(isOverdue(at: 1, hasEnded: true) == false)
  }

  @Test mutating func betweenRequestsTheSocketIsLookedAtOnce() {
    answerOne(from: 0, to: 10)
    #expect(isOverdue(at: 11) == false)
    #expect(isOverdue(at: 12, hasEnded: true) == false)
    life.takeLine(at: Self.moment(13))
    #expect(isOverdue(at: 14, hasEnded: true) == true)
    life.takeHeaders(at: Self.moment(15))
    life.beginAnswer()
    life.endRequest(at: Self.moment(16))
    #expect(isOverdue(at: 17, hasEnded: true) == true)
  }
}
