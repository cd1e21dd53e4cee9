// A share of calls grows when it does as well as those that stay, and nobody waits for ever to hear it.

import Policies
import Testing

@Suite struct ShareJudgeTests {
  /// - Parameters:
  ///   - slow: of those that have ended, so many took half a second; all others five milliseconds.
  ///   - waiting: have not ended.
  private static func counts(_ ended: Double, failed: Double = 0, slow: Double = 0, waiting: Double = 0)
    -> AnswerCounts
  {
    AnswerCounts(
      total: ended + waiting, failed: failed, timed: ended,
      buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1].map {
        .init(upToSeconds: $0, count: $0 < 0.5 ? ended - slow : ended)
      })
  }

  enum Word: Equatable, Sendable { case wait, goOn, goBack }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var formerly = AnswerCounts()
    /// One after the other, half a second between.
    let looks: [ShareJudge.Sides]
    /// Of the looks until it is decided.
    let words: [Word]
  }

  /// Ten looks that see the same.
  private static func always(_ elsewhere: AnswerCounts, _ here: AnswerCounts) -> [ShareJudge.Sides] {
    Array(repeating: .init(elsewhere: elsewhere, here: here), count: 20)
  }
  private static let untilLeast: [Word] = [.wait, .wait]
  private static let untilMost = [Word](repeating: .wait, count: 11)

  private static let cases: [Case] = [
    Case(
      testDescription: "nobody calls", looks: always(counts(0), counts(0)), words: untilLeast + [.goOn]),
    Case(
      testDescription: "all is well", looks: always(counts(60), counts(900)), words: untilLeast + [.goOn]),
    Case(
      testDescription: "few go there", looks: always(counts(9), counts(900)), words: untilMost + [.goOn]),
    Case(
      testDescription: "few stay", looks: always(counts(60), counts(9)), words: untilMost + [.goOn]),
    Case(
      testDescription: "some call, and none goes there", looks: always(counts(0), counts(900)),
      words: untilMost + [.goOn]),
    Case(
      testDescription: "a fifth fails", looks: always(counts(60, failed: 12), counts(900)), words: [.goBack]),
    Case(
      testDescription: "a fifth fails on both sides",
      looks: always(counts(60, failed: 12), counts(900, failed: 180)), words: untilLeast + [.goOn]),
    Case(
      testDescription: "a fifth is slow", looks: always(counts(60, slow: 12), counts(900)), words: [.goBack]),
    Case(
      testDescription: "a fifth is slow on both sides",
      looks: always(counts(60, slow: 12), counts(900, slow: 180)), words: untilLeast + [.goOn]),
    Case(
      testDescription: "one failed of three", looks: always(counts(3, failed: 1), counts(900)),
      words: untilMost + [.goOn]),
    Case(
      testDescription: "it stands still",
      looks: [
        .init(elsewhere: counts(0, waiting: 4), here: counts(300)),
        .init(elsewhere: counts(0, waiting: 7), here: counts(600)),
        .init(elsewhere: counts(0, waiting: 11), here: counts(900)),
      ], words: [.wait, .wait, .goBack]),
    Case(
      testDescription: "calls are under way as ever",
      looks: (1...20).map {
        .init(elsewhere: counts(Double(20 * $0), waiting: 8), here: counts(Double(300 * $0), waiting: 9))
      }, words: untilLeast + [.goOn]),
    Case(
      testDescription: "none stays, and it is as before", formerly: counts(900),
      looks: always(counts(500), counts(0)), words: untilLeast + [.goOn]),
    Case(
      testDescription: "none stays, and it is slower than before", formerly: counts(900),
      looks: (1...20).map { .init(elsewhere: counts(500 * Double($0), slow: 100 * Double($0))) },
      words: [.wait, .goBack]),
    Case(
      testDescription: "none stays, and it fails",
      looks: (1...20).map { .init(elsewhere: counts(500 * Double($0), failed: 50 * Double($0))) },
      words: [.wait, .goBack]),
    Case(
      testDescription: "none stays, and it stands still", formerly: counts(900),
      looks: (1...20).map { .init(elsewhere: counts(0, waiting: 50 * Double($0))) },
      words: [.wait, .wait, .goBack]),
  ]

  @Test(arguments: cases) func itDecides(_ one: Case) {
    var judge = ShareJudge(formerly: one.formerly)
    var words: [Word] = []
    for (number, sides) in one.looks.enumerated() {
      switch judge.look(sides, elapsedMs: 500 * (number + 1)) {
      case .wait: words.append(.wait)
      case .goOn: words.append(.goOn)
      case .goBack: words.append(.goBack)
      }
      if words.last != .wait { break }
    }
    #expect(words == one.words)
  }

  @Test(arguments: [60.0, 120, 400]) func aMachineThatStandsStillForOnceTakesNoServiceBack(each: Double) {
    var judge = ShareJudge(formerly: Self.counts(900))
    for number in 1...20 {
      let sides = ShareJudge.Sides(elsewhere: Self.counts(each * Double(number), slow: each / 5))
      switch judge.look(sides, elapsedMs: 500 * number) {
      case .wait: continue
      case .goOn: return
      case .goBack(let reason):
        Issue.record("\(reason)")
        return
      }
    }
    Issue.record("nothing was decided")
  }

  @Test func itSaysWhatBothSidesHaveCounted() {
    var judge = ShareJudge()
    #expect(
      judge.look(.init(elsewhere: Self.counts(60), here: Self.counts(900, failed: 1)), elapsedMs: 2_000)
        == .goOn(
          "60 calls, 0 failed, 99 of 100 within 5 ms there; 900 calls, 1 failed, 99 of 100 within 5 ms of those that stay"
        ))
    judge = ShareJudge()
    #expect(judge.look(.init(), elapsedMs: 2_000) == .goOn("nobody has called"))
    #expect(
      judge.look(.init(elsewhere: Self.counts(4)), elapsedMs: 6_000)
        == .goOn(
          "4 calls, 0 failed, 99 of 100 within 5 ms there; none of those that stay; too few to say more"))
    judge = ShareJudge()
    guard
      case .goBack(let reason) = judge.look(
        .init(elsewhere: Self.counts(60, failed: 12), here: Self.counts(900)), elapsedMs: 500)
    else {
      Issue.record("a fifth failed, and it is not told")
      return
    }
    #expect(
      reason
        == "12 of 60 (20.0 %) failed, and 0 of 900 (0.0 %) of what stays: 60 calls, 12 failed, 99 of 100 within 5 ms there; 900 calls, 0 failed, 99 of 100 within 5 ms of those that stay"
    )
  }
}
