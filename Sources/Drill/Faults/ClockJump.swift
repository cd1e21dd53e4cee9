// A clock that jumps an hour ahead, and back: what is done to it, and what the host itself says of the time.

import Contract
import Foundation
import Lab
import Load
import Topology

/// The clocks of an app server and, from stage 3 on, of the host that leads the database: one after the other, so that each
/// is wrong alone.
struct ClockJump: Fault {
  static let stages = Stage.singleServer ... .sharded
  static let summary =
    "the clock of an app server jumps an hour ahead, and back; then that of the database leader's host"
  static let reason = InstanceCrash.reason
  static let holdSeconds = 16

  private static let aheadSeconds = 3_600
  /// How far what a host says may be from what it should: an answer takes a moment.
  private static let toleranceSeconds: Int64 = 30

  /// What is promised for a while, such as the lead of a database, would have ended by then, if it went by the time of day.
  private static let afterSeconds = 10.0
  private static let lookPauseUs: UInt32 = 50_000

  /// One of each host.
  private let processes: [LabSnapshot.Process]
  private let folder: AppFolder

  var target: String { processes.map(\.place).joined(separator: " and then ") }

  init(_ scene: FaultScene) throws {
    folder = scene.folder
    let server = try scene.readyServer()
    processes = [server] + (scene.databaseServers.isEmpty ? [] : [try scene.databaseLeader()])
  }

  /// Each in turn for its part of the time.
  /// - Returns: what the hosts said.
  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    // However it ends, no clock stays wrong.
    defer { try? end(lab) }
    let seen = try processes.map { process in
      try lab.send(.setClock(host: process.place, aheadSeconds: Self.aheadSeconds))
      let ahead = try check(process, expected: Int64(Self.aheadSeconds))
      try Self.wait(Double(holdSeconds) / Double(processes.count), shouldStop)
      try lab.send(.setClock(host: process.place, aheadSeconds: 0))
      _ = try check(process, expected: 0)
      return "\(process.place) said that it was \(ahead) s later than it was"
    }
    if processes.contains(where: { $0.kind == .engine(.patroni) }) {
      try Self.wait(Self.afterSeconds, shouldStop)
    }
    return seen.joined(separator: ", then ") + ", and each was right again"
  }

  private static func wait(_ seconds: Double, _ shouldStop: () -> Bool) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      if shouldStop() { throw CancellationError() }
      usleep(lookPauseUs)
    }
  }

  func end(_ lab: ControlClient) throws {
    for process in processes { try lab.send(.setClock(host: process.place, aheadSeconds: 0)) }
  }

  /// Over when it is looked at.
  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? { nil }

  private func check(_ process: LabSnapshot.Process, expected: Int64) throws -> Int64 {
    let said = try process.isApp ? clock(ofApp: process) : Stores(folder).leaderClockSeconds()
    let ahead = said - Int64(time(nil))
    guard abs(ahead - expected) <= Self.toleranceSeconds else {
      throw DrillError.didNotTakeHold(
        "\(process.place) says that it is \(ahead) s later than it is, and not \(expected) s")
    }
    return ahead
  }

  /// What it puts on its answers.
  private func clock(ofApp process: LabSnapshot.Process) throws -> Int64 {
    let answer = try AdminClient(folder.adminSocket(ofProcess: process.name)).get(AdminPath.ready)
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    guard let date = answer.date.flatMap(format.date) else {
      throw DrillError.didNotTakeHold("\(process.name) says nothing of the time")
    }
    return Int64(date.timeIntervalSince1970)
  }
}
