// The database's leader is slow, and never away for long.

import Glibc
import Lab
import Topology

struct SlowDatabase: Fault {
  static let stages = Stage.separateDatabase ... .sharded
  static let summary = "the database leader stands still for four fifths of the time"
  static let reason = LeaderCrash.reason
  static let holdSeconds = 8

  private static let freezeUs: UInt32 = 400_000
  private static let thawUs: UInt32 = 100_000

  private let host: LeaderHost

  var target: String { host.name }

  init(_ scene: FaultScene) throws { host = try LeaderHost(scene) }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    var stops = 0
    let end = ContinuousClock.now + .seconds(holdSeconds)
    // However it ends, the host goes on.
    defer { _ = try? lab.send(.thaw(host: target)) }
    while ContinuousClock.now < end {
      if shouldStop() { throw CancellationError() }
      try lab.send(.freeze(host: target))
      usleep(Self.freezeUs)
      if host.victims.areStopped { stops += 1 }
      try lab.send(.thaw(host: target))
      usleep(Self.thawUs)
    }
    return stops > 0
      ? "the \(host.victims.count) processes of the leader's host stood still \(stops) times" : nil
  }

  /// Over when it is looked at.
  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? { nil }
}
