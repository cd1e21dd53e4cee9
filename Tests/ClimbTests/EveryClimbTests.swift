// Every climb, cut short everywhere: somebody always answers, nothing is lost, and it arrives where it was told to.

import Contract
import Foundation
import Lab
import Placement
import TestSupport
import Testing
import Topology

@testable import Climb

@Suite struct EveryClimbTests {
  /// Each call of a climber that goes in `direction` from where `start` is, gone wrong in each way.
  private func failures(
    _ route: Climber.Route, _ direction: ClimbEngine.Direction, from start: Climber
  ) throws -> [FakeProvider.Failure] {
    let climber = start.copy()
    _ = try climber.drive(direction)
    return Self.places(climber.provider.callCount, "\(route.testDescription) \(direction)").flatMap { call in
      FakeProvider.Failure.Kind.allCases.flatMap { kind in
        [false, true].map { FakeProvider.Failure(kind: kind, call: call, isAfter: $0) }
      }
    }
  }

  /// All of a climb of few calls. One that asks many processes again and again is cut short all along, elsewhere in each run.
  /// - Parameter what: of which climb, so that each has its own places.
  private static func places(_ callCount: Int, _ what: String) -> [Int] {
    if callCount <= fewCalls { return Array(1...max(callCount, 1)) }
    let stride = callCount / placesOfMany
    var chance = SplitMix(seed ^ FNV1a.hash(what.utf8))
    return Array(
      Swift.stride(from: Int.random(in: 1...stride, using: &chance), through: callCount, by: stride))
  }

  private static let (fewCalls, placesOfMany) = (150, 12)
  /// `HEIGHTS_TEST_SEED` repeats a run.
  private static let seed: UInt64 = {
    let told = ProcessInfo.processInfo.environment["HEIGHTS_TEST_SEED"].flatMap { UInt64($0) }
    let seed = told ?? .random(in: 0 ... .max)
    print("climbs of many calls are cut short by HEIGHTS_TEST_SEED=\(seed)")
    return seed
  }()

