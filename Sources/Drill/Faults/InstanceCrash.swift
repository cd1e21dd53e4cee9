// An app server that dies.

import Lab
import Topology

struct InstanceCrash: Fault {
  static let stages = Stage.singleServer ... .sharded
  static let summary = "an app server is killed with SIGKILL"
  static let reason = "the launch page has no server"

  private let server: LabSnapshot.Process

  var target: String { server.name }

  init(_ scene: FaultScene) throws { server = try scene.readyServer() }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.crash(server.name))
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? { Victims([server]).death }
}
