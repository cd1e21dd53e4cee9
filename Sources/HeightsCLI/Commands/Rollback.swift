// heights rollback: the release before.

import Lab
import Rollout

extension Command {
  static let rollback = Command(
    name: "rollback", summary: "Have the running app go back to the release before, or to another one.",
    discussion:
      "It goes as `heights deploy --lab` does, the other way round: who calls goes first. When a deploy was cut short, it takes "
      + "that back, and that is all. Migrations that have been applied stay; `heights deploy --lab` refuses those that a former "
      + "release can't live with.",
    parameters: ["[N]"],
    options: [.app, .allowBreakingMigration, .json],
    example: "heights rollback"
  ) { arguments, output in
    let number = try target(arguments.parameters.first)
    let folder = try arguments.appFolder()
    let allowsBreaking = arguments.has(Option.allowBreakingMigration.name)
    let report = RolloutReport(output: output, wantsJSON: arguments.has("json"))
    return try await output.whileWorking {
      try await onThread {
        try checkClimb(of: folder)
        let interrupt = try Interrupt()
        return report.end(
          try Rollout.back(
            to: number, in: folder, allowsBreaking: allowsBreaking, shouldStop: { interrupt.hasCome },
            tell: report.tell))
      }
    }
  }

  private static func target(_ word: String?) throws(UsageError) -> Int? {
    guard let word else { return nil }
    guard let number = Int(word), number > 0 else {
      throw UsageError("'rollback' takes the number of a release, such as 3, and got '\(word)'")
    }
    return number
  }
}
