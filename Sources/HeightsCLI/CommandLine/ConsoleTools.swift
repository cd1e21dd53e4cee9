// What the console is given to run and to look at.

import Climb
import Console
import Foundation
import Lab

extension ConsoleTools {
  /// For the app in `folder`: this program, run anew for each button.
  static func of(_ folder: AppFolder) -> ConsoleTools {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    return ConsoleTools(program: program, drills: []) {
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
