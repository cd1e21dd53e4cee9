// heights load: open-loop load on a running app.

import Lab
import Load

extension Command {
  static let load = Command(
    name: "load",
    summary: "Make requests at a fixed rate and measure: latencies, errors, acknowledged writes.",
    discussion:
      "Open loop: requests are due at their times whatever became of those before, and latency counts from then, so "
      + "that a stall shows. The mix is the workload of heights.json (at stage 1: page views and the waitlist), in "
      + "requests of Summit's API: another app needs the same. Every acknowledged write is recorded in the ledger. Ctrl-C "
      + "ends the run with a report of what was until then. Exit code 1 when not even half of the requests succeeded.",
    options: [
      Option("rate", "R", "requests per second"),
      Option("duration", "S", "for how many seconds"),
      Option("users", "N", "accounts that are signed up first; 100 when not said"),
      Option("spacing", "KIND", "even, or poisson (as independent people arrive); even when not said"),
      Option("seed", "N", "repeats the decisions of an earlier run, whose report names its seed"),
      Option("target", "URL", "the app's address; else that of the app that runs in the folder"),
      Option(
        "history", "FILE",
        "each operation is written there, for `heights history check`; nowhere when not said"),
      .ledger, .app, .json,
    ],
    example: "heights load --rate 200 --duration 10 --users 50"
  ) { arguments, output in
    let run = LoadRun(try await LoadOptions(arguments))
    let work = Task { try await run.run { output.update($0.description) } }
    _ = try Interrupt { work.cancel() }
    let report: LoadReport
    do { report = try await work.value } catch is CancellationError { throw LoadError.stopped }
    output.endUpdates()
    if arguments.has("json") {
      output.json(report)
    } else {
      output.result(report.text(output))
    }
    return report.mostSucceeded ? 0 : 1
  }
}

extension Option {
  static let ledger = Option(
    "ledger", "FILE", "the record of acknowledged writes; else .heights/ledger.ndjson")
}

extension Arguments {
  func ledgerPath(_ folder: AppFolder) -> String { text("ledger") ?? folder.home + "/ledger.ndjson" }

  /// The address that `--target` names, or that of the app which runs in the folder.
  func target(_ folder: AppFolder) async throws -> String {
    if let named = text("target") { return named }
    return try await onThread { try ControlClient(folder).send(.status).appURL }
  }
}

extension LoadOptions {
  fileprivate init(_ arguments: Arguments) async throws {
    let rate = try arguments.requiredPositive("rate", upTo: 100_000)
    let duration = try arguments.requiredPositive("duration", upTo: 86_400)
    let users = try arguments.integer("users", in: 1...100_000) ?? 100
    let spacing = try arguments.choice("spacing", Spacing.self) ?? .even
    let seed = try arguments.integer("seed", in: 0...Int(UInt32.max))
    let folder = try arguments.appFolder()
    let manifest = try Manifest.load(folder: folder.path)
    self.init(
      target: try await arguments.target(folder), ratePerSecond: rate, durationSeconds: duration,
      users: users,
      ledgerPath: arguments.ledgerPath(folder), historyPath: arguments.text("history"),
      workload: manifest.workload, spacing: spacing)
    if let seed { self.seed = UInt64(seed) }
  }
}

extension LoadReport {
  /// Otherwise it was no load, whatever it measured.
  fileprivate var mostSucceeded: Bool { succeeded > failed + shed }

  fileprivate func text(_ output: Output) -> String {
    let title = output.styled(
      "\(succeeded) of \(due) requests succeeded" + (wasInterrupted ? ", interrupted" : ""), .bold)
    var parts = [
      title, Table.text(Self.headings, [row("all", succeeded, failed + shed, latency)] + actionRows),
    ]
    if !errors.isEmpty {
      let list = errors.sorted { $0.value > $1.value }.map { ($0.key, String($0.value)) }
      parts.append(output.styled("errors", .bad) + "\n" + Table.pairs(list.map { (name: $0, text: $1) }))
    }
    if generatorDelay.p99Ms > max(1, latency.p99Ms / 4) {
      parts.append(
        "The generator itself was late by \(milliseconds(generatorDelay.p99Ms)) ms (p99): this machine can't make "
          + "that much load.")
    }
    parts.append(
      "\(acknowledgedWrites) acknowledged writes are in \(ledgerPath) (seed \(seed)); `heights ledger verify` reads each back."
    )
    if let sessions { parts.append(sessions.text(output)) }
    return parts.joined(separator: "\n\n")
  }

  private static let headings = ["", "OK", "FAILED", "P50 MS", "P90 MS", "P99 MS", "P99.9 MS", "MAX MS"]

  private var actionRows: [[String]] {
    actions.sorted { $0.key < $1.key }.map {
      row($0.key, $0.value.succeeded, $0.value.failed, $0.value.latency)
    }
  }

  private func row(_ name: String, _ succeeded: Int, _ failed: Int, _ latency: LatencySummary) -> [String] {
    let figures = [latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.p999Ms, latency.maxMs]
    return [name, String(succeeded), String(failed)] + figures.map(milliseconds)
  }

  private func milliseconds(_ value: Double) -> String { String((value * 10).rounded() / 10) }
}

extension SessionReport {
  /// One line when all is well, else what is not.
  func text(_ output: Output) -> String {
    if isComplete {
      return "All \(checked) sessions are still alive, and none of \(ended) that are over lets anybody in."
    }
    let title =
      "Of \(checked) sessions \(lost) are lost, of \(ended) that were over \(letIn) have let somebody in, and "
      + "\(unreadable) can't be read"
    return output.styled(title, .bad) + "\n" + examples.map { "  \($0)" }.joined(separator: "\n")
  }
}
