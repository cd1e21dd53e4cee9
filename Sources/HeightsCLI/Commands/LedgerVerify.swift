// heights ledger verify: is every acknowledged write there?

import Lab
import Load

extension Command {
  static let ledgerVerify = Command(
    name: "ledger verify", summary: "Read every acknowledged write of the ledger back from the app.",
    discussion: "Exit code 1 when one is missing or can't be read.",
    options: [
      .ledger, Option("target", "URL", "the app's address; else that of the app that runs in the folder"),
      .app, .json,
    ],
    example: "heights ledger verify"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    let verification = LedgerVerification(
      target: try await arguments.target(folder), ledgerPath: arguments.ledgerPath(folder),
      adminSocketPath: try await onThread { try adminSocketPath(folder) })
    let report = try await verification.run { output.update("\($0) of \($1) acknowledged writes read back") }
    output.endUpdates()
    if arguments.has("json") {
      output.json(report)
    } else {
      output.result(report.text(output))
    }
    return report.isComplete ? 0 : 1
  }
}

/// The admin socket of a process that answers the public; nil when no lab runs here.
func adminSocketPath(_ folder: AppFolder) throws(LabError) -> String? {
  do throws(LabError) {
    let lab = try ControlClient(folder).send(.status)
    let instance = lab.processes.first { $0.isApp && $0.health == .ready }?.name
    return (lab.openDoors.last?.rawValue ?? instance).map { folder.adminSocket(ofProcess: $0).path }
  } catch .notRunning {
    return nil
  }
}

extension VerificationReport {
  fileprivate func text(_ output: Output) -> String {
    let counts = [
      ("acknowledged", acknowledged), ("found", found), ("missing", missing), ("unreadable", unreadable),
    ]
    var lines = [Table.pairs(counts.map { (name: $0, text: String($1)) })]
    if writes > acknowledged {
      lines.append("  (of \(writes) writes in the ledger: of those to the same thing the last one counts)")
    }
    if inDoubt > 0 {
      lines.append("  (\(inDoubt) follows and likes whose undoing was never answered may be either way)")
    }
    lines += examples.map { "  \($0)" }
    lines.append(
      isComplete
        ? output.styled("Every acknowledged write is there.", .good)
        : output.styled("Acknowledged writes are missing.", .bad))
    return lines.joined(separator: "\n")
  }
}
