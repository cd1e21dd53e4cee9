// What a drill makes of a month is arithmetic on what it measured.

import Testing

@testable import Drill

@Suite struct MeasuredAvailabilityTests {
  /// A hundred requests a second from a second before the fault on.
  private static func entries(seconds: Int, failing: Range<Int>) -> [RequestLog.Entry] {
    (0..<seconds * 100).map { number in
      let dueNs = UInt64(number) * 10_000_000
      return RequestLog.Entry(
        dueNs: dueNs, endedNs: dueNs + 1_000_000, isWrite: false,
        failure: failing.contains(number) ? "HTTP 503" : nil)
    }
  }

  @Test func failuresAreWeighedAgainstWhatAMonthHasRoomFor() throws {
    // Ten minutes; all fail for 6 s.
    let seen = MeasuredAvailability(
      Self.entries(seconds: 601, failing: 1_000..<1_600), since: 1_000_000_000, target: 0.9999)
    #expect(seen.requests == 60_000 && seen.failed == 600)
    #expect(abs(seen.share - 0.99) < 1e-9 && abs(seen.seconds - 600) < 0.1)
    #expect(abs(seen.lostSeconds - 6) < 0.01)
    // 30 days of 86,400 s.
    #expect(abs(seen.monthSeconds - 259.2) < 1e-6)
    #expect(abs(try #require(seen.timesAMonth) - 43.2) < 0.1)
  }

  @Test func whatEndedBeforeTheFaultIsNotOfIt() {
    let seen = MeasuredAvailability(
      Self.entries(seconds: 2, failing: 0..<50), since: 1_000_000_000, target: 0.99)
    #expect(seen.failed == 0 && seen.share == 1 && seen.timesAMonth == nil && seen.lostSeconds == 0)
  }

  @Test func ofNoRequestsNothingIsSaid() {
    let seen = MeasuredAvailability([], since: 5, target: 0.99)
    #expect(seen.requests == 0 && seen.share == 1 && seen.seconds == 0 && seen.timesAMonth == nil)
  }
}
