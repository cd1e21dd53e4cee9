// The order of things in a climb: each way on, and each way back.

import Testing

@testable import Climb

@Suite struct ClimbEngineTests {
  private static let steps = ["pack", "walk", "camp"]
  private static let straight: [ClimbRecord] =
    [.began(steps: steps, nil)]
    + steps.flatMap { step -> [ClimbRecord] in
      [
        .starts(.run, step: step), .done(.run, step: step),
        .starts(.verify, step: step), .done(.verify, step: step),
      ]
    } + [.committed]

  private func engine(_ journal: some Sequence<ClimbRecord>) throws -> ClimbEngine {
    try ClimbEngine(steps: Self.steps, journal: Array(journal))
  }

  /// Drives an engine to its end; `failing` operations fail with "no".
  private func drive(
    _ engine: ClimbEngine, _ direction: ClimbEngine.Direction, failing: [(ClimbEngine.Operation, String)] = []
  ) -> (records: [ClimbRecord], performed: [String], outcome: ClimbEngine.Outcome) {
    var engine = engine
    var (records, performed): ([ClimbRecord], [String]) = ([], [])
    var event = ClimbEngine.Event.begin(direction)
    // An engine has an end: each step is done and undone at most once.
    while true {
      switch engine.handle(event) {
      case .record(let record):
        records.append(record)
        event = .recorded
      case .perform(let operation, let step):
        performed.append("\(operation.rawValue) \(step)")
        event = failing.contains { $0 == (operation, step) } ? .failed("no") : .performed
      case .end(let outcome): return (records, performed, outcome)
      }
    }
  }

