// The table of sessions stands still: nobody refuses, and nobody answers.

import Lab
import Topology

struct SessionsAway: Fault {
  static let stages = Stage.microservices ... .sharded
  static let summary = "the table of sessions is stopped, and goes on later as if nothing had been"
  static let reason = "sessions are in a table from stage 6 on"
  static let holdSeconds = 10

  let target: String
  private let victims: Victims

  init(_ scene: FaultScene) throws {
    let table = try scene.sessionsTable()
    target = table.place
    victims = Victims([table])
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.freeze(host: target))
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.thaw(host: target)) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    victims.areStopped ? "the table's process stands still" : nil
  }
}
