// Hosts that hear nothing of others, though all of them run.

import Lab
import Topology

/// A fault that cuts links. What they have in common; which links, each says itself.
protocol LinkCut: Fault {
  var cuts: [Cut] { get }

  init(_ sides: LinkSides)
}

extension LinkCut {
  static var stages: ClosedRange<Stage> { .replicated ... .sharded }
  static var reason: String {
    "before stage 4 there is no link without which anything would be left to answer"
  }
  static var holdSeconds: Int { 15 }

  init(_ scene: FaultScene) throws { self.init(try LinkSides(scene)) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.cutLinks(cuts))
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.cutLinks([])) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    guard lab.cuts == cuts, lab.droppedPackets > 0 else { return nil }
    return "\(lab.droppedPackets) packets did not arrive"
  }
}

/// The hosts of a lab, as links lie between them.
struct LinkSides: Sendable {
  /// Of the database's leader.
  let leader: String
  let zone: String
  let inZone: [String]
  let elsewhere: [String]
  /// Who votes on the database's leader, and need not have a write before it is acknowledged.
  let witnesses: [String]
  /// The app's.
  let servers: [String]

  init(_ scene: FaultScene) throws {
    if !scene.lab.hasOwnNetwork { throw DrillError.needsOwnNetwork(scene.kind) }
    let process = try scene.databaseLeader()
    leader = process.place
    zone = process.zone ?? ""
    let inside = Set(scene.lab.processes.filter { $0.zone == process.zone }.compactMap(\.host))
    inZone = inside.sorted()
    elsewhere = Set(scene.lab.processes.compactMap(\.host)).subtracting(inside).sorted()
    let voters = scene.lab.processes.filter { $0.kind == .engine(.etcd) }.compactMap(\.host)
    let keepers = scene.lab.processes.filter {
      $0.kind == .engine(.patroni) && $0.role == .synchronousFollower
    }
    witnesses = Set(voters).subtracting(keepers.compactMap(\.host) + [leader]).sorted()
    servers = Set(scene.lab.processes.filter(\.isApp).compactMap(\.host)).sorted()
  }
}
