// The table of sessions takes only a few requests a second, as one whose capacity is used up.

import Lab
import Topology

struct SessionsThrottled: Fault {
  static let stages = SessionsAway.stages
  static let summary = "the table of sessions takes three requests a second, and throttles all others"
  static let reason = SessionsAway.reason
  static let holdSeconds = 10

  let target: String
  private let meter: TableMeter

  init(_ scene: FaultScene) throws {
    target = try scene.sessionsTable().place
    meter = TableMeter(scene)
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.limitTable(TableLimits(perSecond: 3)))
    meter.begin()
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.limitTable(.none)) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    let seen = meter.sinceBegin
    return seen.throttled > 0 ? "the table has throttled \(Int(seen.throttled)) requests" : nil
  }
}
