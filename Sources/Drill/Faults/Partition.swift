// Which links a drill cuts.

import Lab

/// Hosts that hear nothing of others, though all of them run.
struct Partition {
  /// For people.
  let target: String
  let cuts: [Cut]

  /// Nil for a drill that cuts no links.
  /// - Parameter leader: the process that leads the database.
  init?(_ kind: DrillKind, in lab: LabSnapshot, leader: () throws -> LabSnapshot.Process) throws {
    guard [.partition, .partitionOneWay, .partitionWitness, .partitionApp].contains(kind) else { return nil }
    if !lab.hasOwnNetwork { throw DrillError.needsOwnNetwork(kind) }
    let leader = try leader()
    let leading = leader.host ?? leader.name
    let zoned = lab.processes.filter { $0.zone == leader.zone }
    let zone = Set(zoned.compactMap(\.host)).sorted()
    let others = Set(lab.processes.compactMap(\.host)).subtracting(zone).sorted()
    switch kind {
    case .partition:
      (target, cuts) = ("zone \(leader.zone ?? "")", Cut.between(zone, others))
    case .partitionOneWay:
      (target, cuts) = ("what zone \(leader.zone ?? "") sends", [Cut(from: zone, to: others)])
    case .partitionWitness:
      let witnesses = others.filter { $0.hasPrefix("database-witness") }
      target = "the link of \(leading) and \(witnesses.joined(separator: ", "))"
      cuts = Cut.between([leading], witnesses)
    default:
      let servers = Set(lab.processes.filter(\.isApp).compactMap(\.host)).sorted()
      target = "the links of \(servers.joined(separator: ", ")) and \(leading)"
      cuts = Cut.between([leading], servers)
    }
  }
}
