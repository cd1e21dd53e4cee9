// heights run: a program once, where the app runs.

import Foundation
import Glibc
import Lab

extension Command {
  static let run = Command(
    name: "run",
    summary: "Run a program once, in the app's folder and with its variables, on this terminal.",
    discussion:
      "What stands behind PROGRAM is the program's: `heights run python3 manage.py shell`. It has the environment of an instance "
      + "that runs, but for where that listens, and nothing of this shell's but TERM. The exit code is the program's.",
    parameters: ["PROGRAM"],
    further: "ARGUMENTS",
    options: [.app],
    example: "heights run env"
  ) { arguments, _ in
    let folder = try arguments.appFolder()
    let lab = try await onThread { try ControlClient(folder).send(.status) }
    guard let pid = lab.processes.first(where: { $0.isApp && $0.health == .ready && $0.pid != nil })?.pid
    else {
      throw NoInstance(stage: lab.stage.number)
    }
    let setting = try ProcessSetting(ofInstance: pid)
    try Passage.enter(lab, host: pid)
    for name in ProcessInfo.processInfo.environment.keys where name != "TERM" { unsetenv(name) }
    guard chdir(setting.folder) == 0 else {
      throw LabError.system(attempt: "going to \(setting.folder)", code: errno)
    }
    try Handover.become(
      arguments.parameters[0], arguments.further, environment: setting.variables,
      package: "what has \(arguments.parameters[0])")
  }
}

private struct NoInstance: Error, CustomStringConvertible {
  let stage: Int
  var description: String {
    stage < 2
      ? "the launch page is no app that a program could work with; `heights climb` leads to stage 2"
      : "no instance of the app is ready, whose variables the program would have; `heights status` shows why"
  }
}
