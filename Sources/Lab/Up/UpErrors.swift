// What can go wrong with the start and the end of a lab, and how it is told.

import Topology

extension LabError {
  /// Another `up` runs on this folder.
  static func alreadyRunning(pid: Int32) -> LabError {
    LabError(
      "already_running",
      "this app is already up (process \(pid)); `heights status` shows it, `heights down` stops it")
  }

  /// Nothing runs on this folder.
  public static func notRunning(folder: String) -> LabError {
    LabError("not_running", "nothing runs in \(folder); start it with `heights up`")
  }

  /// A program that listens on its port itself has to begin here.
  static func stageNeedsSockets(_ stage: Int) -> LabError {
    LabError(
      "stage_needs_sockets",
      "stage \(stage) hands the app its sockets and its SQLite files, and this app listens on its port itself "
        + "(heights.json: listens); start it at stage 3 or later", isMisuse: true)
  }

  static func stageMismatch(at: Int, asked: Int) -> LabError {
    LabError(
      "stage_mismatch",
      asked > at
        ? "this app is at stage \(at); `heights climb` takes it to stage \(asked) with its data"
        : "this app is at stage \(at), and there is no way back to stage \(asked) that keeps its data",
      isMisuse: true)
  }

  static func stageNotYet(_ stage: Int) -> LabError {
    LabError(
      "stage_not_yet",
      "stage \(stage) does not run yet; choose from 1 to \(Stage.allCases.last { $0.runsToday }?.number ?? 2)",
      isMisuse: true)
  }

  static func buildFailed(command: String, outcome: String, log: String, lastLines lines: String) -> LabError
  {
    LabError(
      "build_failed", "the build (\(command)) \(outcome); its output is in \(log), the end of it:\n\(lines)")
  }

  /// - Parameters:
  ///   - line: of heights.json.
  ///   - path: nil where it was looked for in PATH.
  ///   - isFile: whether there is a file, which may not be executed.
  static func programMissing(of part: Manifest.Part, line: Int?, path: String?, isFile: Bool) -> LabError {
    let found =
      switch (path, isFile) {
      case (let path?, false): "found none at \(path): build it, or correct the path"
      case (let path?, true): "found \(path), which may not be executed: `chmod +x` it, or correct the path"
      case (nil, _): "found none called '\(part.run[0])' in PATH: install it, or correct the name"
      }
    return LabError(
      "program_missing",
      "\(part.place)/run: expected a program, \(found) (\(Manifest.fileName)\(line.map { ":\($0)" } ?? ""))")
  }

  /// The packages that bring what is not installed of the engines that a stage runs on.
  static func enginesMissing(stage: Int, packages: [String]) -> LabError {
    LabError(
      "engines_missing",
      "engines of stage \(stage) are not installed; install these packages: \(packages.joined(separator: ", ")) "
        + "(`scripts/install-engines \(stage)` does it)")
  }
}
