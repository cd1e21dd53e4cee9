// The checker accepts what can be true, refuses what can't, and names the fewest operations that show it.

import TestSupport
import Testing

@testable import History

@Suite struct HistoryCheckerTests {
  /// The one contradiction that there is, as its promise and the ids of its operations.
  private func found(_ operations: [Operation]) -> [String] {
    HistoryChecker.check(operations).contradictions.map { found in
      "\(found.promise.rawValue) \(found.operations.map { String($0.id) }.joined(separator: ","))"
    }
  }

  // MARK: One key

  @Test func anEmptyHistoryIsGood() { #expect(HistoryChecker.check([]).isGood) }

  @Test func readsAndWritesThatFollowEachOtherAreGood() {
    #expect(
      found(
        history {
          $0.add("a", .read, "x", nil, 0...1)
          $0.add("a", .write, "x", "1", 2...3)
          $0.add("b", .read, "x", "1", 4...5)
          $0.add("b", .write, "x", nil, 6...7)
          $0.add("a", .read, "x", nil, 8...9)
        }) == [])
  }

  @Test func whatOverlapsMayBeInEitherOrder() {
    for value in [nil, "1", "2"] {
      #expect(
        found(
          history {
            $0.add("a", .write, "x", "1", 0...10)
            $0.add("b", .write, "x", "2", 0...10)
            $0.add("c", .read, "x", value, 1...9)
          }) == [])
    }
  }

  @Test func aReadOfTheLeaderThatMissesAWriteIsNamedWithIt() {
    #expect(
      found(
        history {
          $0.add("a", .write, "y", "1", 0...1)
          $0.add("a", .write, "x", "1", 2...3)
          $0.add("c", .read, "x", "1", 4...5)
          $0.add("b", .read, "x", nil, 6...7)
          $0.add("b", .read, "y", "1", 8...9)
        }) == ["linearizable 1,3"])
  }

  @Test func aValueThatComesBackIsNamedWithTheWriteThatReplacedIt() {
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...1)
          $0.add("a", .write, "x", "2", 2...3)
          $0.add("b", .read, "x", "1", 4...5)
        }) == ["linearizable 0,1,2"])
  }

  @Test func twoReadsMustAgreeOnTheOrderOfTwoWrites() {
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...20)
          $0.add("b", .write, "x", "2", 0...20)
          $0.add("c", .read, "x", "1", 21...22)
          $0.add("d", .read, "x", "2", 23...24)
        }) == ["linearizable 1,2,3"])
  }

  @Test func anUnansweredWriteMayComeLateOrNever() {
    for values in [["1", "1"], [nil, nil], [nil, "1"]] as [[String?]] {
      #expect(
        found(
          history {
            $0.add("a", .write, "x", "1", 0...1, kind: .unknown)
            $0.add("b", .read, "x", values[0], 5...6)
            $0.add("b", .read, "x", values[1], 7...8)
          }) == [])
    }
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...1, kind: .unknown)
          $0.add("b", .read, "x", "1", 5...6)
          $0.add("c", .read, "x", nil, 7...8)
        }) == ["linearizable 1,2"])
  }

  @Test func whatWasRefusedForGoodMustNotTakeEffect() {
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...1, kind: .failed)
          $0.add("b", .read, "x", "1", 5...6, from: .cache)
        }) == ["no-read-of-what-was-never-written 1"])
  }

  @Test func aReadFromTheFutureIsMadeUp() {
    #expect(
      found(
        history {
          $0.add("b", .read, "x", "1", 0...1, from: .session)
          $0.add("a", .write, "x", "1", 5...6)
        }) == ["no-read-of-what-was-never-written 0"])
  }

  @Test func twoSwapsFromTheSameValueLoseAnUpdate() {
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "0", 0...1)
          $0.add("a", .swap, "x", "1", 2...9, expected: "0")
          $0.add("b", .swap, "x", "2", 2...9, expected: "0")
        }) == ["no-lost-update 1,2"])
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "0", 0...1)
          $0.add("a", .swap, "x", "1", 2...9, expected: "0")
          $0.add("b", .swap, "x", "2", 2...9, expected: "1")
        }) == [])
  }

  // MARK: Counters

  @Test func aCounterThatNobodyHasAddedToIsNothing() {
    func counted(_ value: String?) -> [Operation] {
      history { $0.add("a", .count, "n", value, 0...1, from: .cache) }
    }
    #expect(found(counted("0")) == [] && found(counted(nil)) == [])
    #expect(found(counted("1")) == ["no-read-of-what-was-never-written 0"])
  }

  @Test func aCounterThatForgetsIsNamedWithAsManyAdditionsAsItTakes() {
    #expect(
      found(
        history {
          for time in 0..<4 { $0.add("a", .add, "n", nil, 10 * time...10 * time + 5, delta: 1) }
          $0.add("b", .read, "n", "2", 100...101)
        }
      ).first?.hasPrefix("no-lost-update") == true)
    let verdict = HistoryChecker.check(
      history {
        for time in 0..<4 { $0.add("a", .add, "n", nil, 10 * time...10 * time + 5, delta: 1) }
        $0.add("b", .read, "n", "2", 100...101)
      })
    #expect(verdict.smallest?.operations.count == 4, "the read, and three that make more than two")
  }

  @Test func aCounterMayHaveWhatIsUnderWayAndUnanswered() {
    for value in ["1", "2", "3"] {
      #expect(
        found(
          history {
            $0.add("a", .add, "n", nil, 0...1, delta: 1)
            $0.add("a", .add, "n", nil, 2...3, kind: .unknown, delta: 1)
            $0.add("c", .add, "n", nil, 8...12, delta: 1)
            $0.add("b", .read, "n", value, 9...10)
          }) == [])
    }
    #expect(
      found(
        history {
          $0.add("a", .add, "n", nil, 0...1, delta: 1)
          $0.add("b", .read, "n", "2", 9...10, from: .cache)
        }) == ["no-read-of-what-was-never-written 1"])
  }

  @Test func whatIsTakenAwayOnceIsTakenAway() {
    #expect(
      found(
        history {
          $0.add("a", .add, "n", nil, 0...1, delta: 1)
          $0.add("a", .add, "n", nil, 2...3, delta: -1)
          $0.add("b", .read, "n", "1", 9...10)
        }) == ["no-lost-update 1,2"])
  }

  // MARK: Sessions

  @Test func whoWroteReadsItFromAFollowerToo() {
    let older = history {
      $0.add("a", .write, "x", "1", 0...1)
      $0.add("b", .read, "x", nil, 2...3, from: .session)
    }
    #expect(found(older) == [], "another session may be behind")
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...1)
          $0.add("a", .read, "x", nil, 2...3, from: .session)
        }) == ["read-your-writes 0,1"])
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...5)
          $0.add("a", .read, "x", nil, 2...3, from: .session)
        }) == [], "the write was not done yet")
  }

  @Test func whoHasReadSomethingNeverReadsWhatWasBefore() {
    #expect(
      found(
        history {
          $0.add("w", .write, "x", "1", 0...1)
          $0.add("w", .write, "x", "2", 2...3)
          $0.add("a", .read, "x", "2", 4...5, from: .session)
          $0.add("b", .read, "x", "1", 4...5, from: .session)
          $0.add("a", .read, "x", "1", 6...7, from: .session)
        }) == ["monotonic-reads 0,1,2,4"])
  }

  @Test func whoSeesALaterWriteOfASessionSeesItsEarlierOnes() {
    #expect(
      found(
        history {
          $0.add("w", .write, "x", "1", 0...1)
          $0.add("w", .write, "y", "2", 2...3)
          $0.add("a", .read, "y", "2", 4...5, from: .session)
          $0.add("a", .read, "x", nil, 6...7, from: .session)
        }) == ["monotonic-writes 0,1,2,3"])
  }

  @Test func whoSeesAnAnswerSeesWhatItAnswers() {
    #expect(
      found(
        history {
          $0.add("w", .write, "x", "question", 0...1)
          $0.add("v", .read, "x", "question", 2...3, from: .session)
          $0.add("v", .write, "y", "answer", 4...5)
          $0.add("a", .read, "y", "answer", 6...7, from: .session)
          $0.add("a", .read, "x", nil, 8...9, from: .session)
        }
      ).contains("writes-follow-reads 0,1,2,3,4"))
  }

  @Test func aCacheMayBeBehindAndTeachesNothing() {
    #expect(
      found(
        history {
          $0.add("a", .write, "x", "1", 0...1)
          $0.add("a", .write, "x", "2", 2...3)
          $0.add("a", .read, "x", "1", 4...5, from: .cache)
        }) == [])
  }

  @Test func aSessionThatHasEndedIsNotTakenAgain() {
    #expect(
      found(
        history {
          $0.add("a", .write, "session:1", "open", 0...1)
          $0.add("a", .read, "session:1", "open", 2...3)
          $0.add("a", .write, "session:1", nil, 4...5)
          $0.add("a", .read, "session:1", "open", 6...7)
        }
      ).contains("linearizable 0,2,3"))
  }

  // MARK: At random

  @Test func whatAStoreThatKeepsItsPromisesTellsIsGood() {
    for seed in UInt64(1)...60 {
      let operations = RandomStore.history(seed: seed, operations: 120)
      let verdict = HistoryChecker.check(operations)
      #expect(verdict.isGood, "seed \(seed): \(verdict.contradictions.first.map { "\($0)" } ?? "undecided")")
    }
  }

  /// One answer is changed to what can't be: the value before the last that was certain by then.
  @Test func whateverAnswerIsMadeFalseTheCheckerNoticesIt() {
    var broken = 0
    for seed in UInt64(1)...200 {
      let good = RandomStore.history(seed: seed, operations: 80)
      var random = SplitMix(seed &* 77)
      guard let bad = Corruption.corrupt(good, &random) else { continue }
      broken += 1
      let verdict = HistoryChecker.check(bad.history)
      #expect(!verdict.contradictions.isEmpty, "seed \(seed): \(bad.what)")
      #expect(
        verdict.contradictions.contains { $0.operations.contains { $0.id == bad.id } },
        "seed \(seed): \(bad.what), and others are blamed")
      // What is named contradicts itself, without the rest.
      for contradiction in verdict.contradictions {
        #expect(
          !HistoryChecker.check(contradiction.operations).contradictions.isEmpty
            || contradiction.operations.count == 1)
      }
    }
    #expect(broken > 100)
  }

  @Test func manyThatOverlapEndTheSearchAndAreNotCalledGood() {
    let verdict = HistoryChecker.check(
      history { maker in
        for number in 0..<40 { maker.add("s\(number)", .write, "x", "v\(number)", 0...1_000) }
        for number in 0..<40 {
          maker.add("r", .read, "x", "v\(number % 2)", 2_000 + 2 * number...2_001 + 2 * number)
        }
      })
    #expect(!verdict.isGood)
  }
}

