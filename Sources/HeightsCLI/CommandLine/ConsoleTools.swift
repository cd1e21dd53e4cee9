// What the console is given to run and to look at.

import Climb
import Console
import Drill
import Foundation
import Lab

extension ConsoleTools {
  /// Those that some stage and all after it have.
  private static let drills = DrillKind.allCases.filter { $0 != .diskFull }.map(ConsoleDrill.init)

  /// For the app in `folder`: this program, run anew for each button.
  static func of(_ folder: AppFolder) -> ConsoleTools {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    return ConsoleTools(program: program, drills: drills) {
      guard let climb = try? Climb.underWay(in: folder) else { return nil }
      return try? climb.progress().map { ConsoleClimb($0) }
    }
  }
}

extension ConsoleClimb {
  fileprivate init(_ progress: Climb.Progress) {
    let current = progress.current
    // Progress is told in words of its own, which the page shows as they are.
    self.init(
      from: progress.from, to: progress.to, done: progress.verifiedSteps.count, count: progress.stepCount,
      title: current.map { "\($0.operation == .undo ? "undoing: " : "")\($0.text)" } ?? progress.nextStep,
      isRunning: current != nil)
    fraction = current?.progress?.fraction
    remainingSeconds = current?.progress?.remainingSeconds
  }
}

extension ConsoleDrill {
  fileprivate init(_ kind: DrillKind) {
    self.init(
      kind: kind.rawValue, summary: kind.summary, firstStage: kind.stages.lowerBound.number,
      target: kind == .zoneOutage ? .zone : .nothing)
  }
}
