// A release comes into all of an app, or into none of it, wherever it is cut short.

import Foundation
import Policies
import Testing

@testable import Lab
@testable import Rollout

@Suite struct RolloutTests {
  private static let services: KeyValuePairs = ["posts": ["posts-a", "posts-b"], "web": ["web-a", "web-b"]]

  private func lab(_ change: (inout FakeLab.World) -> Void = { _ in }) -> FakeLab {
    let lab = FakeLab(Self.services)
    lab.world.withLock { change(&$0) }
    return lab
  }

  private func expectAll(_ number: Int, _ lab: FakeLab, _ comment: Comment? = nil) {
    let book = lab.world.withLock { $0.book }
    #expect(book.current == number && book.rollout == nil, comment)
    #expect(Set(lab.running.values) == [number], comment)
  }

  @Test func aGoodReleaseReachesAll() throws {
    let lab = lab()
    #expect(try Rollout(lab).bring(2, .forward) == .running(2))
    expectAll(2, lab)
    let said = lab.world.withLock { $0.said }
    #expect(said.contains("posts-a of posts: release 2, and nobody else yet"))
    #expect(said.contains { $0.hasPrefix("web: does as well as before, by ") })
    let trials = lab.world.withLock { $0.trials.trials }
    #expect(
      trials.map(\.service) == ["posts", "posts", "web", "web"] && trials.map(\.share) == [0.5, 1, 0.5, 1])
    for trial in trials {
      #expect(trial.release == 2 && trial.verdict == .wentOn && trial.text != nil)
      #expect(trial.new.requests > 0 && trial.staying.requests > 0 && trial.new.p99Ms == 10, "\(trial)")
    }
  }

  @Test func withTooFewRequestsItSaysThatItWasJudgedByHealth() throws {
    let lab = lab { $0.requestsPerSecond = 1 }
    #expect(try Rollout(lab).bring(2, .forward) == .running(2))
    let said = lab.world.withLock { $0.said }
    #expect(said.contains { $0.hasPrefix("posts: judged by its health only, since there were ") })
  }

  @Test(arguments: [
    (FakeLab.Fault.doesNotStart, "posts-a did not become ready:\n  no such file"),
    (.fails, "posts does worse than before: "), (.isSlow, "posts does worse than before: "),
    (.ends, "posts-a ended after it was ready; its log says why"),
    (.becomesUnready, "posts-a became ready, and did not stay so; its log says why"),
  ])
  func aBadReleaseIsTakenBackAndTheReasonIsTold(fault: FakeLab.Fault, reason: String) throws {
    let lab = lab { $0.badRelease = fault }
    let error = #expect(throws: RolloutError.self) { try Rollout(lab).bring(2, .forward) }
    #expect(error?.code == "taken_back")
    #expect(error?.description.contains("the app runs release 1: \(reason)") == true)
    expectAll(1, lab)
    // Only one process has ever run it.
    #expect(lab.world.withLock { $0.said }.filter { $0.contains("release 2, and nobody") }.count == 1)
    let line = reason.prefix { $0 != "\n" }
    #expect(lab.world.withLock { $0.book[2]?.fault }?.hasPrefix(line) == true)
    // With the numbers of both sides as they were when that was decided.
    let trials = lab.world.withLock { $0.trials.trials }
    #expect(trials.count == 1 && trials[0].verdict == .takenBack)
    #expect(trials[0].text?.hasPrefix(line) == true)
    if fault == .fails { #expect(trials[0].new.failed >= 5 && trials[0].staying.failed == 0) }
  }

  @Test func aSingleProcessIsHeldAgainstWhatItTookThePlaceOf() {
    let lab = FakeLab(["web": ["app"]])
    lab.world.withLock { $0.badRelease = .fails }
    let error = #expect(throws: RolloutError.self) { try Rollout(lab).bring(2, .forward) }
    #expect(error?.code == "taken_back")
    expectAll(1, lab)
  }

  @Test func whoAsksToStopHasItTakenBackWithoutBlame() {
    let lab = lab()
    let rollout = Rollout(lab, shouldStop: { lab.running.values.contains(2) })
    #expect(throws: RolloutError.stopped(2, running: 1)) { try rollout.bring(2, .forward) }
    expectAll(1, lab)
    #expect(lab.world.withLock { $0.book[2]?.fault } == nil)
  }

  /// Each call fails once, before it took effect or after; what it leaves, the next call puts right.
  @Test(arguments: [false, true]) func aCallThatFailsLeavesNothingBehind(tookEffect: Bool) throws {
    let whole = lab()
    _ = try Rollout(whole).bring(2, .forward)
    let count = whole.world.withLock { $0.calls }
    #expect(count == 5)
    for number in 1...count {
      let lab = lab { $0.failingCall = (number, tookEffect) }
      let outcome = try? Rollout(lab).bring(2, .forward)
      // The last call is the one by which it is the app's.
      let isDone = number == count && tookEffect
      #expect(outcome == (isDone ? .running(2) : nil), "call \(number)")
      expectAll(isDone ? 2 : 1, lab, "call \(number)")
    }
  }

  /// A button may have been pressed before its deploy took itself back.
  @Test func whoAsksForWhatRanBeforeGetsNothingElse() throws {
    let lab = lab()
    #expect(try Rollout(lab).bring(2, .forward) == .running(2))
    let plan = RolloutPlan(number: 1, direction: .back)
    try lab.run(1, on: plan.next(in: lab.app())?.processes ?? []) { _ in }
    #expect(try Rollout(lab).back(to: 2) == .tookBack(1, running: 2))
    #expect(try Rollout(lab).back(to: 2) == .ranAlready(2))
    expectAll(2, lab, "taken back")
  }

  /// Who brought it has died after any number of calls: the next one begins by taking back.
  @Test func aDeployThatDiedIsTakenBackByTheNext() throws {
    for calls in 1...4 {
      let lab = lab()
      let plan = RolloutPlan(number: 2, direction: .forward)
      for _ in 0..<calls { try lab.run(2, on: plan.next(in: lab.app())?.processes ?? []) { _ in } }
      #expect(try Rollout(lab).back(to: nil) == .tookBack(2, running: 1))
      expectAll(1, lab, "\(calls) calls")
      #expect(try Rollout(lab).bring(2, .forward) == .running(2))
      expectAll(2, lab, "\(calls) calls")
    }
  }

  @Test func aLabThatHasEndedIsToldOf() {
    let lab = lab()
    let rollout = Rollout(
      lab,
      shouldStop: {
        lab.world.withLock { $0.isGone = $0.book.rollout != nil }
        return false
      })
    #expect(throws: RolloutError.labGone(2, running: 1)) { try rollout.bring(2, .forward) }
  }

  @Test func theWayBackLeadsToWhatRanBefore() throws {
    let lab = lab()
    #expect(throws: RolloutError.noEarlier) { try Rollout(lab).back(to: nil) }
    _ = try Rollout(lab).bring(2, .forward)
    #expect(throws: RolloutError.unknownRelease(7, known: [1, 2])) { try Rollout(lab).back(to: 7) }
    #expect(try Rollout(lab).back(to: 2) == .ranAlready(2))
    #expect(try Rollout(lab).back(to: nil) == .running(1))
    expectAll(1, lab)
    #expect(try Rollout(lab).back(to: 2) == .running(2))
  }

  @Test func whatTheOtherReleaseCannotLiveWithIsRefusedUnlessAllowed() throws {
    let lab = lab { $0.migrations = [1: [:], 2: ["main/002_x.sql": "DROP TABLE notes;"]] }
    let findings = ["Migrations/main/002_x.sql removes table NOTES"]
    #expect(throws: RolloutError.breakingMigrations(2, findings)) { try Rollout(lab).bring(2, .forward) }
    expectAll(1, lab)
    #expect(try Rollout(lab, allowsBreaking: true).bring(2, .forward) == .running(2))
    #expect(throws: RolloutError.breakingMigrations(1, findings)) { try Rollout(lab).back(to: nil) }
  }

  @Test func countsAreReadWithoutThoseWhoAskForHealth() throws {
    let text = """
      http_requests_total{method="GET",route="/readyz",status="200"} 900
      http_requests_total{method="GET",route="/",status="200"} 40
      http_requests_total{method="GET",route="/",status="503"} 3
      http_request_duration_seconds_bucket{method="GET",route="/readyz",le="0.01"} 900
      http_request_duration_seconds_bucket{method="GET",route="/",le="0.01"} 30
      http_request_duration_seconds_bucket{method="GET",route="/",le="+Inf"} 43
      http_request_duration_seconds_count{method="GET",route="/"} 43
      """
    let counts = try #require(AnswerCounts(metrics: text))
    #expect(
      counts
        == AnswerCounts(total: 43, failed: 3, timed: 43, buckets: [.init(upToSeconds: 0.01, count: 30)]))
    #expect(AnswerCounts(metrics: "up 1") == nil)
  }
}
