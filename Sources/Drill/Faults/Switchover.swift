// The database's leader hands over in an orderly way.

import Lab
import Topology

struct Switchover: Fault {
  static let stages = Stage.replicated ... .sharded
  static let summary = "another server of the database is made its leader, as before maintenance"
  static let reason = "before stage 4 the database has one server"

  let target: String

  init(_ scene: FaultScene) throws { target = try scene.databaseLeader().place }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    let standby = try lab.send(.status).processes.first {
      $0.kind == .engine(.patroni) && $0.role == .synchronousFollower
    }
    guard let host = standby?.host else {
      throw DrillError.unhealthy("no follower is in step with the leader")
    }
    try lab.send(.switchover(to: host))
    return nil
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    let leader = lab.processes.first { $0.kind == .engine(.patroni) && $0.role == .leader }?.host
    return leader.flatMap { $0 == target ? nil : "\($0) leads in place of \(target)" }
  }
}
