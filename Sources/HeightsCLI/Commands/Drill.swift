// heights drill: break something under load, and judge what people noticed and what was lost.

import Drill
import Lab
import Load

extension Command {
  static let drill = Command(
    name: "drill", summary: "Break something under load, watch it recover, and prove that nothing was lost.",
    discussion:
      "The drill makes load, breaks one thing, sees that it is broken, mends it, and waits until all is as before; then it "
      + "reads back every write that was ever acknowledged, and asks for every visitor's session, and for those that are "
      + "over, which must let nobody in. It tells nobody what it has broken: those who have to notice notice by "
      + "themselves. The kinds:\n\n" + kinds,
    parameters: ["KIND"],
    options: [
      Option("zone", "Z", "of an outage: the zone; the one of the database's leader when not said"),
      Option("hold", "S", "for how many seconds the fault stays, where it does not end by itself"),
      Option("rate", "R", "requests per second meanwhile; 100 when not said"),
      Option("users", "N", "accounts that are signed up first; 50 when not said"),
      .ledger, .app, .json,
    ],
    example: "heights drill zone-outage"
  ) { arguments, output in
    let word = arguments.parameters[0]
    if word == mend {
      let mended = try Leftovers.mend(in: try arguments.appFolder())
      if arguments.has("json") {
        output.json(["mended": mended])
      } else {
        output.result(mended.isEmpty ? "nothing is broken" : mended.joined(separator: "\n"))
      }
      return 0
    }
    guard let kind = DrillKind(rawValue: word) else {
      let known = DrillKind.allCases.map(\.rawValue) + [mend]
      let near = Nearest.name(to: word, among: known)
      throw UsageError(
        "no drill is called '\(word)'; "
          + (near.map { "did you mean '\($0)'?" } ?? "there are \(known.joined(separator: ", "))"))
    }
    let folder = try arguments.appFolder()
    try await enterNetwork(of: folder)
    let manifest = try Manifest.load(folder: folder.path)
    let load = LoadOptions(
      target: try await arguments.target(folder),
      ratePerSecond: try arguments.positive("rate", upTo: 10_000) ?? 100, durationSeconds: 1,
      users: try arguments.integer("users", in: 1...100_000) ?? 50, ledgerPath: arguments.ledgerPath(folder),
      workload: manifest.workload)
    let drill = Drill(
      kind, in: folder, zone: arguments.text("zone"), holdSeconds: try arguments.integer("hold", in: 1...600),
      load: load)
    let interrupt = try Interrupt()
    let report = try await drill.run(
      shouldStop: { interrupt.hasCome }, tell: { output.progress($0) })
    if arguments.has("json") {
      output.json(report)
    } else {
      output.result(report.text(output))
    }
    return report.isPassed ? 0 : 1
  }

  private static let mend = "mend"

  private static let kinds = Table.pairs(
    DrillKind.allCases.map { kind in
      let stages = kind.stages
      let numbers =
        stages.lowerBound == stages.upperBound
        ? "stage \(stages.lowerBound.number)" : "from stage \(stages.lowerBound.number) on"
      return (name: kind.rawValue, text: "\(kind.summary) (\(numbers))")
    } + [(name: mend, text: "breaks nothing: it mends what a drill that was killed has left")])
}

extension DrillReport {
  fileprivate func text(_ output: Output) -> String {
    let verdict = output.styled(
      isPassed ? "\(drill.rawValue): nothing was lost" : "\(drill.rawValue): FAILED", isPassed ? .bold : .bad)
    var figures: [(name: String, text: String)] = [
      ("broken", "\(target) for \(Self.seconds(faultSeconds)): \(proof)"),
      (
        "failed requests",
        "\(reads.failed + writes.failed) of \(reads.requests + writes.requests)" + errorText
      ),
      (
        "allowed to fail",
        "reads: \(allowed.reads); writes: \(allowed.writes)" + (isWithinAllowed ? "" : ": MORE FAILED")
      ),
      ("availability", Self.text(of: availability)),
      ("reads back after", Self.seconds(reads.backSeconds) + Self.longest(reads)),
      ("writes back after", Self.seconds(writes.backSeconds) + Self.longest(writes)),
      (
        "all as before after",
        recoverySeconds.map(Self.seconds) ?? "never: `heights status` shows what is missing"
      ),
      (
        "acknowledged writes",
        "\(acknowledgedWrites), \(missingWrites) missing; \(unexpectedRows) rows that should not be there"
      ),
      ("read from", readFrom), ("identifiers", identifierText),
      ("history", history.summary),
      (
        "sessions",
        "\(sessions), \(lostSessions) lost; \(endedSessions) that were over, \(letInSessions) let in"
      ),
    ]
    if let bystanders { figures.insert(("what did not need it", Self.text(of: bystanders)), at: 3) }
    let lost =
      examples.isEmpty
      ? [] : ["missing, or not to be there:\n" + examples.map { "  " + $0 }.joined(separator: "\n")]
    return ([verdict, Table.pairs(figures)] + lost).joined(separator: "\n\n")
  }

  private var errorText: String {
    errors.isEmpty
      ? ""
      : " (" + errors.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        + ")"
  }

  private var identifierText: String {
    identifiersAheadSeconds > 0
      ? "the latest is \(Self.seconds(identifiersAheadSeconds)) ahead of the time"
      : "none is ahead of the time"
  }

  private static func text(of seen: Bystanders) -> String {
    "\(seen.requests) requests, \(seen.failed) failed, 99 of 100 within \(Int(seen.ms.rounded(.up))) ms "
      + "(\(Int(seen.formerMs.rounded(.up))) ms before)"
      + (seen.areWell ? "" : ": MORE THAN \(Int(seen.limitMs)) MS")
  }

  private static func text(of seen: MeasuredAvailability) -> String {
    let measured = "\(percent(seen.share)) of \(seen.requests) requests in \(seconds(seen.seconds))"
    guard let times = seen.timesAMonth else { return measured }
    let month = "a month of \(percent(seen.target)) (\(seconds(seen.monthSeconds)) of it)"
    return measured + "; computed: as many as all in \(seconds(seen.lostSeconds)), "
      + (times >= 1
        ? "for which \(month) has room \(Int(min(times, 1e9))) times" : "more than \(month) has room for")
  }

  /// Rounded down to a thousandth: what is not all is not 100 %.
  private static func percent(_ share: Double) -> String {
    let percent = (share * 100_000 + 1e-6).rounded(.down) / 1_000
    return percent == percent.rounded() ? "\(Int(percent)) %" : "\(percent) %"
  }

  private static func seconds(_ value: Double) -> String { "\((value * 10).rounded() / 10) s" }

  private static func longest(_ impact: Impact) -> String { "; the longest took \(Int(impact.longestMs)) ms" }
}
