// What people noticed: failures, waits, and when all was as before.

import Testing

@testable import Drill

@Suite struct ImpactTests {
  private static let second: UInt64 = 1_000_000_000

  private func entry(_ due: Double, _ ended: Double, _ failure: String? = nil) -> RequestLog.Entry {
    RequestLog.Entry(
      dueNs: UInt64(due * 1e9), endedNs: UInt64(ended * 1e9), isWrite: false, failure: failure)
  }

  @Test func whatEndedBeforeTheFaultDoesNotCount() {
    let impact = Impact([entry(1, 2, "timeout"), entry(1, 9.9)], since: 10 * Self.second)
    #expect(impact.requests == 0 && impact.failed == 0 && impact.backSeconds == 0 && impact.longestMs == 0)
  }

  @Test func aFailureAndALongWaitBothDelayTheReturn() {
    let entries = [
      entry(9.9, 10.1), entry(10.5, 10.6, "HTTP 503"), entry(10.7, 14.2), entry(14.3, 14.35), entry(20, 20.1),
    ]
    let impact = Impact(entries, since: 10 * Self.second)
    #expect(impact.requests == 5 && impact.failed == 1)
    #expect(abs(impact.lastFailureSeconds - 0.6) < 0.001)
    #expect(abs(impact.backSeconds - 4.2) < 0.001)
    #expect(abs(impact.longestMs - 3_500) < 1)
  }

  @Test func aRequestThatWasDueBeforeAndFailedAfterCounts() {
    let impact = Impact([entry(9.5, 15, "connection closed")], since: 10 * Self.second)
    #expect(impact.failed == 1)
    #expect(abs(impact.backSeconds - 5) < 0.001)
  }

  @Test func aFailureOfOneKindIsNotTakenForAnother() {
    let log = RequestLog()
    log.add(entry(1, 2, "HTTP 507"))
    log.add(entry(3, 4, "timeout"))
    #expect(log.hasFailed("HTTP 507", since: Self.second))
    #expect(!log.hasFailed("HTTP 507", since: 2 * Self.second))
  }
}
