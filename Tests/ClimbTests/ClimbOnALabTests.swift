// The climb from 1 to 2 of a real lab with real processes, while people use the app.

import Foundation
import Lab
import TestSupport
import Testing

@testable import Climb

@Suite(.serialized) struct ClimbOnALabTests {
  private let lab: LabFixture

  init() async throws { lab = try await LabFixture(stage: 1) }

  /// Climbs until the end, or until `actionLimit` actions are done.
  private func perform(_ direction: ClimbEngine.Direction, actionLimit: Int = .max) throws -> Climb.Outcome {
    var actionCount = 0
    let shouldStop = {
      defer { actionCount += 1 }
      return actionCount == actionLimit
    }
    return try Climb(to: 2, in: lab.folder).perform(direction, shouldStop: shouldStop, report: { _ in })
  }

  private func expectAt(_ stage: Int, only role: Role, _ traffic: Traffic) throws {
    #expect(traffic.failures == [])
    let snapshot = try lab.client.send(.status)
    #expect(snapshot.stage.number == stage)
    #expect(snapshot.openDoors == [role])
    let living = snapshot.processes.filter { $0.pid != nil && $0.name != "dns" }
    #expect(living.map(\.name) == [role.rawValue])
    let list = try AdminClient(lab.folder.adminSocket(of: role)).get("/waitlist").text
    #expect(traffic.acknowledged.filter { !list.contains($0) } == [])
  }

  @Test func nobodyNoticesAndNoAddressIsLost() throws {
    let traffic = Traffic(try lab.publicPort())
    #expect(traffic.hasGoneOn())
    #expect(try perform(.up) == .committed)
    #expect(traffic.hasGoneOn())
    traffic.stop()
    try expectAt(2, only: .app, traffic)
    #expect(lab.get()?.hasPrefix("2 ") == true)
    #expect(try perform(.up) == .alreadyThere)
    #expect(try perform(.back) == .pastTheReturn)
    #expect(try Climb(to: 2, in: lab.folder).progress() == nil)
  }

  @Test func stoppedAfterEveryActionItArrivesAllTheSame() throws {
    let traffic = Traffic(try lab.publicPort())
    var verified: [String] = []
    // Run and verify of a step, with nothing of the climb in memory between one step and the next.
    while try perform(.up, actionLimit: 2) == .stopped {
      #expect(traffic.hasGoneOn(by: 1))
      let progress = try #require(try Climb(to: 2, in: lab.folder).progress())
      #expect(progress.verifiedSteps.dropLast() == verified[...])
      verified = progress.verifiedSteps
    }
    traffic.stop()
    #expect(verified == Climber(Climber.first).stepNames.dropLast().map { $0 })
    try expectAt(2, only: .app, traffic)
  }

  @Test(arguments: [4, 7, 13]) func itGoesBackFromTheMiddleAndUpAgain(actions: Int) throws {
    let traffic = Traffic(try lab.publicPort())
    #expect(try perform(.up, actionLimit: actions) == .stopped)
    #expect(traffic.hasGoneOn())
    #expect(try perform(.back) == .reverted)
    #expect(traffic.hasGoneOn())
    traffic.stop()
    try expectAt(1, only: .launch, traffic)
    #expect(try perform(.back) == .nothingToUndo)
    #expect(try perform(.up) == .committed)
    try expectAt(2, only: .app, traffic)
  }

  @Test(arguments: [6, 9], [ClimbEngine.Direction.up, .back])
  func aLabThatIsStartedAgainInTheMiddleGoesOnOrBack(actions: Int, direction: ClimbEngine.Direction)
    async throws
  {
    let traffic = Traffic(try lab.publicPort())
    #expect(try perform(.up, actionLimit: actions) == .stopped)
    #expect(traffic.hasGoneOn())
    traffic.stop()
    try lab.down()
    #expect(throws: LabError.notRunning(folder: lab.folder.path)) { try perform(direction) }
    let again = try await LabFixture(in: lab.temporary)
    #expect(again.get() != nil)
    #expect(try perform(direction) == (direction == .up ? .committed : .reverted))
    try expectAt(direction == .up ? 2 : 1, only: direction == .up ? .app : .launch, traffic)
  }

  @Test func anAppThatDoesNotStartFailsTheClimbAndLeavesTheLaunchPage() throws {
    let traffic = Traffic(try lab.publicPort())
    try lab.temporary.write(String(8 << 30), to: "refused-quota")
    guard case .failed(.run, step: "launch-app", let reason) = try perform(.up) else {
      Issue.record("the climb went on without an app")
      return
    }
    #expect(reason.contains("quota refused"))
    traffic.stop()
    try expectAt(1, only: .launch, traffic)
    try lab.temporary.write("0", to: "refused-quota")
    #expect(try perform(.up) == .committed)
  }

  @Test func itWaitsWhileTheLabIsBusy() throws {
    try lab.temporary.write(String(8 << 30), to: "refused-quota")
    let (client, temporary, end) = (lab.client, lab.temporary, DispatchGroup())
    end.enter()
    Thread.detachNewThread {
      // As a climb that was killed leaves it: the app does not become ready yet.
      _ = try? client.send(.launchProcess(role: .app, frontDoor: false))
      try? temporary.write("0", to: "refused-quota")
      end.leave()
    }
    #expect(eventually { (try? client.send(.status))?.operation == "launch" })
    guard case .failed(.run, step: "launch-app", let reason) = try perform(.up) else {
      return end.waitInTime(for: "the other one is done")
    }
    end.waitInTime(for: "the other one is done")
    // The app may still be refused when our turn comes; that the lab is busy is no reason to fail.
    #expect(!reason.contains("under way"))
    #expect(try perform(.up) == .committed)
  }

  @Test func oneClimberAtATimeAndNoneDuringADrillOrADeploy() throws {
    #expect(try perform(.up, actionLimit: 1) == .stopped)
    let works: [(WorkLock.Work, ClimbError)] = [
      (.climb, .alreadyClimbing), (.drill, .drillUnderWay), (.deploy, .deployUnderWay),
    ]
    for (work, error) in works {
      let lock = try WorkLock(lab.folder, for: work)
      #expect(throws: error) { try perform(.up) }
      withExtendedLifetime(lock) {}
    }
  }

  @Test(arguments: [0, 1, 8]) func otherClimbsAreNotThereYet(stage: Int) {
    #expect(throws: ClimbError.noClimb(from: stage - 1, to: stage)) { try Climb(to: stage, in: lab.folder) }
  }

  @Test func beforeAClimbThereIsNoProgressAndNothingToUndo() throws {
    #expect(try Climb(to: 2, in: lab.folder).progress() == nil)
    #expect(try perform(.back) == .nothingToUndo)
  }
}