  @Test func aClimbRunsAndVerifiesEachStepInOrderAndRecordsEverything() throws {
    let climb = drive(try engine([]), .up)
    #expect(climb.records == Self.straight)
    #expect(
      climb.performed == ["run pack", "verify pack", "run walk", "verify walk", "run camp", "verify camp"])
    #expect(climb.outcome == .committed)
  }

  @Test(arguments: 1..<straight.count)
  func aClimbCutShortAfterAnyRecordGoesOnToItsEnd(cut: Int) throws {
    let journal = Self.straight.prefix(cut)
    let verified = try engine(journal).verifiedSteps
    let climb = drive(try engine(journal), .up)
    #expect(climb.records.first == .resumed(.up))
    #expect(climb.outcome == .committed)
    // What was verified is not done again; what was only begun is, from its run on.
    let rest = Self.steps.dropFirst(verified.count)
    #expect(climb.performed == rest.flatMap { ["run \($0)", "verify \($0)"] })
    #expect(try engine(journal + climb.records).standing == .committed)
  }

  @Test(arguments: 1..<straight.count)
  func aClimbGoesBackFromAnyRecordUndoingWhatWasBegunTheLastFirst(cut: Int) throws {
    let journal = Self.straight.prefix(cut)
    let begun = Self.steps.filter { journal.contains(.starts(.run, step: $0)) }
    let back = drive(try engine(journal), .back)
    #expect(back.records.first == .resumed(.back))
    #expect(back.performed == begun.reversed().map { "undo \($0)" })
    #expect(back.outcome == .reverted)
    #expect(try engine(journal + back.records).standing == .notBegun)
  }

  @Test(arguments: 1..<straight.count, [ClimbEngine.Direction.up, .back])
  func anUndoCutShortAnywhereGoesOnInEitherDirection(cut: Int, direction: ClimbEngine.Direction) throws {
    let climbed = Array(Self.straight.prefix(cut))
    let back = drive(try engine(climbed), .back).records
    for undoCut in 1..<back.count {
      let journal = climbed + back.prefix(undoCut)
      let engine = try engine(journal)
      let end = drive(engine, direction)
      #expect(end.outcome == (direction == .up ? .committed : .reverted), "\(journal)")
      #expect(
        engine.verifiedSteps + Self.touched(journal) == Self.steps.filter { !Self.isUntouched($0, journal) })
      if direction == .up {
        let rest = Self.steps.dropFirst(engine.verifiedSteps.count)
        #expect(end.performed == rest.flatMap { ["run \($0)", "verify \($0)"] }, "\(journal)")
      } else {
        let left = Self.steps.filter { !Self.isUntouched($0, journal) }
        #expect(end.performed == left.reversed().map { "undo \($0)" }, "\(journal)")
      }
    }
  }

  private static func isUntouched(_ step: String, _ journal: [ClimbRecord]) -> Bool {
    !journal.contains(.starts(.run, step: step)) || journal.contains(.done(.undo, step: step))
  }

  /// Begun, and not verified or no longer.
  private static func touched(_ journal: [ClimbRecord]) -> [String] {
    steps.filter { step in
      let isVerified =
        journal.contains(.done(.verify, step: step)) && !journal.contains(.starts(.undo, step: step))
      return !isUntouched(step, journal) && !isVerified
    }
  }

  @Test(arguments: [ClimbEngine.Operation.run, .verify], steps)
  func whatFailsOnTheWayUpEndsTheClimbThereAndCanBeTriedAgain(operation: ClimbEngine.Operation, step: String)
    throws
  {
    let failed = drive(try engine([]), .up, failing: [(operation, step)])
    #expect(failed.records.last == .failed(operation, step: step, reason: "no"))
    #expect(failed.outcome == .failed(operation, step: step, reason: "no"))
    #expect(failed.performed.last == "\(operation.rawValue) \(step)")
    let again = drive(try engine(failed.records), .up)
    #expect(again.performed.first == "run \(step)")
    #expect(again.outcome == .committed)
    let back = drive(try engine(failed.records), .back)
    #expect(back.performed.first == "undo \(step)")
    #expect(back.outcome == .reverted)
  }

  @Test(arguments: steps) func anUndoThatFailsCanBeTriedAgainOrTurnedRound(step: String) throws {
    let climbed = Self.straight.dropLast()
    let failed = drive(try engine(climbed), .back, failing: [(.undo, step)])
    #expect(failed.outcome == .failed(.undo, step: step, reason: "no"))
    let journal = climbed + failed.records
    #expect(try engine(journal).standing == .underWay)
    #expect(drive(try engine(journal), .back).performed.first == "undo \(step)")
    #expect(drive(try engine(journal), .up).performed.first == "run \(step)")
  }

  @Test func whatHasCommittedIsNeitherRepeatedNorUndone() throws {
    for direction in [ClimbEngine.Direction.up, .back] {
      let end = drive(try engine(Self.straight), direction)
      #expect(end.records.isEmpty)
      #expect(end.performed.isEmpty)
      #expect(end.outcome == .alreadyCommitted)
    }
  }

  @Test func withoutAClimbThereIsNothingToUndo() throws {
    #expect(drive(try engine([]), .back).outcome == .nothingToUndo)
    let reverted = Self.straight.prefix(2) + drive(try engine(Self.straight.prefix(2)), .back).records
    #expect(drive(try engine(reverted), .back).outcome == .nothingToUndo)
  }

  @Test func aClimbAfterAnUndoBeginsAtTheFirstStep() throws {
    let climbed = Self.straight.dropLast()
    let reverted = climbed + drive(try engine(climbed), .back).records
    let again = drive(try engine(reverted), .up)
    #expect(again.records == Self.straight)
    #expect(try engine(reverted + again.records).standing == .committed)
  }

  @Test func aJournalOfOtherStepsIsRefused() {
    let began = ClimbRecord.began(steps: ["swim"], nil)
    #expect(throws: ClimbError.otherSteps(recorded: ["swim"], expected: Self.steps)) { try engine([began]) }
    let journal = [ClimbRecord.began(steps: Self.steps, nil), .starts(.run, step: "swim")]
    #expect(throws: ClimbError.otherSteps(recorded: ["swim"], expected: Self.steps)) { try engine(journal) }
  }
}
