// What failed is weighed against what may, by the time and the promise of each request.

import Foundation
import Policies
import TestSupport
import Testing

@Suite struct ErrorBudgetTests {
  private typealias Counts = ErrorBudget.Counts

  private static let day = 24 * 3_600
  /// Not the beginning of an hour.
  private static let now = 1_800_000_000 + 1_234

  @Test func aBudgetIsUsedByWhatFailsAndGrowsWithWhatIsAsked() {
    var budget = ErrorBudget()
    budget.add(Counts(requests: 90_000, failed: 5, target: 0.9999), atSeconds: Self.now)
    budget.add(Counts(requests: 10_000, failed: 0, target: 0.9999), atSeconds: Self.now + 60)
    let counts = budget.counts(atSeconds: Self.now + 60)
    #expect(counts.requests == 100_000 && counts.failed == 5)
    #expect(abs(counts.allowed - 10) < 1e-6)
    #expect(abs(counts.burnRate - 0.5) < 1e-6)
  }

  @Test func nothingIsUsedWhileNobodyAsks() {
    #expect(ErrorBudget().counts(atSeconds: Self.now).burnRate == 0)
  }

  @Test func aRequestIsJudgedByWhatWasPromisedThen() {
    var budget = ErrorBudget()
    budget.add(Counts(requests: 1_000, failed: 5, target: 0.99), atSeconds: Self.now)
    budget.add(Counts(requests: 10_000, failed: 0, target: 0.9999), atSeconds: Self.now + Self.day)
    let counts = budget.counts(atSeconds: Self.now + Self.day)
    #expect(abs(counts.allowed - 11) < 1e-6)
  }

  @Test func whatIsThirtyDaysOldCountsNoMore() {
    var budget = ErrorBudget()
    budget.add(Counts(requests: 100, failed: 100, target: 0.99), atSeconds: Self.now)
    #expect(budget.counts(atSeconds: Self.now + 29 * Self.day).failed == 100)
    #expect(budget.counts(atSeconds: Self.now + 30 * Self.day).failed == 0)
  }

