// The crowd decides from its seed, and never leaves in doubt what must be there afterwards.

import Testing
import Workload

@testable import Load

@Suite struct CrowdTests {
  @Test func aCrowdWithNobodySignsSomeoneUp() {
    var crowd = makeCrowd(seed: 1, users: 0)
    #expect(crowd.decide(.readFeed).action == .signUp)
  }

  @Test func whatCannotBeDoneYetBecomesARead() {
    var crowd = makeCrowd(seed: 1, users: 1)
    crowd.learn(authors: crowd.visitors.map(\.name))
    for action in [Action.follow, .like, .readPost] { #expect(crowd.decide(action).action == .readPopular) }
  }

  @Test func theSameSeedMakesTheSameDecisions() {
    func decisions(_ seed: UInt64) -> [String] {
      var crowd = makeCrowd(seed: seed, users: 10)
      crowd.learn(authors: crowd.visitors.map(\.name))
      crowd.learn(posts: (1...50).map { "\($0)" })
      return (0..<500).map { _ in
        switch crowd.decide(.like) {
        case .like(_, let pair), .unlike(_, let pair): "\(pair.subject) \(pair.object)"
        default: "read"
        }
      }
    }
    #expect(decisions(3) == decisions(3))
    #expect(decisions(3) != decisions(4))
  }

  @Test(arguments: [UInt64(11), 12, 13]) func noPairIsTouchedTwiceAtATimeNorAfterItsFateIsUncertain(
    _ seed: UInt64
  ) {
    var crowd = makeCrowd(seed: seed, users: 8)
    crowd.learn(authors: crowd.visitors.map(\.name))
    var random = SeededRandom(seed: seed, part: 99)
    var underWay: [Pair] = []
    var settled: Set<Pair> = []
    var undone = 0
    for _ in 0..<3_000 {
      if !underWay.isEmpty, Bool.random(using: &random) {
        let pair = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
        let acknowledged = random.unit() < 0.9
        crowd.endFollow(pair, isSettled: acknowledged)
        if acknowledged { settled.insert(pair) } else { settled.remove(pair) }
      }
      switch crowd.decide(.follow) {
      case .follow(let visitor, let pair):
        #expect(!underWay.contains(pair), "seed \(seed)")
        #expect(pair.subject == crowd.visitors[visitor].name && pair.object != pair.subject)
        underWay.append(pair)
      case .unfollow(let visitor, let pair):
        #expect(!underWay.contains(pair) && settled.remove(pair) != nil, "seed \(seed)")
        #expect(pair.subject == crowd.visitors[visitor].name)
        undone += 1
      default: break
      }
    }
    #expect(undone > 0)
  }

  @Test func anUndonePairIsNeverMadeAgain() {
    var (ties, random) = (Ties(limit: 10), SeededRandom(seed: 1))
    let pair = Pair(subject: "a", object: "b")
    #expect(begin(pair, &ties))
    #expect(!begin(pair, &ties))
    ties.end(pair, isSettled: true)
    let taken = ties.beginUndo(&random)
    #expect(taken == pair)
    let none = ties.beginUndo(&random)
    #expect(none == nil)
    #expect(!begin(pair, &ties))
  }

  @Test func aPairOfWhichASendingWasNotAnsweredIsLeftAlone() {
    var (ties, random) = (Ties(limit: 10), SeededRandom(seed: 1))
    let pair = Pair(subject: "a", object: "b")
    #expect(begin(pair, &ties))
    ties.end(pair, isSettled: false)
    let none = ties.beginUndo(&random)
    #expect(none == nil)
    #expect(!begin(pair, &ties))
  }

  @Test func textsNeedEscapingNowAndThenAndHashesTellThemApart() {
    var random = SeededRandom(seed: 2)
    let texts = (0..<200).map { _ in PostText.make(&random) }
    #expect(texts.contains { $0.contains("\"") } && texts.contains { !$0.utf8.allSatisfy { $0 < 128 } })
    #expect(Set(texts.map(PostText.hash)).count == Set(texts).count)
    // The published value of FNV-1a for 'a'.
    #expect(PostText.hash("a") == "af63dc4c8601ec8c")
  }

  private func begin(_ pair: Pair, _ ties: inout Ties) -> Bool { ties.begin(pair) }

  private func makeCrowd(seed: UInt64, users: Int) -> Crowd {
    var crowd = Crowd(namePrefix: "v", popularityExponent: 1, random: SeededRandom(seed: seed))
    for _ in 0..<users { crowd.join(crowd.newVisitor()) }
    return crowd
  }
}
