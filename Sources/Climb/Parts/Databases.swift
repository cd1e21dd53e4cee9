// Moving the app's databases from their files to a cluster, over the app's admin socket.

import Contract
import Foundation
import Lab
import Placement

/// `POST /move/JOB` asks the app for a job, `GET /move` tells how far it is. The app does the work and goes on with it when
/// the climber dies; who climbs again asks again.
struct Databases: Sendable {
  private let change: StageChange

  init(_ change: StageChange) { self.change = change }

  private static let pauseUs: UInt32 = 30_000

  // MARK: Steps

  /// Has the app do a job, and returns when it is done.
  func perform(_ job: MoveJob, _ lab: any Provider, _ say: StepVoice) throws {
    let body = Array(try JSONEncoder().encode(target(lab)))
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
  func ensureDone(_ job: MoveJob, _ lab: any Provider, _ say: StepVoice) throws {
    let before = try standing(lab)
    if before.done != job || before.failure != nil { try perform(job, lab, say) }
    let states: [AdminAnswer.MovedDatabase.State] = job == .copy ? [.copied, .verified] : [.verified]
    for database in try standing(lab).databases {
      try expect("database \(database.name) is \(states[0])", states.contains(database.state))
    }
  }

  /// Has the app copy what the undoing of a later step has taken away, when the climb goes up again from there.
  func ensureCopied(_ lab: any Provider, _ say: StepVoice) throws {
    let there: [AdminAnswer.MovedDatabase.State] = [.copied, .verified, .flipping, .flipped, .finished]
    if try standingInTime(lab).databases.allSatisfy({ there.contains($0.state) }) { return }
    try perform(.copy, lab, say)
  }

  /// The placement, which every process goes by, has all of them in the cluster.
  func expectMoved(_ lab: any Provider) throws {
    let placed = try lab.placement()?.databases ?? [:]
    for database in try standing(lab).databases {
      try expect("database \(database.name) is in PostgreSQL", placed[database.name] != nil)
    }
    try expect("some database is in PostgreSQL", !placed.isEmpty)
  }

  // MARK: Parts

  /// The cluster that the databases move to.
  private func target(_ lab: any Provider) throws -> MoveTarget {
    guard let name = change.cluster?.clusterName else { throw ClimbError.noDatabase }
    let members = try StageChange.placement(of: change.after, in: lab.view()).clusters[name]?.members ?? []
    return MoveTarget(cluster: name, members: members)
  }

  private func ask(_ job: MoveJob, _ body: [UInt8], _ lab: any Provider, _ say: StepVoice) throws {
    let path = AdminPath.move(job)
    let end = ContinuousClock.now + .milliseconds(lab.patienceMs)
    var isWaiting = false
    while true {
      try lab.ensureRunning(.app, say)
      let status = (try? lab.post(Role.app.rawValue, path, body))?.status
      if let status, (200..<300).contains(status) { return }
      // It may be busy with what a climber that was killed has asked for.
      guard status == nil || status == 409, ContinuousClock.now < end else {
        throw ClimbError.adminFailed(process: Role.app.rawValue, request: "POST \(path)", status: status ?? 0)
      }
      if !isWaiting { say("waiting for the app") }
      isWaiting = true
      usleep(Self.pauseUs)
    }
  }

  /// - Returns: nil when the app no longer knows of the job.
  private func waitForEnd(
    of job: MoveJob, _ lab: any Provider, _ watch: (AdminAnswer.Move) -> Void
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
      } else if ContinuousClock.now - lastAnswer > .milliseconds(lab.patienceMs) {
        throw ClimbError.notSo("the app answers on its admin socket")
      }
      usleep(Self.pauseUs)
    }
  }

  /// Of an app that may be away for a while, or stand still.
  private func standingInTime(_ lab: any Provider) throws -> AdminAnswer.Move {
    let end = ContinuousClock.now + .milliseconds(lab.patienceMs)
    while true {
      do { return try standing(lab) } catch  where ContinuousClock.now < end { usleep(Self.pauseUs) }
    }
  }

  private func standing(_ lab: any Provider) throws -> AdminAnswer.Move { try Self.standing(lab) }

  /// As the app tells it.
  static func standing(_ lab: any Provider) throws -> AdminAnswer.Move {
    let answer = try lab.get(Role.app.rawValue, AdminPath.move)
    guard answer.status == 200 else {
      throw ClimbError.adminFailed(
        process: Role.app.rawValue, request: "GET \(AdminPath.move)", status: answer.status)
    }
    return try JSONDecoder().decode(AdminAnswer.Move.self, from: Data(answer.body))
  }

  // MARK: What is told

  private func tell(
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

  private func tellEnd(of job: MoveJob, _ standing: AdminAnswer.Move, _ say: StepVoice) {
    switch job {
    case .copy: say("\(standing.rowCount) rows copied")
    case .flip:
      for database in standing.databases {
        guard let pauseMs = database.pauseMs else { continue }
        say("\(database.name) moved; its writes waited \(pauseMs) ms")
      }
    case .verify:
      let answers = standing.databases.compactMap(\.answers)
      let (reads, writes) = answers.reduce((0, 0)) { ($0.0 + $1.reads, $0.1 + $1.writes) }
      if reads + writes > 0 {
        say(
          "both engines answered \(reads) reads of the app alike, and PostgreSQL took \(writes) writes on trial"
        )
      }
    case .checkBack, .back, .finish: break
    }
  }
}

extension AdminAnswer.Move {
  fileprivate var rowCount: Int { databases.reduce(0) { $0 + $1.rows } }
  fileprivate var totalRowCount: Int { databases.reduce(0) { $0 + $1.totalRows } }
}
