// The manifest's build command.

import CRuntime
import Foundation

enum Build {
  /// Runs the build command in the app's folder, if there is one; its output goes to a log. A signal ends it.
  static func run(
    _ manifest: Manifest, _ folder: AppFolder, _ signals: SignalPipe, _ report: (String) -> Void
  ) throws(LabError) {
    guard let command = manifest.build else { return }
    let log = LogFile(path: folder.log(of: "build"))
    let logStart = log.sizeBytes
    report("building: \(command.joined(separator: " "))")
    // env finds the program in PATH.
    let plan = LaunchPlan(
      executable: "/usr/bin/env", arguments: command, environment: ProcessEnvironment.inherited,
      workingDirectory: folder.path, log: log, isReady: { true })
    let status = try wait(for: try plan.spawn(), signals)
    guard status == 0 else {
      throw .buildFailed(
        command: command.joined(separator: " "),
        outcome: status & 0x7F == 0
          ? "failed with code \(status >> 8 & 0xFF)" : "was ended by signal \(status & 0x7F)",
        log: log.path,
        lastLines: log.lastLines(after: logStart))
    }
  }

  private static func wait(for pid: Int32, _ signals: SignalPipe) throws(LabError) -> Int32 {
    let handle = Descriptor(heights_open_process(pid))
    let signal = signals.next(limitMs: -1, orReadable: handle)
    if signal != nil { kill(-pid, SIGKILL) }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    if signal != nil { throw .stopping }
    return status
  }
}
