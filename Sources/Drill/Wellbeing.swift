// Whether a lab is as it was before a fault.

import Lab

/// What there was, and what must be there again.
struct Wellbeing: Sendable {
  /// How far a follower may be behind and still count as in step.
  private static let lagBytes = 1 << 20

  /// Every process that was ready, but for a server that Patroni keeps: that is Patroni's business, and seen by it.
  private let names: Set<String>

  init(_ processes: [LabSnapshot.Process]) {
    let ready = processes.filter { $0.health == .ready }
    let keepers = ready.filter { $0.kind == .engine(.patroni) }
    let kept = keepers.map { EngineKind.postgres.name(on: $0.place) }
    names = Set(ready.map(\.name)).subtracting(kept)
  }

  /// What is not well; nil when all is.
  func complaint(_ processes: [LabSnapshot.Process], cutZones: [String]) -> String? {
    let named = Dictionary(processes.map { ($0.name, $0) }) { first, _ in first }
    if let missing = names.sorted().first(where: { named[$0]?.health != .ready }) {
      return "\(missing) is not ready"
    }
    if let zone = cutZones.first { return "zone \(zone) has no power" }
    let keepers = processes.filter { $0.kind == .engine(.patroni) }
    if keepers.isEmpty { return nil }
    guard keepers.contains(where: { $0.role == .leader }) else { return "no server leads the database" }
    guard let standby = keepers.first(where: { $0.role == .synchronousFollower }) else {
      return "no follower is in step with the leader"
    }
    guard let lagBytes = standby.lagBytes else { return "\(standby.name) doesn't say how far it is behind" }
    return lagBytes <= Self.lagBytes ? nil : "\(standby.name) is \(lagBytes >> 20) MiB behind"
  }
}

extension Wellbeing {
  init(_ lab: LabSnapshot) { self.init(lab.processes) }

  func complaint(_ lab: LabSnapshot) -> String? {
    lab.cuts.isEmpty ? complaint(lab.processes, cutZones: lab.cutZones) : "links are cut"
  }
}
