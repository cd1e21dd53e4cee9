// The table of sessions takes its time.

import Lab
import Topology

struct SessionsSlow: Fault {
  static let stages = SessionsAway.stages
  static let summary = "the table of sessions answers a third of a second late"
  static let reason = SessionsAway.reason
  static let holdSeconds = 10

  private static let delayMs = 333

  let target: String
  private let meter: TableMeter

  init(_ scene: FaultScene) throws {
    target = try scene.sessionsTable().place
    meter = TableMeter(scene)
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.limitTable(TableLimits(delayMs: Self.delayMs)))
    meter.begin()
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.limitTable(.none)) }

  /// By what the app's processes have measured; requests that were under way count in.
  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    let seen = meter.sinceBegin
    guard seen.requests > 0, seen.seconds / seen.requests * 1_000 > Double(Self.delayMs) / 2 else {
      return nil
    }
    return "the app waited \(Int(seen.seconds / seen.requests * 1_000)) ms for each answer of the table"
  }
}
