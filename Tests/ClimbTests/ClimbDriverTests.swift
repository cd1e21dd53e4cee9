// The driver does what the engine says, and stops between any two actions.

import Lab
import Synchronization
import Testing

@testable import Climb

@Suite struct ClimbDriverTests {
  /// What a climb of two steps did.
  private final class Diary: Sendable {
    private let held = Mutex<[String]>([])
    var lines: [String] { held.withLock { $0 } }
    func add(_ line: String) { held.withLock { $0.append(line) } }
  }

  private struct NoRope: Error, CustomStringConvertible {
    let description = "there is no rope"
  }

  private let diary = Diary()
  private static let straight = ["run pack", "verify pack", "run walk", "verify walk"]

  private func steps(failing: String? = nil) -> [ClimbStep] {
    ["pack", "walk"].map { name in
      let work = { @Sendable [diary] (operation: String) -> ClimbStep.Work in
        { _, say in
          if failing == "\(operation) \(name)" { throw NoRope() }
          say("half of \(name)")
          diary.add("\(operation) \(name)")
        }
      }
      return ClimbStep(
        name: name, title: "\(name) well", run: work("run"), verify: work("verify"), undo: work("undo"))
    }
  }

  /// Drives a climb whose journal is `records`, until it ends or `actionLimit` actions are done.
  private func drive(
    _ records: inout [ClimbRecord], _ direction: ClimbEngine.Direction, failing: String? = nil,
    actionLimit: Int = .max, report: (ClimbEvent) -> Void = { _ in }
  ) throws -> ClimbEngine.Outcome? {
    var actionCount = 0
    let steps = steps(failing: failing)
    return try withoutActuallyEscaping(report) { report in
      let journal = Mutex(records)
      defer { records = journal.withLock { $0 } }
      let engine = try ClimbEngine(steps: steps.map(\.name), journal: records)
      let driver = ClimbDriver(
        steps: steps, provider: StrictProvider(),
        append: { record in journal.withLock { $0.append(record) } },
        shouldStop: {
          defer { actionCount += 1 }
          return actionCount == actionLimit
        }, report: report)
      return try driver.drive(engine, direction)
    }
  }

  @Test(arguments: 0..<4) func stoppedBeforeAnyActionItGoesOnThere(stop: Int) throws {
    var records: [ClimbRecord] = []
    #expect(try drive(&records, .up, actionLimit: stop) == nil)
    #expect(diary.lines == Array(Self.straight.prefix(stop)))
    #expect(try drive(&records, .up) == .committed)
    // A step whose run was done and not verified is run again, since what it did may be gone by now.
    let again = stop % 2 == 1 ? [Self.straight[stop - 1]] : []
    #expect(diary.lines == Self.straight.prefix(stop) + again + Self.straight.dropFirst(stop))
  }

  @Test(arguments: 0..<4) func stoppedBeforeAnyActionItGoesBackFromThere(stop: Int) throws {
    var records: [ClimbRecord] = []
    _ = try drive(&records, .up, actionLimit: stop)
    let begun = stop < 2 ? ["undo pack"] : ["undo walk", "undo pack"]
    for undoStop in 0..<begun.count {
      #expect(try drive(&records, .back, actionLimit: min(undoStop, 1)) == nil)
    }
    #expect(try drive(&records, .back) == .reverted)
    #expect(diary.lines == Self.straight.prefix(stop) + begun)
  }

  @Test func stoppingAfterEveryStepStillArrives() throws {
    var records: [ClimbRecord] = []
    #expect(try drive(&records, .up, actionLimit: 2) == nil)
    #expect(try drive(&records, .up, actionLimit: 2) == .committed)
    #expect(diary.lines == Self.straight)
  }

  @Test func aRecordThatCannotBeWrittenEndsTheClimbBeforeTheAction() throws {
    struct FullDisk: Error {}
    let driver = ClimbDriver(
      steps: steps(), provider: StrictProvider(), append: { _ in throw FullDisk() }, shouldStop: { false },
      report: { _ in })
    #expect(throws: FullDisk.self) {
      try driver.drive(ClimbEngine(steps: ["pack", "walk"], journal: []), .up)
    }
    #expect(diary.lines.isEmpty)
  }

  @Test(arguments: ["run walk", "verify walk"]) func aFailureIsRecordedAndTold(failing: String) throws {
    var records: [ClimbRecord] = []
    var events: [ClimbEvent] = []
    let operation: ClimbEngine.Operation = failing == "run walk" ? .run : .verify
    let outcome = try drive(&records, .up, failing: failing) { events.append($0) }
    #expect(outcome == .failed(operation, step: "walk", reason: "there is no rope"))
    #expect(records.last == .failed(operation, step: "walk", reason: "there is no rope"))
    #expect(
      events.last
        == ClimbEvent(
          event: .failed, operation: operation, step: "walk", number: 2, count: 2, text: "there is no rope",
          progress: nil))
  }

  @Test func whoWatchesHearsOfEachActionWithItsPlaceInTheClimb() throws {
    var records: [ClimbRecord] = []
    var told: [String] = []
    _ = try drive(&records, .up) {
      told.append("\($0.number)/\($0.count) \($0.event) \($0.operation) \($0.step): \($0.text)")
    }
    #expect(
      told.prefix(6) == [
        "1/2 starts run pack: pack well", "1/2 progress run pack: half of pack",
        "1/2 done run pack: pack well",
        "1/2 starts verify pack: pack well", "1/2 progress verify pack: half of pack",
        "1/2 done verify pack: pack well",
      ])
  }
}
