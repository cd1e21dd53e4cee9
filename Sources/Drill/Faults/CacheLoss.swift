// All copies of the cache are gone at once.

import Lab
import Topology

struct CacheLoss: Fault {
  static let stages = Stage.stateless ... .sharded
  static let summary = "every process of the cache is killed with SIGKILL"
  static let reason = "there is no shared cache before stage 5"

  private let victims: Victims

  var target: String { victims.processes.map(\.place).joined(separator: " and ") }

  init(_ scene: FaultScene) throws { victims = Victims(scene.running.filter { $0.kind == .engine(.redis) }) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    for victim in victims.processes { try lab.send(.crash(victim.name)) }
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? { victims.death }
}
