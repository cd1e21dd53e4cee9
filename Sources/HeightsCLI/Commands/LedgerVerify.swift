// heights ledger verify: is every acknowledged write there?

import Lab
import Load

extension Command {
  static let ledgerVerify = Command(
    name: "ledger verify",
    summary: "Read every acknowledged write of the ledger back from the databases' leader.",
    discussion:
      "The rows are read, past the app and every cache: of SQLite in its file, of PostgreSQL at the one server that says "
      + "that it leads; of photos every byte, in their folder or bucket. What is there and should not be counts as well: a "
      + "post twice, a like that nobody asked for, a count that is wrong. Exit code 1 when something is missing, can't be read, "
      + "or should not be there.",
    options: [
      .ledger,
      Option(
        "target", "URL",
        "asks the app there, which may answer from a cache or a follower, and reads no database"),
      Option(
        "history", "FILE",
        "what the leader has is added to this history of a load that is over, for `heights history check`"),
      .app, .json,
    ],
    example: "heights ledger verify"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    try await enterNetwork(of: folder)
    let isElsewhere = arguments.text("target") != nil
    if isElsewhere, arguments.text("history") != nil {
      throw UsageError("--history is for what the leader has, and --target reads no database: leave one out")
    }
    let verification = LedgerVerification(
      target: try await arguments.target(folder), ledgerPath: arguments.ledgerPath(folder),
      stores: isElsewhere ? nil : try await onThread { try Stores(folder) },
      adminSocketPath: isElsewhere ? try await onThread { try adminSocketPath(folder) } : nil)
    let report = try await verification.run { output.update("\($0) of \($1) acknowledged writes read back") }
    output.endUpdates()
    if let history = arguments.text("history") { try await verification.readLeader(intoHistory: history) }
    if arguments.has("json") {
      output.json(report)
    } else {
      output.result(report.text(output))
    }
    return report.isComplete ? 0 : 1
  }
}

/// Begins this program anew in the network of the lab that runs in the folder. Returns where it is there already.
func enterNetwork(of folder: AppFolder) async throws {
  try await onThread { if let lab = try runningLab(folder) { try Passage.enter(lab) } }
}

/// The admin socket of a process that answers the public; nil when no lab runs here.
func adminSocketPath(_ folder: AppFolder) throws(LabError) -> String? {
  guard let lab = try runningLab(folder) else { return nil }
  let instance = lab.processes.first { $0.isApp && $0.health == .ready }?.name
  return (lab.openDoors.last?.rawValue ?? instance).map { folder.adminSocket(ofProcess: $0).path }
}

/// The lab that runs in the folder; nil when none does.
private func runningLab(_ folder: AppFolder) throws(LabError) -> LabSnapshot? {
  do throws(LabError) { return try ControlClient(folder).send(.status) } catch {
    if error == .notRunning(folder: folder.path) { return nil }
    throw error
  }
}

extension VerificationReport {
  fileprivate func text(_ output: Output) -> String {
    let counts = [
      ("acknowledged", acknowledged), ("found", found), ("missing", missing), ("unreadable", unreadable),
      ("unexpected", unexpected),
    ]
    var lines = [Table.pairs(counts.map { (name: $0, text: String($1)) })]
    if writes > acknowledged {
      lines.append("  (of \(writes) writes in the ledger: of those to the same thing the last one counts)")
    }
    if inDoubt > 0 {
      lines.append("  (\(inDoubt) follows and likes whose undoing was never answered may be either way)")
    }
    if refusedThere + unansweredThere > 0 {
      lines.append(
        "  (\(refusedThere) writes that were refused with 5xx, and \(unansweredThere) that were never answered, are there: "
          + "allowed)")
    }
    lines.append("Read from \(source).")
    lines += examples.map { "  \($0)" }
    lines.append(
      isComplete
        ? output.styled("Every acknowledged write is there.", .good)
        : output.styled(
          missing + unreadable > 0 ? "Acknowledged writes are missing." : "There is what nobody has written.",
          .bad))
    return lines.joined(separator: "\n")
  }
}