  @Test(arguments: Climber.routes) func straightUp(route: Climber.Route) throws {
    let climber = Climber(route)
    #expect(try climber.drive(.up) == .committed)
    climber.expectArrived(.up, "straight")
    let begun = try #require(climber.journal.first)
    guard case .began(_, let change) = begun else { return #expect(Bool(false), "\(begun)") }
    #expect(change == climber.change, "the journal tells what the climb leads from and to")
  }

  @Test(arguments: Climber.routes) func stoppedBeforeAnyActionItGoesOnOrBack(route: Climber.Route) throws {
    for action in 0..<(Climber(route).actionCount) {
      for direction in [ClimbEngine.Direction.up, .back] {
        let climber = Climber(route)
        #expect(try climber.drive(.up, stoppingBefore: action) == nil)
        try climber.finish(direction, "\(direction) from before action \(action)")
      }
    }
  }

  @Test(arguments: Climber.routes, FakeWorld.Mishap.allCases)
  func whateverFailsOnTheWayUpItGoesOnOrBack(route: Climber.Route, mishap: FakeWorld.Mishap) throws {
    for failure in try failures(route, .up, from: Climber(route)) {
      let climber = Climber(route)
      // A step may do without what was refused.
      if try climber.drive(.up, failing: failure) == .committed { continue }
      climber.provider.change { $0.happen(mishap) }
      for direction in [ClimbEngine.Direction.up, .back] {
        try climber.copy().finish(direction, "\(direction) after \(failure)")
      }
    }
  }

  /// In turn back and up again, and in turn with a restart in between.
  @Test(arguments: Climber.routes) func whateverFailsOnTheWayBackItGoesBackOrOn(route: Climber.Route) throws {
    var turn = 0
    // A climb of many steps is gone back from here and there.
    let count = Climber(route).actionCount
    for action in stride(from: 1, to: count, by: count > 20 ? 5 : 1) {
      let climbed = Climber(route)
      _ = try climbed.drive(.up, stoppingBefore: action)
      for failure in try failures(route, .back, from: climbed) {
        turn += 1
        let (direction, mishap) = Self.turns[turn % Self.turns.count]
        let climber = climbed.copy()
        if try climber.drive(.back, failing: failure) == .reverted { continue }
        climber.provider.change { $0.happen(mishap) }
        try climber.finish(
          direction, "\(direction) after \(action) actions, an undo with \(failure), \(mishap)")
      }
    }
  }

  /// Of a length that no number of ways to fail divides.
  private static let turns: [(ClimbEngine.Direction, FakeWorld.Mishap)] = [
    (.up, .none), (.back, .none), (.up, .restart), (.back, .restart), (.up, .processesDie),
  ]

  @Test(arguments: Climber.routes, [ClimbEngine.Direction.up, .back])
  func whateverHappensMeanwhileItArrives(route: Climber.Route, direction: ClimbEngine.Direction) throws {
    for mishap in [FakeWorld.Mishap.processesDie, .restart] {
      let start = Climber(route)
      if direction == .back { _ = try start.drive(.up, stoppingBefore: start.actionCount - 1) }
      let probe = start.copy()
      _ = try probe.drive(direction)
      for call in Self.places(probe.provider.callCount, "\(route.testDescription) \(mishap)") {
        let climber = start.copy()
        climber.provider.expect(mishap, beforeCall: call)
        try climber.finish(direction, "\(mishap) before call \(call)")
      }
    }
  }

  @Test func journalsNameTheirStepsAsTheyAlwaysDid() throws {
    let names = [
      2:
        "launch-app carry-waitlist open-app-door drain-launch-door carry-stragglers record-stage retire-launch",
      3: "start-database copy-rows compare-rows flip-databases record-stage end-capture",
      4:
        "place-follower replicate start-servers open-front-door renew-server drain-app record-stage retire-app",
      5: "start-stores renew-servers share-cache move-sessions copy-objects move-objects start-edges "
        + "turn-front-door record-stage leave-folder",
      6:
        "renew-servers start-third-zone place-follower start-table ask-table move-sessions leave-sql place-services start-services move-posts move-people start-front "
        + "start-balancers turn-balancers turn-edges retire-servers record-stage",
    ]
    let ofServices: Set<String> = ["start-services", "place-services", "move-posts", "move-people"]
    for route in Climber.routes where route.change.from.stage != route.change.to.stage {
      let climber = Climber(route)
      let isOne = route.change.after.services.count == 1
      let expected = names[route.to]?.split(separator: " ").map(String.init)
        .filter { !isOne || !ofServices.contains($0) }
      #expect(climber.stepNames == expected, "\(route.testDescription)")
    }
  }

  @Test func serversThatWereAddedByHandGoAsWell() throws {
    let climber = Climber(Climber.Route(to: 6, listensOnPort: false, isApart: true)) {
      for id in ["server-a2", "server-b2"] { $0.hosts[id] = $0.level }
    }
    #expect(try climber.drive(.up) == .committed)
    climber.expectArrived(.up, "with servers that were added by hand")
  }

  /// Who is all of the app calls in the name of the first service, also what that does not call itself.
  @Test func whoIsAllOfTheAppMayCallEverythingAndNobodyMoreAfterwards() throws {
    let climber = Climber(Climber.Route(to: 6, listensOnPort: false, isApart: true))
    let index = try #require(climber.stepNames.firstIndex(of: "move-people"))
    #expect(try climber.drive(.up, stoppingBefore: 2 * index) == nil)
    #expect(climber.provider.world.placement?.services["people"]?.callers == ["posts", "web"])
    #expect(try climber.drive(.up) == .committed)
    #expect(climber.provider.world.placement?.services["people"]?.callers == ["posts"])
  }

  // MARK: From the launch page

  @Test func anEmptyWaitlistIsFine() throws {
    let climber = Climber(Climber.first) {
      $0.waitlists = [.launch: [], .app: []]
      $0.acknowledged = []
    }
    #expect(try climber.drive(.up) == .committed)
    climber.expectArrived(.up, "empty")
  }

  @Test func anAppThatCannotTakeTheWaitlistFailsTheClimbAndGoesBack() throws {
    let climber = Climber(Climber.first) { $0.appHasWaitlist = false }
    let reason = ClimbError.waitlistNotTaken(role: "app").description
    #expect(try climber.drive(.up) == .failed(.run, step: "carry-waitlist", reason: reason))
    #expect(climber.provider.world.answering == ["launch"])
    #expect(try climber.drive(.back) == .reverted)
    climber.expectArrived(.back, "no waitlist")
  }

  @Test func noDoorClosesUnlessTheOtherIsSeenToAnswer() throws {
    let provider = Climber(Climber.first).provider
    let say = StepVoice.silent
    let close = { try provider.closeDoor(.launch, whileOpen: .app, say) }
    let refusal = ClimbError.nobodyAnswers(role: "app")
    #expect(throws: refusal, "it does not run") { try close() }
    try provider.ensureRunning(.app, say)
    #expect(throws: refusal, "its door is closed") { try close() }
    try provider.openDoor(.app, say)
    provider.change { $0.roles[.app]?.isReady = false }
    #expect(throws: refusal, "it is not ready") { try close() }
    #expect(provider.world.answering == ["app", "launch"])
    provider.change { $0.roles[.app]?.isReady = true }
    try close()
    #expect(provider.world.answering == ["app"])
  }
}
