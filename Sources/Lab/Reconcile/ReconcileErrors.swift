// What can go wrong with hosts that come and go, and how it is told.

extension LabError {
  static func unknownService(_ name: String, known: [String]) -> LabError {
    LabError("unknown_service", Nearest.unknown("service", name, known), isMisuse: true)
  }

  static func countOutOfRange(service: String, minimum: Int, maximum: Int) -> LabError {
    LabError(
      "count_out_of_range", "\(service) has between \(minimum) and \(maximum) instances", isMisuse: true)
  }

  /// What was asked for exists at other stages only.
  public static func notAtStage(what: String, stage: Int) -> LabError {
    LabError("not_at_stage", "\(what) does not work at stage \(stage)", isMisuse: true)
  }

  /// No topology is as it was asked for.
  static func cannotLead(_ host: String, others: [String]) -> LabError {
    LabError(
      "cannot_lead", "\(host) answers reads and can't lead; \(others.joined(separator: ", ")) can",
      isMisuse: true)
  }

  static func levelImpossible(_ reason: String) -> LabError {
    LabError("level_impossible", reason, isMisuse: true)
  }

  static func notReady(process: String, outcome: String, log: String, lastLines lines: String) -> LabError {
    LabError(
      "not_ready", "\(process) did not become ready: \(outcome); its log is \(log), the end of it:\n\(lines)")
  }

  static func timedOut(_ what: String) -> LabError {
    LabError("timed_out", "\(what) took too long")
  }
}
