// The climb from 1 to 2, cut short everywhere: somebody always answers, and no address is lost.

import Lab
import Testing

@testable import Climb

@Suite struct Climb1to2Tests {
  /// A climber, and its journal.
  private final class Climber {
    private let steps = Climb1to2.steps
    private(set) var journal: [ClimbRecord] = []
    let lab: FakeLab

    init(_ lab: FakeLab = FakeLab()) { self.lab = lab }

    /// Climbs until the end, or until it dies in the call that `crash` names: nil then.
    func drive(
      _ direction: ClimbEngine.Direction, crashingAt crash: FakeLab.Crash? = nil,
      stoppingBefore action: Int = .max
    ) throws -> ClimbEngine.Outcome? {
      lab.begin(crashingAt: crash)
      let engine = try ClimbEngine(steps: steps.map(\.name), journal: journal)
      var actionCount = 0
      let driver = ClimbDriver(
        steps: steps, lab: lab,
        append: { [self] in
          if lab.hasCrashed { throw FakeLab.Dead() }
          journal.append($0)
        },
        shouldStop: {
          defer { actionCount += 1 }
          return actionCount == action
        }, report: { _ in })
      do {
        return try driver.drive(engine, direction)
      } catch is FakeLab.Dead {
        return nil
      }
    }
  }

  private static let actionCount = 2 * Climb1to2.steps.count

  /// Every moment at which a climber can die in `direction` after `before`.
  private func crashes(_ direction: ClimbEngine.Direction, after before: (Climber) throws -> Void = { _ in })
    throws -> [FakeLab.Crash]
  {
    let climber = Climber()
    try before(climber)
    _ = try climber.drive(direction)
    return (1...climber.lab.callCount).flatMap { call in
      [false, true].map { FakeLab.Crash(call: call, isAfter: $0) }
    }
  }

  private func expectAtTop(_ lab: FakeLab, _ comment: Comment) {
    #expect(lab.stage == 2, comment)
    #expect(lab.answering == [.app], comment)
    #expect(lab.living == [.app], comment)
    #expect(lab.missing(in: .app).isEmpty, comment)
  }

  private func expectAtBottom(_ lab: FakeLab, _ comment: Comment) {
    #expect(lab.stage == 1, comment)
    #expect(lab.answering == [.launch], comment)
    #expect(!lab.living.contains(.app), comment)
    #expect(lab.missing(in: .launch).isEmpty, comment)
  }

  /// Goes on to the end; a step may fail because of what happened to the lab, and is tried again then.
  private func finish(_ climber: Climber, _ direction: ClimbEngine.Direction, _ comment: Comment) throws {
    var outcome = try climber.drive(direction)
    if case .failed = outcome { outcome = try climber.drive(direction) }
    // A climber that died before its first record has nothing to go back from.
    let isFine = outcome == .committed || outcome == .reverted || outcome == .nothingToUndo
    #expect(isFine, "\(comment): \(String(describing: outcome))")
    direction == .up ? expectAtTop(climber.lab, comment) : expectAtBottom(climber.lab, comment)
  }

  @Test func straightUp() throws {
    let climber = Climber()
    #expect(try climber.drive(.up) == .committed)
    expectAtTop(climber.lab, "straight")
    // People joined on either side.
    #expect(climber.lab.acknowledged.contains { $0.contains("launch9@") })
    #expect(climber.lab.acknowledged.last?.contains("\"app") == true)
  }

  @Test func anEmptyWaitlistAndAnAppWithoutOneAreFine() throws {
    let climber = Climber(FakeLab(joined: 0))
    #expect(try climber.drive(.up) == .committed)
    expectAtTop(climber.lab, "empty")
  }

  @Test func anAppThatCannotTakeTheWaitlistFailsTheClimbAndGoesBack() throws {
    let climber = Climber(FakeLab(appHasWaitlist: false))
    let reason = ClimbError.waitlistNotTaken(role: "app").description
    #expect(try climber.drive(.up) == .failed(.run, step: "carry-waitlist", reason: reason))
    #expect(climber.lab.answering == [.launch])
    #expect(try climber.drive(.back) == .reverted)
    expectAtBottom(climber.lab, "no waitlist")
  }

  @Test(arguments: 0..<actionCount) func stoppedBeforeAnyActionItGoesOnOrBack(action: Int) throws {
    for direction in [ClimbEngine.Direction.up, .back] {
      let climber = Climber()
      #expect(try climber.drive(.up, stoppingBefore: action) == nil)
      try finish(climber, direction, "\(direction) from before action \(action)")
    }
  }

  @Test(arguments: FakeLab.Mishap.allCases, [ClimbEngine.Direction.up, .back])
  func killedInAnyCallItGoesOnOrBack(mishap: FakeLab.Mishap, direction: ClimbEngine.Direction) throws {
    for crash in try crashes(.up) {
      let climber = Climber()
      #expect(try climber.drive(.up, crashingAt: crash) == nil)
      climber.lab.happen(mishap)
      try finish(climber, direction, "\(direction) after \(crash)")
    }
  }

  @Test(arguments: FakeLab.Mishap.allCases, [ClimbEngine.Direction.up, .back])
  func killedInAnyCallOfAnUndoItGoesBackOrOn(mishap: FakeLab.Mishap, direction: ClimbEngine.Direction) throws
  {
    for action in 1..<Self.actionCount {
      let climbed = { (climber: Climber) in _ = try climber.drive(.up, stoppingBefore: action) }
      for crash in try crashes(.back, after: climbed) {
        let climber = Climber()
        try climbed(climber)
        #expect(try climber.drive(.back, crashingAt: crash) == nil)
        climber.lab.happen(mishap)
        try finish(climber, direction, "\(direction) after \(action) actions and an undo with \(crash)")
      }
    }
  }

  @Test(arguments: [FakeLab.Mishap.processesDie, .labRestarts], [ClimbEngine.Direction.up, .back])
  func whateverHappensToTheLabMeanwhileItArrives(mishap: FakeLab.Mishap, direction: ClimbEngine.Direction)
    throws
  {
    let top = { (climber: Climber) in
      if direction == .back { _ = try climber.drive(.up, stoppingBefore: Self.actionCount - 1) }
    }
    let callCount = try crashes(direction, after: top).count / 2
    for call in 1...callCount {
      let climber = Climber()
      try top(climber)
      climber.lab.expect(mishap, beforeCall: call)
      try finish(climber, direction, "\(mishap) before call \(call)")
    }
  }

  @Test func noDoorClosesUnlessTheOtherIsSeenToAnswer() throws {
    let lab = FakeLab()
    let say = StepVoice.silent
    let close = { try lab.closeDoor(.launch, whileOpen: .app, say) }
    let refusal = ClimbError.nobodyAnswers(role: "app")
    #expect(throws: refusal, "it does not run") { try close() }
    try lab.ensureRunning(.app, say)
    #expect(throws: refusal, "its door is closed") { try close() }
    try lab.openDoor(.app, say)
    lab.setReady(.app, false)
    #expect(throws: refusal, "it is not ready") { try close() }
    #expect(lab.answering == [.launch, .app])
    lab.setReady(.app, true)
    try close()
    #expect(lab.answering == [.app])
  }

  @Test func theJournalNamesItsStepsAsItAlwaysDid() {
    #expect(
      Climb1to2.steps.map(\.name) == [
        "launch-app", "carry-waitlist", "open-app-door", "drain-launch-door", "carry-stragglers",
        "record-stage",
        "retire-launch",
      ])
  }
}
