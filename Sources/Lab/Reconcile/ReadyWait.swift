// Waiting until processes are ready, and telling why one is not.

/// The wait for some processes, from its making on.
struct ReadyWait {
  private static let failureLimit = 3

  private struct Start {
    let name: String
    let restarts: Int
    let log: LogFile
    /// Where this start's words begin.
    let logStart: Int
  }

  private let starts: [Start]
  private let lab: Lab
  private let limitMs: Int
  private let endMs: Int

  init(_ names: [String], in lab: Lab, limitMs: Int) {
    self.lab = lab
    self.limitMs = limitMs
    endMs = Clock.nowMs + limitMs
    starts = names.map { name in
      let log = LogFile(path: lab.folder.log(of: name))
      let restarts = lab.supervisor?.status(of: name)?.restarts ?? 0
      return Start(name: name, restarts: restarts, log: log, logStart: log.sizeBytes)
    }
  }

  /// Those that are not ready yet; one without power does not count. Throws, with the end of its log, when one ended
  /// again and again or time is up.
  func unready() throws(LabError) -> [String] {
    if lab.operations.isStopping { throw .stopping }
    var names: [String] = []
    for start in starts {
      let status = lab.supervisor?.status(of: start.name)
      if status?.health == .ready || status?.health == .noPower { continue }
      let hasFailed = (status?.restarts ?? 0) - start.restarts >= Self.failureLimit
      if hasFailed || Clock.nowMs > endMs { throw failure(start, status, hasFailed) }
      names.append(start.name)
    }
    return names
  }

  private func failure(_ start: Start, _ status: ProcessStatus?, _ hasFailed: Bool) -> LabError {
    let outcome =
      hasFailed
      ? "it \(status?.lastEnd ?? "ended") three times"
      : "not ready within \(limitMs / 1000) s"
    return .notReady(
      process: start.name, outcome: outcome, log: start.log.path,
      lastLines: start.log.lastLines(after: start.logStart))
  }
}
