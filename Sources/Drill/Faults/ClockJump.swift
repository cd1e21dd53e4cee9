// A clock that jumps an hour ahead, and back: what is done to it, and what the host itself says of the time.

import Contract
import Foundation
import Lab
import Load

/// The clocks of an app server and, from stage 3 on, of the host that leads the database: one after the other, so that each
/// is wrong alone.
struct ClockJump: Sendable {
  static let aheadSeconds = 3_600
  /// How far what a host says may be from what it should: an answer takes a moment.
  private static let toleranceSeconds: Int64 = 30

  /// What is promised for a while, such as the lead of a database, would have ended by then, if it went by the time of day.
  private static let afterSeconds = 10.0
  private static let lookPauseUs: UInt32 = 50_000

  /// One of each host.
  let processes: [LabSnapshot.Process]

  init(processes: [LabSnapshot.Process]) { self.processes = processes }

  init(_ running: [LabSnapshot.Process]) throws {
    guard let server = running.first(where: { $0.isApp && $0.health == .ready }) else {
      throw DrillError.unhealthy("no app server is ready")
    }
    let hasDatabase = running.contains { $0.name.hasSuffix(".patroni") || $0.name.hasSuffix(".postgres") }
    processes = [server] + (hasDatabase ? [try Fault.databaseLeader(running)] : [])
  }

  var hosts: [String] { processes.map { $0.host ?? $0.name } }

  /// Each in turn for its part of the time.
  /// - Returns: what the hosts said.
  /// - Throws: `CancellationError` when it is to stop.
  func perform(
    _ lab: ControlClient, _ folder: AppFolder, holdSeconds: Int, shouldStop: () -> Bool
  ) throws -> String {
    // However it ends, no clock stays wrong.
    defer { try? setRight(lab) }
    let seen = try zip(hosts, processes).map { host, process in
      try lab.send(.setClock(host: host, aheadSeconds: Self.aheadSeconds))
      let ahead = try check(host, process, folder, expected: Int64(Self.aheadSeconds))
      try Self.wait(Double(holdSeconds) / Double(processes.count), shouldStop)
      try lab.send(.setClock(host: host, aheadSeconds: 0))
      _ = try check(host, process, folder, expected: 0)
      return "\(host) said that it was \(ahead) s later than it was"
    }
    if processes.contains(where: { $0.name.hasSuffix(".patroni") }) {
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

  /// May be repeated.
  func setRight(_ lab: ControlClient) throws {
    for host in hosts { try lab.send(.setClock(host: host, aheadSeconds: 0)) }
  }

  private func check(
    _ host: String, _ process: LabSnapshot.Process, _ folder: AppFolder, expected: Int64
  ) throws -> Int64 {
    let said = try process.isApp ? Self.clock(ofApp: process, folder) : Stores(folder).leaderClockSeconds()
    let ahead = said - Int64(time(nil))
    guard abs(ahead - expected) <= Self.toleranceSeconds else {
      throw DrillError.didNotTakeHold(
        "\(host) says that it is \(ahead) s later than it is, and not \(expected) s")
    }
    return ahead
  }

  /// What it puts on its answers.
  private static func clock(ofApp process: LabSnapshot.Process, _ folder: AppFolder) throws -> Int64 {
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
