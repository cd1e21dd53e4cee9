// The host of the database's leader dies, and comes back with nothing.

import Lab
import Topology

struct DiskLoss: Fault {
  static let stages = Stage.replicated ... .sharded
  static let summary = "the database leader's host dies, and comes back with an empty disk"
  static let reason =
    "before stage 4 there is one disk with what was acknowledged, and nothing to bring it back from"

  let target: String
  private let victims: Victims
  private let contents: DiskContents

  init(_ scene: FaultScene) throws {
    let leader = try scene.databaseLeader()
    target = leader.place
    victims = Victims(besides: leader, in: scene)
    contents = try DiskContents(of: target, in: scene.folder)
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.loseDisk(host: target))
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    guard victims.areGone, let lost = contents.loss else { return nil }
    return "its \(victims.count) processes were killed, and \(lost)"
  }
}
