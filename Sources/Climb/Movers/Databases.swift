// Moving the app's databases from their files to a cluster, over the app's admin socket.

import Foundation
import Lab
import Placement

/// `POST /move/JOB` asks the app for a job, `GET /move` tells how far it is. The app does the work and goes on with it when
/// the climber dies; who climbs again asks again.
enum Databases {
  enum Job: String {
    case copy, verify, flip
    case checkBack = "check-back"
    case back, finish
  }

  private static let pauseUs: UInt32 = 30_000
  /// How long the app may be away, or busy with the job of a climber that was killed.
  private static let patienceMs = 120_000

  private struct Target: Encodable {
    let cluster = "main"
    let members: [ServerAddress]
  }

  private struct Standing: Decodable {
    struct Database: Decodable {
      let name: String
      let state: String
      let rows: Int
      let totalRows: Int
      let pauseMs: Int?
    }

    let job: String?
    let done: String?
    let failure: String?
    let databases: [Database]

    var rows: Int { databases.reduce(0) { $0 + $1.rows } }
    var totalRows: Int { databases.reduce(0) { $0 + $1.totalRows } }
  }

  // MARK: Steps

  /// Has the app do a job, and returns when it is done.
  static func perform(_ job: Job, _ lab: any ClimbLab, _ say: StepVoice) throws {
    let body = Array(try JSONEncoder().encode(Target(members: members(lab))))
    let began = ContinuousClock.now
    var firstRows: Int?
    while true {
      try ask(job, body, lab, say)
      let standing = try waitForEnd(of: job, lab) { standing in
        let first = firstRows ?? standing.rows
        firstRows = first
        if job == .copy { tell(standing, since: first, began, say) }
      }
      // The app was started anew meanwhile, and knows of no job.
      guard let standing else { continue }
      if let failure = standing.failure {
        let placed = try lab.placement()?.databases ?? [:]
        let names = standing.databases.map(\.name)
        throw ClimbError.moveFailed(
          failure, inPostgres: names.filter { placed[$0] != nil }, inFiles: names.filter { placed[$0] == nil }
        )
      }
      return tellEnd(of: job, standing, say)
    }
  }

  /// Has the app do a job that comes before the move, unless it knows that it has: one that was started anew does not, and
  /// finds what it has done.
  static func ensureDone(_ job: Job, _ lab: any ClimbLab, _ say: StepVoice) throws {
    let before = try standing(lab)
    if before.done != job.rawValue || before.failure != nil { try perform(job, lab, say) }
    let states = job == .copy ? ["copied", "verified"] : ["verified"]
    for database in try standing(lab).databases {
      try expect("database \(database.name) is \(states[0])", states.contains(database.state))
    }
  }

  /// The placement, which every process goes by, has all of them in the cluster.
  static func expectMoved(_ lab: any ClimbLab) throws {
    let placed = try lab.placement()?.databases ?? [:]
    for database in try standing(lab).databases {
      try expect("database \(database.name) is in PostgreSQL", placed[database.name] != nil)
    }
    try expect("some database is in PostgreSQL", !placed.isEmpty)
  }

  // MARK: Parts

  /// The server that the databases move to: it leads alone.
  private static func members(_ lab: any ClimbLab) throws -> [ServerAddress] {
    let view = try lab.view()
    let servers = view.processes.filter { $0.name.hasSuffix(".postgres") }.compactMap(\.address)
    guard !servers.isEmpty else { throw ClimbError.notSo("PostgreSQL runs on a host of its own") }
    return servers.map { ServerAddress(host: $0, port: view.ports.postgres) }
  }

  private static func ask(_ job: Job, _ body: [UInt8], _ lab: any ClimbLab, _ say: StepVoice) throws {
    let path = "/move/\(job.rawValue)"
    let end = ContinuousClock.now + .milliseconds(patienceMs)
    var isWaiting = false
    while true {
      try lab.ensureRunning(.app, say)
      let status = (try? lab.post(.app, path, body))?.status
      if let status, (200..<300).contains(status) { return }
      // It may be busy with what a climber that was killed has asked for.
      guard status == nil || status == 409, ContinuousClock.now < end else {
        throw ClimbError.adminFailed(process: Role.app.rawValue, request: "POST \(path)", status: status ?? 0)
      }
      if !isWaiting { say("waiting for the app") }
      isWaiting = true
      usleep(pauseUs)
    }
  }

  /// - Returns: nil when the app no longer knows of the job.
  private static func waitForEnd(
    of job: Job, _ lab: any ClimbLab, _ watch: (Standing) -> Void
  ) throws -> Standing? {
    var lastAnswer = ContinuousClock.now
    while true {
      if let standing = try? standing(lab) {
        lastAnswer = .now
        if standing.job == nil {
          let isKnown = standing.failure != nil || standing.done == job.rawValue
          return isKnown ? standing : nil
        }
        watch(standing)
      } else if ContinuousClock.now - lastAnswer > .milliseconds(patienceMs) {
        throw ClimbError.notSo("the app answers on its admin socket")
      }
      usleep(pauseUs)
    }
  }

  private static func standing(_ lab: any ClimbLab) throws -> Standing {
    let answer = try lab.get(.app, "/move")
    guard answer.status == 200 else {
      throw ClimbError.adminFailed(process: Role.app.rawValue, request: "GET /move", status: answer.status)
    }
    return try JSONDecoder().decode(Standing.self, from: Data(answer.body))
  }

  // MARK: What is told

  private static func tell(
    _ standing: Standing, since first: Int, _ began: ContinuousClock.Instant, _ say: StepVoice
  ) {
    guard standing.totalRows > 0 else { return }
    let seconds =
      Double((ContinuousClock.now - began).components.attoseconds) / 1e18
      + Double((ContinuousClock.now - began).components.seconds)
    let rate = Double(standing.rows - first) / max(seconds, 0.001)
    let left = Double(max(standing.totalRows - standing.rows, 0))
    say.progress(
      "\(standing.rows) of \(standing.totalRows) rows copied",
      fraction: Double(standing.rows) / Double(standing.totalRows),
      remainingSeconds: rate > 0 ? Int((left / rate).rounded(.up)) : nil)
  }

  private static func tellEnd(of job: Job, _ standing: Standing, _ say: StepVoice) {
    switch job {
    case .copy: say("\(standing.rows) rows copied")
    case .flip:
      for database in standing.databases {
        guard let pauseMs = database.pauseMs else { continue }
        say("\(database.name) moved; its writes waited \(pauseMs) ms")
      }
    case .verify, .checkBack, .back, .finish: break
    }
  }
}
