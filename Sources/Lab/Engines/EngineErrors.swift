// What can go wrong with engines, and how it is told.

extension LabError {
  /// An engine that is not installed, and what brings it.
  public static func engineMissing(engine: String, package: String) -> LabError {
    LabError(
      "engine_missing",
      "\(engine) is not installed; install the package \(package) (`scripts/install-engines` does it)")
  }

  /// A short program on a host failed.
  static func programFailed(
    program: String, host: String, outcome: String, log: String, lastLines lines: String
  ) -> LabError {
    LabError(
      "program_failed", "\(program) on \(host) \(outcome); its log is \(log), the end of it:\n\(lines)")
  }

  /// What an engine has on disk can't be used any more.
  static func madeByAnEarlierVersion(engine: String) -> LabError {
    LabError(
      "made_by_an_earlier_version",
      "\(engine) was made by an earlier version of Heights, whose engines believed whoever asked them: run the app with "
        + "that version, or move its folder .heights away to begin anew")
  }
}
