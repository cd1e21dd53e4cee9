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
      guard let progress = try? Climb(to: 2, in: folder).progress() else { return nil }
      return ConsoleClimb(
        from: progress.from, to: progress.to, done: progress.verifiedSteps.count, count: progress.stepCount,
        title: "", isRunning: true)
    }
  }
}
