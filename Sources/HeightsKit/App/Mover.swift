// The moves of all databases of a process, one after another, as an administrator asks for them.

import Contract
import Synchronization

/// Moves the SQLite files of a process to a cluster, and back. Works in the background; each job may be asked for again,
/// and goes on where it ended.
final class Mover: Sendable {
  private struct State {
    var job: MoveJob?
    var done: MoveJob?
    var failure: String?
    var task: Task<Void, Never>?
    var target: MoveTarget?
    var moves: [DatabaseMove] = []
  }

  private unowned let context: AppContext
  private let state = Mutex(State())
  private let isStopped = Atomic<Bool>(false)

  init(_ context: AppContext) { self.context = context }

  // MARK: Asking

  /// Begins a job. One of the same kind that is under way goes on; `back` ends a copy first.
  /// - Throws: `Problem` 409 while another job is under way.
  func begin(_ job: MoveJob, _ target: MoveTarget) throws {
    guard context.environment.placementPath != nil else {
      throw Problem(
        .conflict, title: "there is no placement",
        detail: "set HEIGHTS_PLACEMENT to where it is to be written")
    }
    try state.withLock { state in
      if state.job == job, state.target == target { return }
      let before = state.task
      if let current = state.job {
        guard job == .back, current == .copy || current == .verify else {
          throw Problem(
            .conflict, title: "busy", detail: "\(current.rawValue) is under way; try again when it is done")
        }
        isStopped.store(true, ordering: .relaxed)
      }
      if state.target != target || state.moves.isEmpty {
        state.target = target
        state.moves = context.moves(to: target)
      }
      let moves = state.moves
      state.job = job
      state.failure = nil
      state.task = Task { [self] in
        await before?.value
        isStopped.store(false, ordering: .relaxed)
        await perform(job, moves, target)
      }
    }
  }

  /// Ends what is under way, as far as that can be; it goes on when it is asked for again.
  func close() async {
    isStopped.store(true, ordering: .relaxed)
    await state.withLock { $0.task }?.value
  }

  private func perform(_ job: MoveJob, _ moves: [DatabaseMove], _ target: MoveTarget) async {
    var failure: String?
    do {
      if job == .copy {
        for move in moves where try !isMoved(move) {
          try await named(move) { try await SystemThread.run(name: "sql-move") { try move.measure() } }
        }
      }
      // The way back leads through them in the opposite order.
      for move in job == .back ? moves.reversed() : moves {
        try await named(move) { try await perform(job, move, target) }
      }
      Log.info("move", [("done", job.rawValue)])
    } catch {
      failure = "\(error)"
      Log.warning("a move failed", [("job", job.rawValue), ("reason", "\(error)")])
    }
    state.withLock { state in
      // Another job may have been asked for meanwhile.
      if state.job == job {
        state.job = nil
        state.done = failure == nil ? job : state.done
        state.failure = failure
      }
    }
  }

  /// What goes wrong is told with the name of the database.
  private func named(_ move: DatabaseMove, _ body: () async throws -> Void) async throws {
    do { try await body() } catch { throw MoveError("database \(move.name): \(error)") }
  }

  // MARK: Jobs

  private func perform(_ job: MoveJob, _ move: DatabaseMove, _ target: MoveTarget) async throws {
    let isMoved = try isMoved(move)
    switch job {
    case .copy, .verify, .flip: if isMoved { return move.progress.update { $0.state = .flipped } }
    case .checkBack, .back, .finish: break
    }
    switch job {
    case .copy:
      try await SystemThread.run(name: "sql-move") { [self] in
        try move.copy { isStopped.load(ordering: .relaxed) }
      }
    case .verify: try await SystemThread.run(name: "sql-move") { try move.verify() }
    case .flip: try await flip(move, target)
    case .checkBack:
      if isMoved { try await SystemThread.run(name: "sql-move") { try move.checkBack() } }
    case .back:
      if isMoved { try await flipBack(move) }
      try await SystemThread.run(name: "sql-move") { try move.abandon() }
    case .finish:
      guard isMoved else { throw MoveError("it is not in the cluster yet: flip it first") }
      try await SystemThread.run(name: "sql-move") { [context] in
        try move.finish(epoch: context.placement.epoch)
      }
    }
  }

  private func isMoved(_ move: DatabaseMove) throws -> Bool {
    try context.placement.clusterName(of: move.name) != nil
  }

  private func flip(_ move: DatabaseMove, _ target: MoveTarget) async throws {
    let engine = try await context.openPostgres(move.name, target)
    let next = context.placement.moving(move.name, to: target)
    do {
      try await SystemThread.run(name: "sql-move") { [context] in
        try move.flip(to: engine, epoch: next.epoch) { try context.replacePlacement(with: next) }
      }
    } catch {
      engine.close()
      throw error
    }
    await context.placements.adopt(next)
  }

  private func flipBack(_ move: DatabaseMove) async throws {
    let next = context.placement.movingBack(move.name)
    let engine = try await context.openSQLite(move.name, epoch: next.epoch)
    do {
      try await SystemThread.run(name: "sql-move") { [context] in
        try move.flipBack(to: engine) { try context.replacePlacement(with: next) }
      }
    } catch {
      engine.close()
      throw error
    }
    await context.placements.adopt(next)
  }
}

// MARK: What is told

extension Mover {
  var standing: AdminAnswer.Move {
    let (job, done, failure, moves) = state.withLock { ($0.job, $0.done, $0.failure, $0.moves) }
    return AdminAnswer.Move(
      job: job, done: done, failure: failure, databases: moves.map(\.progress.current))
  }
}

extension Router {
  /// `GET /move` tells how far it is; `POST /move/copy` (`verify`, `flip`, `check-back`, `back`, `finish`) asks for a job, with the
  /// cluster as its body: `{"cluster": "main", "members": ["127.1.1.50:5432"]}`.
  mutating func addMove(_ mover: Mover) {
    get(AdminPath.move) { _ in .json(mover.standing) }
    for job in MoveJob.allCases {
      post(AdminPath.move(job)) { request in
        guard let target = try? JSON.decode(MoveTarget.self, from: try request.bytes()) else {
          throw Problem(
            .badRequest, title: "no target",
            detail: "expected {\"cluster\": NAME, \"members\": [\"HOST:PORT\"]}")
        }
        try mover.begin(job, target)
        return .json(mover.standing, status: .accepted)
      }
    }
  }
}

extension Placement {
  /// The next version, with a database in a cluster.
  func moving(_ database: String, to target: MoveTarget) -> Placement {
    next {
      $0.clusters[target.cluster] = Cluster(members: target.members)
      $0.databases[database] = [Range(cluster: target.cluster)]
    }
  }

  /// The next version, with a database in its file.
  func movingBack(_ database: String) -> Placement {
    next {
      $0.databases[database] = nil
      let used = Set($0.databases.values.flatMap { $0.map(\.cluster) })
      $0.clusters = $0.clusters.filter { used.contains($0.key) }
    }
  }
}
