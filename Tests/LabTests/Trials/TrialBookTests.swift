// What is kept of what is tried: one thing at a time, each step once, with its newest numbers.

import Policies
import Testing

@testable import Lab

@Suite struct TrialBookTests {
  private typealias Trial = LabSnapshot.Trial

  private static func trial(
    _ service: String, _ share: Double, release: Int? = nil, _ verdict: Trial.Verdict = .wentOn,
    text: String? = nil
  ) -> Trial {
    var trial = Trial(service: service, release: release, share: share)
    (trial.verdict, trial.text) = (verdict, text)
    return trial
  }

  private static func steps(_ trials: [Trial]) -> [String] {
    var book = TrialBook()
    for trial in trials { book.note(trial) }
    return book.trials.map { "\($0.release ?? 0) \($0.service) \($0.share) \($0.verdict.rawValue)" }
  }

  @Test func eachStepIsKeptOnceWithItsNewestNumbers() {
    var book = TrialBook()
    var trial = Self.trial("posts", 0.1, .judging)
    for total in [0.0, 20, 40] {
      trial.new = .init(
        AnswerCounts(total: total, failed: 1, timed: total, buckets: [.init(upToSeconds: 0.25, count: total)])
      )
      book.note(trial)
    }
    #expect(book.trials == [trial])
    #expect(trial.new.requests == 40 && trial.new.failed == 1 && trial.new.p99Ms == 250)
    #expect(Trial.Side().p99Ms == nil)
    // An app says what it likes of itself.
    for figure in [Double.nan, .infinity, 1e300] {
      #expect(Trial.Side(AnswerCounts(total: figure, failed: figure)).requests == 0)
    }
  }

  @Test func servicesThatAreLedApartInOneClimbStandTogether() {
    let steps = Self.steps([
      Self.trial("posts", 0.5), Self.trial("posts", 1), Self.trial("graph", 0.5, .judging),
    ])
    #expect(steps == ["0 posts 0.5 wentOn", "0 posts 1.0 wentOn", "0 graph 0.5 judging"])
  }

  @Test func anotherReleaseOrAClimbBeginsAnew() {
    let first = Self.trial("web", 1, release: 2)
    #expect(Self.steps([first, Self.trial("web", 0.5, release: 3)]) == ["3 web 0.5 wentOn"])
    #expect(Self.steps([first, Self.trial("web", 0.5)]) == ["0 web 0.5 wentOn"])
  }

  @Test func whatIsTriedAgainGoesOnFromThatStep() {
    let before = [Self.trial("posts", 0.5), Self.trial("posts", 1, .judging)]
    #expect(Self.steps(before + [Self.trial("posts", 0.5, .judging)]) == ["0 posts 0.5 judging"])
    // Also after it was taken back, then from nothing.
    let back = before + [Self.trial("posts", 1, .takenBack)]
    #expect(Self.steps(back) == ["0 posts 0.5 wentOn", "0 posts 1.0 takenBack"])
    for share in [0.5, 1] {
      #expect(Self.steps(back + [Self.trial("posts", share, .judging)]) == ["0 posts \(share) judging"])
    }
  }

  @Test func aReleaseThatIsDroppedWasTakenBackAtTheStepThatItHadComeTo() {
    var book = TrialBook()
    book.note(Self.trial("posts", 1, release: 2))
    book.note(Self.trial("web", 0.5, release: 2, .judging))
    book.drop(1, fault: "of another one")
    #expect(book.trials.map(\.verdict) == [.wentOn, .judging])
    book.drop(2, fault: "web does worse\nthe end of its log")
    #expect(book.trials.map(\.verdict) == [.wentOn, .takenBack])
    #expect(book.trials.last?.text == "web does worse")
    var stopped = TrialBook()
    stopped.note(Self.trial("web", 0.5, release: 2, .judging))
    stopped.drop(2, fault: nil)
    #expect(stopped.trials.last?.text?.contains("stopped") == true)
  }

  @Test func itDoesNotGrowForEver() {
    var book = TrialBook()
    for number in 0..<1_000 {
      book.note(Self.trial("service-\(number)", 1, text: String(repeating: "x", count: 10_000)))
    }
    #expect(book.trials.count == 48 && book.trials.last?.service == "service-999")
    #expect(book.trials.allSatisfy { ($0.text?.count ?? 0) <= 300 })
  }
}
