// heights status: what runs, where, and how it is.

import Climb
import Lab

extension Command {
  static let status = Command(
    name: "status",
    summary: "Show a running app: stage, addresses, instance, disk, and each host's processes.",
    discussion: "Exit code 1 when nothing runs.",
    options: [.app, .json],
    example: "heights status --json"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    let status = try await onThread {
      StatusReport(
        lab: try ControlClient(folder).send(.status), climb: try Climb.underWay(in: folder)?.progress())
    }
    if arguments.has("json") {
      output.json(status)
    } else {
      output.result(status.text(output))
    }
    return 0
  }
}

/// The lab and a climb that is under way. As JSON: the snapshot with `climb` beside its members.
private struct StatusReport: Encodable {
  private enum Key: String, CodingKey {
    case climb
  }

  let lab: LabSnapshot
  let climb: Climb.Progress?

  func encode(to encoder: any Encoder) throws {
    try lab.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encodeIfPresent(climb, forKey: .climb)
  }

  func text(_ output: Output) -> String {
    let title = output.styled("\(lab.title), stage \(lab.stage.number): \(lab.stage.name)", .bold)
    var parts = ["\(title)\n\n\(Table.pairs(facts(output)))"]
    if let climb {
      parts.append(
        "A climb \(climb.from == climb.to ? "inside stage \(climb.to)" : "from stage \(climb.from) to \(climb.to)")"
          + " is under way (\(climb.verifiedSteps.count) of "
          + "\(climb.stepCount) steps): `heights climb` goes on, `heights climb --undo` goes back.")
    }
    if let services = lab.services { parts.append(Table.text(Self.serviceHeadings, services.map(row))) }
    parts.append(Table.text(Self.headings, lab.processes.map(row)))
    return parts.joined(separator: "\n\n")
  }

  private func facts(_ output: Output) -> [(name: String, text: String)] {
    var facts = [("app", lab.appURL)]
    if let console = lab.consoleURL { facts.append(("console", console)) }
    if let port = lab.dns.port {
      facts.append(
        ("dns", "\(lab.dns.name) is \(lab.dns.address); dig @\(lab.dns.server) -p \(port) \(lab.dns.name)"))
    } else {
      facts.append(("dns", "off: gdnsd is not installed (Debian: apt-get install gdnsd)"))
    }
    if lab.stage != .launchPage { facts.append(("instance", instance)) }
    facts.append(("disk", disk(output)))
    if let budget = lab.budget { facts.append(("budget", text(budget, output))) }
    if !lab.cutZones.isEmpty { facts.append(("without power", lab.cutZones.joined(separator: ", "))) }
    if lab.hasOneCopy {
      let text = "no follower is in step: the next loss of a zone may lose what is written now"
      facts.append(("database", output.styled(text, .warning)))
    }
    if let book = lab.releases, let release = book.current.flatMap({ book[$0] }) {
      facts.append(("release", "\(release.number), from \(release.origin)"))
    }
    if let rollout = lab.releases?.rollout {
      let text =
        "release \(rollout.number) is on its way: \(rollout.processes.joined(separator: ", ")); `heights rollback` takes it back"
      facts.append(("deploy", output.styled(text, .warning)))
    }
    if let operation = lab.operation { facts.append(("under way", operation)) }
    return facts
  }

  private var instance: String {
    let loops = lab.instance.eventLoops
    return
      "\(lab.instance.type): \(loops) event loop\(loops == 1 ? "" : "s"), cache of \(Bytes.text(lab.instance.cacheBytes))"
  }

  private func disk(_ output: Output) -> String {
    let share = Int(100 * Double(lab.disk.usedBytes) / Double(lab.disk.quotaBytes))
    let text = "\(Bytes.text(lab.disk.usedBytes)) of \(Bytes.text(lab.disk.quotaBytes)) (\(share) %)"
    let advice = "`heights resize --disk SIZE` makes room"
    switch lab.disk.level {
    case .normal: return text
    case .warning: return output.styled("\(text): nearly full; \(advice)", .warning)
    case .full: return output.styled("\(text): full, writes are refused; \(advice)", .bad)
    }
  }

  private func text(_ budget: LabSnapshot.Budget, _ output: Output) -> String {
    let target = "\(Self.number(budget.target * 100, scale: 100)) % of requests in \(budget.days) days"
    if budget.requests == 0 { return "\(target) are to succeed; none has come yet" }
    let spent =
      "\(target) are to succeed: \(budget.failed) of \(budget.requests) failed, "
      + "\(Self.number(budget.allowed, scale: 10)) may (\(Int((budget.usedShare * 100).rounded(.up))) % used)"
    guard let alarm = budget.alarms.first(where: \.fires) else {
      return budget.usedShare > 1 ? output.styled(spent, .warning) : spent
    }
    let burning =
      "; in the last \(alarm.shortSeconds / 60) minutes \(Self.number(alarm.shortRate, scale: 10)) times as often as they may"
    return output.styled(spent + burning, .bad)
  }

  /// Without zeros at the end.
  private static func number(_ value: Double, scale: Double) -> String {
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() && rounded < 1e15 ? String(Int(rounded)) : String(rounded)
  }

  private static let serviceHeadings = [
    "SERVICE", "SCALES", "INSTANCES", "MIN", "MAX", "TARGET", "BUSY", "IDLE", "REQUESTS/S",
    "A CORE AT TARGET",
  ]

  private func row(_ service: LabSnapshot.Service) -> [String] {
    func percent(_ share: Double?) -> String { share.map { "\(Int(($0 * 100).rounded())) %" } ?? "-" }
    func rate(_ rate: Double?) -> String { rate.map { String(Int($0.rounded())) } ?? "-" }
    return [
      service.name, service.mode == .load ? "auto" : "by hand", String(service.instances),
      String(service.minimum), String(service.maximum), "\(service.targetPercent) %",
      percent(service.utilisation), percent(service.idleShare), rate(service.requestsPerSecond),
      rate(service.requestsPerCoreAtTarget),
    ]
  }

  private static let headings = [
    "HOST", "PROCESS", "ADDRESS", "ROLE", "HEALTH", "LAG", "PID", "RESTARTS", "LAST END",
  ]

  private func row(_ process: LabSnapshot.Process) -> [String] {
    let host = process.host ?? "-"
    let program =
      process.name.hasPrefix(host + ".") ? String(process.name.dropFirst(host.count + 1)) : process.name
    return [
      host, program, process.address ?? (process.worker == nil ? "127.0.0.1" : "-"),
      process.role?.rawValue ?? "-", health(process),
      process.lagBytes.map(Bytes.text) ?? "-", process.pid.map { String($0) } ?? "-",
      String(process.restarts),
      process.lastEnd ?? "-",
    ]
  }

  private func health(_ process: LabSnapshot.Process) -> String {
    process.health == .noPower ? "no power" : process.health.rawValue
  }
}
