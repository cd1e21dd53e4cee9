// What a climb is called in its folder, and what one means that has nothing to do.

import Testing
import Topology

@testable import Climb

@Suite struct ClimbKindTests {
  private static let more = Level(.replicated, extraFollowers: 1)

  @Test func journalsAreFoundByTheNamesThatEarlierVersionsGaveThem() {
    let stages = Climb.Kind.stages.keys.sorted().map { Climb.Kind.stage($0).journalName }
    #expect(stages == ["1-to-2", "2-to-3", "3-to-4", "4-to-5", "5-to-6"])
    #expect(Climb.Kind.followers(Self.more).journalName == "followers")
    #expect(Climb.Kind.followers(Level(.stateless)).journalName == "followers")
  }

  @Test(
    arguments: [
      (Climb.Kind.stage(.replicated), Level(.separateDatabase), nil),
      (.stage(.replicated), Level(.replicated), .alreadyThere),
      (.stage(.replicated), more, .alreadyThere),
      (.stage(.replicated), Level(.stateless), .alreadyBeyond(stage: 5)),
      (.followers(more), Level(.replicated), nil),
      (.followers(more), Level(.replicated, extraFollowers: 2), nil),
      (.followers(more), more, .alreadyThere),
      (.followers(more), Level(.stateless, extraFollowers: 1), .alreadyBeyond(stage: 5)),
    ] as [(Climb.Kind, Level, Climb.Outcome?)])
  func aClimbThatHasNothingToDoSaysWhy(kind: Climb.Kind, level: Level, end: Climb.Outcome?) throws {
    #expect(try kind.endAlready(at: level) == end)
  }

  @Test func noClimbBeginsBelowTheStageThatItLeadsFrom() {
    #expect(throws: ClimbError.noClimb(from: 2, to: 4)) {
      try Climb.Kind.stage(.replicated).endAlready(at: Level(.singleServer))
    }
    #expect(throws: ClimbError.noClimb(from: 3, to: 4)) {
      try Climb.Kind.followers(Self.more).endAlready(at: Level(.separateDatabase))
    }
  }

  @Test func whatAnAppHasGrownByGoesAlongToTheNextStage() {
    #expect(Climb.Kind.stage(.stateless).target(from: Self.more) == Level(.stateless, extraFollowers: 1))
    #expect(Climb.Kind.followers(Self.more).target(from: Level(.replicated)) == Self.more)
  }

  /// Of those inside a stage there are many, one after the other, in one journal.
  @Test func aClimbInsideAStageThatHasEndedLeavesNothingToUndo() {
    let ended: [ClimbRecord] = [.began(steps: ["a"], nil), .committed]
    let begun: [ClimbRecord] = [.began(steps: ["b"], nil)]
    #expect(Climb.Kind.followers(Self.more).counted(ended) == [])
    #expect(Climb.Kind.followers(Self.more).counted(ended + begun) == begun)
    #expect(Climb.Kind.stage(.replicated).counted(ended) == ended)
  }
}
