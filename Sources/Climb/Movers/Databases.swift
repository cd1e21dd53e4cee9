// Moving the app's databases from their files to a cluster, over the app's admin socket.

import Contract
import Foundation
import Lab
import Placement

/// `POST /move/JOB` asks the app for a job, `GET /move` tells how far it is. The app does the work and goes on with it when
/// the climber dies; who climbs again asks again.
enum Databases {
  private static let pauseUs: UInt32 = 30_000
  /// How long the app may be away, or busy with the job of a climber that was killed.
  private static let patienceMs = 120_000

  // MARK: Steps

  /// Has the app do a job, and returns when it is done.
  static func perform(_ job: MoveJob, _ lab: any ClimbLab, _ say: StepVoice) throws {
    let body = Array(try JSONEncoder().encode(MoveTarget(cluster: "main", members: members(lab))))
    let began = ContinuousClock.now
    var firstRows: Int?
    while true {
      try ask(job, body, lab, say)
      let standing = try waitForEnd(of: job, lab) { standing in
        let first = firstRows ?? standing.rowCount
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
  static func ensureDone(_ job: MoveJob, _ lab: any ClimbLab, _ say: StepVoice) throws {
    let before = try standing(lab)
    if before.done != job || before.failure != nil { try perform(job, lab, say) }
    let states: [AdminAnswer.MovedDatabase.State] = job == .copy ? [.copied, .verified] : [.verified]
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

  private static func ask(_ job: MoveJob, _ body: [UInt8], _ lab: any ClimbLab, _ say: StepVoice) throws {
    let path = AdminPath.move(job)
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
    of job: MoveJob, _ lab: any ClimbLab, _ watch: (AdminAnswer.Move) -> Void
  ) throws -> AdminAnswer.Move? {
    var lastAnswer = ContinuousClock.now
    while true {
      if let standing = try? standing(lab) {
        lastAnswer = .now
        if standing.job == nil {
          let isKnown = standing.failure != nil || standing.done == job
          return isKnown ? standing : nil
        }
        watch(standing)
      } else if ContinuousClock.now - lastAnswer > .milliseconds(patienceMs) {
        throw ClimbError.notSo("the app answers on its admin socket")
      }
      usleep(pauseUs)
    }
  }

  private static func standing(_ lab: any ClimbLab) throws -> AdminAnswer.Move {
    let answer = try lab.get(.app, AdminPath.move)
    guard answer.status == 200 else {
      throw ClimbError.adminFailed(
        process: Role.app.rawValue, request: "GET \(AdminPath.move)", status: answer.status)
    }
    return try JSONDecoder().decode(AdminAnswer.Move.self, from: Data(answer.body))
  }

  // MARK: What is told

  private static func tell(
    _ standing: AdminAnswer.Move, since first: Int, _ began: ContinuousClock.Instant, _ say: StepVoice
  ) {
    guard standing.totalRowCount > 0 else { return }
    let seconds =
      Double((ContinuousClock.now - began).components.attoseconds) / 1e18
      + Double((ContinuousClock.now - began).components.seconds)
    let rate = Double(standing.rowCount - first) / max(seconds, 0.001)
    let left = Double(max(standing.totalRowCount - standing.rowCount, 0))
    say.progress(
      "\(standing.rowCount) of \(standing.totalRowCount) rows copied",
      fraction: Double(standing.rowCount) / Double(standing.totalRowCount),
      remainingSeconds: rate > 0 ? Int((left / rate).rounded(.up)) : nil)
  }

  private static func tellEnd(of job: MoveJob, _ standing: AdminAnswer.Move, _ say: StepVoice) {
    switch job {
    case .copy: say("\(standing.rowCount) rows copied")
    case .flip:
      for database in standing.databases {
        guard let pauseMs = database.pauseMs else { continue }
        say("\(database.name) moved; its writes waited \(pauseMs) ms")
      }
    case .verify, .checkBack, .back, .finish: break
    }
  }
}

extension AdminAnswer.Move {
  fileprivate var rowCount: Int { databases.reduce(0) { $0 + $1.rows } }
  fileprivate var totalRowCount: Int { databases.reduce(0) { $0 + $1.totalRows } }
}
