// What does not need a service that stands still goes on as before, and the drill says whether it did.

import Testing

@testable import Drill

@Suite struct BystandersTests {
  /// A fault at ten seconds, of ten seconds.
  private static let faultNs: UInt64 = 10_000_000_000

  /// So many, the first due then, a hundredth of a second apart.
  private static func entries(
    _ count: Int, from seconds: Double, tookMs: Double, _ failure: String? = nil
  ) -> [RequestLog.Entry] {
    (0..<count).map { number in
      let due = seconds + Double(number) / 100
      return RequestLog.Entry(
        dueNs: UInt64(due * 1e9), endedNs: UInt64((due + tookMs / 1e3) * 1e9), isWrite: false,
        failure: failure)
    }
  }

  private static func bystanders(_ entries: [RequestLog.Entry]) -> Bystanders {
    Bystanders(entries, since: faultNs, seconds: 10)
  }

  @Test(arguments: [
    (formerMs: 10.0, longMs: 20.0, count: 300, areWell: true),
    // However much longer than before: nobody can tell it from a busy machine.
    (10, 240, 300, true), (10, 260, 300, false), (10, 5_000, 300, false),
    // Three times what it was.
    (200, 590, 300, true), (200, 610, 300, false),
    // One in a hundred may take any time, one more may not.
    (10, 5_000, 3, true), (10, 5_000, 4, false),
  ])
  func ninetyNineOfAHundredMayTakeThreeTimesAsLong(
    formerMs: Double, longMs: Double, count: Int, areWell: Bool
  ) {
    let seen = Self.bystanders(
      Self.entries(300, from: 1, tookMs: formerMs) + Self.entries(300 - count, from: 11, tookMs: 5)
        + Self.entries(count, from: 15, tookMs: longMs))
    #expect(seen.areWell == areWell, "\(seen)")
    #expect(seen.requests == 300 && seen.formerRequests == 300 && abs(seen.formerMs - formerMs) < 0.01)
  }

  @Test func oneThatFailedAtOnceIsNoFastOne() {
    let usual = Self.entries(300, from: 1, tookMs: 10) + Self.entries(290, from: 11, tookMs: 10)
    #expect(Self.bystanders(usual + Self.entries(2, from: 15, tookMs: 1, "HTTP 503")).areWell)
    let many = Self.bystanders(usual + Self.entries(10, from: 15, tookMs: 1, "HTTP 503"))
    #expect(!many.areWell && many.failed == 10 && many.ms == Bystanders.failedMs)
  }

  @Test func whatWasDueBeforeOrAfterIsNotOfTheFault() {
    let seen = Self.bystanders(
      Self.entries(10, from: 9.99, tookMs: 9_000) + Self.entries(5, from: 20.5, tookMs: 9_000))
    // The first was under way as it began; the nine others were due within it.
    #expect(seen.formerRequests == 0 && seen.requests == 9)
    #expect(Self.bystanders([]).areWell)
  }
}