/// Ways to make a true history false.
enum Corruption {
  static func corrupt(
    _ history: [Operation], _ random: inout SplitMix
  ) -> (history: [Operation], id: Int, what: String)? {
    let reads = history.filter { $0.action == .read && $0.key != "count" && $0.from == .leader }
    let counts = history.filter { $0.action == .read && $0.key == "count" }
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      guard let read = reads.randomElement(using: &random) else { return nil }
      return (replace(read, "made-up", in: history), read.id, "a value that nobody wrote")
    case 1:
      guard let read = counts.randomElement(using: &random) else { return nil }
      let sum = history.count { $0.action == .add }
      return (replace(read, String(sum + 1), in: history), read.id, "a count beyond all additions")
    default:
      let stale = reads.compactMap { read in overwritten(before: read, in: history).map { (read, $0) } }
      guard let (read, value) = stale.randomElement(using: &random) else { return nil }
      return (replace(read, value, in: history), read.id, "a value that was replaced before the read")
    }
  }

  /// A value that can't be there any more: another write began after it had ended, and ended before the read began.
  private static func overwritten(before read: Operation, in history: [Operation]) -> String? {
    let writes = history.filter { $0.key == read.key && $0.action == .write && $0.kind == .ok }
    return writes.first { old in
      writes.contains { old.endNs < $0.beginNs && $0.endNs < read.beginNs }
    }?.value
  }

  private static func replace(_ read: Operation, _ value: String, in history: [Operation]) -> [Operation] {
    history.map {
      $0.id != read.id
        ? $0
        : Operation(
          id: read.id, session: read.session, key: read.key, action: .read, beginNs: read.beginNs,
          endNs: read.endNs, value: value, from: read.from)
    }
  }
}
