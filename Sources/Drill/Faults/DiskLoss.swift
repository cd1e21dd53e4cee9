// The host of the database's leader dies, and comes back with nothing.

import Lab
import Topology

struct DiskLoss: Fault {
  static let stages = Stage.replicated ... .sharded
  static let summary = "the database leader's host dies, and comes back with an empty disk"
  static let reason =
    "before stage 4 there is one disk with what was acknowledged, and nothing to bring it back from"

  private let host: LeaderHost
  private let contents: DiskContents

  var target: String { host.name }

  init(_ scene: FaultScene) throws {
    host = try LeaderHost(scene)
    contents = try DiskContents(of: host.name, in: scene.folder)
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.loseDisk(host: target))
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    guard host.victims.areGone, let lost = contents.loss else { return nil }
    return "its \(host.victims.count) processes were killed, and \(lost)"
  }
}