  struct Trouble: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The share that fails in the last minutes, after a day without a failure.
    let share: Double
    let minutes: Int
    /// And minutes since then in which nothing failed.
    var calm = 0
    let fires: [String]
  }

  /// 1,000 requests a minute at 99.9 %.
  @Test(
    arguments: [
      Trouble(testDescription: "one in a thousand", share: 0.001, minutes: 600, fires: []),
      Trouble(testDescription: "all, for half a minute's worth", share: 0.5, minutes: 1, fires: []),
      Trouble(testDescription: "all, for two minutes", share: 1, minutes: 2, fires: ["fast"]),
      Trouble(testDescription: "2 % for an hour", share: 0.02, minutes: 60, fires: ["fast"]),
      Trouble(testDescription: "2 % for an hour, and over", share: 0.02, minutes: 60, calm: 6, fires: []),
      Trouble(testDescription: "1 % for half an hour", share: 0.01, minutes: 30, fires: []),
      Trouble(testDescription: "1 % for six hours", share: 0.01, minutes: 360, fires: ["slow"]),
      Trouble(testDescription: "0.4 % for a day", share: 0.004, minutes: 1_440, fires: ["lasting"]),
    ])
  func alarmsFireForTroubleThatLastsAndStopAfterIt(trouble: Trouble) {
    var budget = ErrorBudget()
    let minutes = 1_440 + trouble.minutes + trouble.calm
    for minute in 0..<minutes {
      let isBad = minute >= 1_440 && minute < 1_440 + trouble.minutes
      budget.add(
        Counts(requests: 1_000, failed: isBad ? 1_000 * trouble.share : 0, target: 0.999),
        atSeconds: Self.now + minute * 60)
    }
    let end = Self.now + (minutes - 1) * 60
    let firing = BurnAlarm.all.filter { budget.fires($0, atSeconds: end) }.map(\.name)
    #expect(firing == trouble.fires)
  }

  @Test func whatIsKeptDoesNotGrowAndIsTheSameAsACountOfAllRequests() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    var budget = ErrorBudget()
    var all: [(second: Int, requests: Int, failed: Int)] = []
    var second = Self.now
    for _ in 0..<2_000 {
      second += Int.random(in: 0...3_600, using: &random)
      let requests = Int.random(in: 0...50, using: &random)
      let failed = Int.random(in: 0...requests, using: &random)
      all.append((second, requests, failed))
      budget.add(
        Counts(requests: Double(requests), failed: Double(failed), target: 0.99), atSeconds: second)
      for (length, slot) in [
        (300, 60), (3_600, 60), (6 * 3_600, 60), (Self.day, 3_600), (30 * Self.day, 3_600),
      ] {
        let first = (second / slot - length / slot + 1) * slot
        let counted = all.filter { $0.second >= first }
        let counts = budget.counts(ofLast: length, atSeconds: second)
        #expect(Int(counts.requests) == counted.reduce(0) { $0 + $1.requests }, "\(length) s, seed \(seed)")
        #expect(Int(counts.failed) == counted.reduce(0) { $0 + $1.failed }, "\(length) s, seed \(seed)")
      }
    }
    let size = (try? JSONEncoder().encode(budget).count) ?? 0
    #expect(size > 0 && size < 150_000)
  }

  @Test("a clock that is wrong for once takes nothing away", arguments: [-400, -31, -1, 1, 31, 400])
  func aWrongClockTakesNothingAway(days: Int) {
    var budget = ErrorBudget()
    for hour in 0..<24 * 30 {
      budget.add(Counts(requests: 10, failed: 1, target: 0.99), atSeconds: Self.now + hour * 3_600)
    }
    let end = Self.now + (24 * 30 - 1) * 3_600
    let before = budget.counts(atSeconds: end)
    budget.add(Counts(requests: 1, failed: 0, target: 0.99), atSeconds: end + days * Self.day)
    let lost = before.requests - budget.counts(atSeconds: end).requests
    #expect(lost <= 10, "an hour's place is taken at most")
    budget.add(Counts(requests: 10, failed: 0, target: 0.99), atSeconds: end + 3_600)
    #expect(budget.counts(atSeconds: end + 3_600).requests >= before.requests - 20)
  }

  @Test func whatIsKeptIsReadAgain() throws {
    var budget = ErrorBudget()
    budget.add(Counts(requests: 1_000, failed: 3, target: 0.999), atSeconds: Self.now)
    budget.add(Counts(requests: 7, failed: 1, target: 0.9999), atSeconds: Self.now + 7_200)
    #expect(try JSONDecoder().decode(ErrorBudget.self, from: JSONEncoder().encode(budget)) == budget)
  }

  @Test(
    "what nobody can have counted is refused",
    arguments: [
      "[]", "{}", #"{"minutes": [], "hours": 1}"#,
      #"{"minutes": [], "hours": [{"number": 1, "counts": {"requests": -1, "failed": 0, "allowed": 0}}]}"#,
      #"{"minutes": [], "hours": [{"number": 1, "counts": {"requests": 1, "failed": 2, "allowed": 0.1}}]}"#,
      #"{"minutes": [], "hours": [{"number": 1, "counts": {"requests": 1, "failed": 1, "allowed": 0}}]}"#,
      #"{"minutes": [], "hours": [{"number": 1, "counts": {"requests": 1e300, "failed": 1, "allowed": 1}}]}"#,
      #"{"minutes": [{"number": 2, "counts": {"requests": 1, "failed": 0, "allowed": 1}}, {"number": 2, "counts": {"requests": 1, "failed": 0, "allowed": 1}}], "hours": []}"#,
    ])
  func nonsenseIsRefused(text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ErrorBudget.self, from: Data(text.utf8))
    }
  }
}
