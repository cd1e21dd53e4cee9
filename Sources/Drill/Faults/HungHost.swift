// The host of the database's leader stands still, and believes later that no time has passed.

import Lab
import Topology

struct HungHost: Fault {
  static let stages = Stage.separateDatabase ... .sharded
  static let summary =
    "every process on the database leader's host is stopped, and goes on later as if nothing had been"
  static let reason = LeaderCrash.reason
  static let holdSeconds = 15

  private let host: LeaderHost

  var target: String { host.name }

  init(_ scene: FaultScene) throws { host = try LeaderHost(scene) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.freeze(host: target))
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.thaw(host: target)) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    host.victims.areStopped ? "\(host.victims.count) processes stand still" : nil
  }
}
