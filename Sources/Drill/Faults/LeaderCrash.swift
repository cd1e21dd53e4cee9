// The host of the database's leader dies, and its disk is as it was.

import Lab
import Topology

struct LeaderCrash: Fault {
  static let stages = Stage.separateDatabase ... .sharded
  static let summary = "every process on the database leader's host is killed with SIGKILL"
  static let reason = "the database is a part of the app's process before stage 3"

  private let host: LeaderHost

  var target: String { host.name }

  init(_ scene: FaultScene) throws { host = try LeaderHost(scene) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.crash(target))
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? { host.victims.death }
}
