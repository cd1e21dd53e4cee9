// A database of a PostgreSQL cluster: reads share connections of the caller's loop, each transaction has one alone.

import CPostgres
import Glibc
import Synchronization

/// Transactions are serializable, as SQLite's are: those whose result no order of them would give are run again.
/// Acknowledged means what the server's `synchronous_commit` means: on its disk, and with synchronous replication on a
/// follower's too.
package final class PostgresDatabase: Sendable {
  let cluster: PostgresCluster
  /// On its servers.
  let name: String
  private let ownsCluster: Bool
  let limits: DatabaseLimits
  /// Whose turn it is to write to a shard.
  let turns: TransactionTurns
  private let perLoop: [LoopConnections]
  private let accepted = Atomic<Int>(0)
  private let committed = Atomic<Int>(0)
  private let underWay = Atomic<Int>(0)
  private let statements = Atomic<Int>(0)

  /// - Parameters:
  ///   - ownsCluster: whether the cluster is closed with it.
  ///   - deadline: until when a cluster that has no leader is waited for: it may be choosing one.
  package static func open(
    _ name: String, of cluster: PostgresCluster, ownsCluster: Bool, migrations: [Migration],
    loops: EventLoopGroup, limits: DatabaseLimits, deadline: Deadline = .now
  ) async throws -> PostgresDatabase {
    let target = cluster.target(name)
    try await SystemThread.run(name: "sql-migrate") { try migrate(target, migrations, until: deadline) }
    let database = PostgresDatabase(name, of: cluster, ownsCluster, loops: loops, limits: limits)
    for connections in database.perLoop { try await connections.loop.run { connections.start() } }
    return database
  }

  private static let leaderPauseUs: UInt32 = 200_000

  private static func migrate(
    _ target: PostgresTarget, _ migrations: [Migration], until deadline: Deadline
  ) throws {
    while true {
      do { return try PostgresMigrator(target).apply(migrations) } catch let error as DatabaseError
        where error.isOfLeader && !deadline.hasPassed
      { usleep(leaderPauseUs) }
    }
  }

  private init(
    _ name: String, of cluster: PostgresCluster, _ ownsCluster: Bool, loops: EventLoopGroup,
    limits: DatabaseLimits
  ) {
    self.cluster = cluster
    self.name = name
    self.ownsCluster = ownsCluster
    self.limits = limits
    turns = TransactionTurns(waiterLimit: limits.queuedTransactions)
    perLoop = loops.loops.map { LoopConnections(name, of: cluster, on: $0, limits: limits) }
    cluster.beginUse()
  }

  /// Its connections end with it: with the last statement or transaction, when no range leads here any more.
  deinit {
    for connections in perLoop where !connections.loop.isStopped {
      connections.loop.execute { connections.end() }
    }
    cluster.endUse()
    if ownsCluster { cluster.close() }
  }

  /// Refuses transactions. Reads go on.
  package func close() {
    for connections in perLoop { connections.loop.onLoop { connections.close() } }
    if ownsCluster { cluster.close() }
  }

  /// The connections of the caller's loop; nil off the loops.
  private var current: LoopConnections? {
    guard let loop = EventLoop.current, loop.index < perLoop.count, perLoop[loop.index].loop === loop else {
      return nil
    }
    return perLoop[loop.index]
  }

  // MARK: Reads

  func read(_ sql: SQL, _ newness: Newness = .seen) async throws -> PostgresResult {
    countStatement()
    let request = CurrentRequest.context
    let (seen, due) = (seen(by: request), request?.due)
    let span = request?.beginSpan()
    do {
      let result: PostgresResult
      if let current {
        let limit = current.loop.lastNow.plus(ms: limits.readMs)
        if let due, due < limit {
          result = try await current.readInTime(sql, seen, newness, until: due)
        } else {
          result = try await current.read(sql, seen, newness, until: limit)
        }
      } else {
        let any = perLoop[0]
        let limit = Deadline.afterMs(limits.readMs)
        result = try await any.loop.run {
          if let due, due < limit { return try await any.readInTime(sql, seen, newness, until: due) }
          return try await any.read(sql, seen, newness, until: limit)
        }
      }
      span?.end(statement(sql, at: result.server))
      return result
    } catch {
      span?.end(statement(sql, at: nil), failure: OpenSpan.failure(error))
      throw error
    }
  }

  /// A statement as a span.
  func statement(_ sql: SQL, at server: SQLServer?) -> StatementSpan {
    StatementSpan(sql: sql, system: .postgresql, database: name, server: server)
  }

  /// What each of some statements reads, all at once and in no order.
  static func results(of statements: [(PostgresDatabase, SQL)]) async throws -> [PostgresResult] {
    try await withThrowingTaskGroup(of: PostgresResult.self) { group in
      for (database, sql) in statements { group.addTask { try await database.read(sql) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// What the session of a request has seen; nil where there is but one server to see it from.
  func seen(by request: (any RequestContext)?) -> SeenPositions? {
    cluster.isReplicated ? request?.seen : nil
  }

  // MARK: Writes

  /// The connections of one of the loops that it was opened for.
  func connections(of loop: EventLoop) -> LoopConnections { perLoop[loop.index] }

  /// The latest moment that identifiers of a transaction which begins now may be of, in milliseconds since 1970.
  var latestIdentifierMs: Int64 { cluster.latestIdentifierMs(.now) }

  func begins(isAgain: Bool) {
    if !isAgain { accepted.add(1, ordering: .relaxed) }
    underWay.add(1, ordering: .relaxed)
  }

  func countStatement() { statements.add(1, ordering: .relaxed) }

  func hasCommitted() { committed.add(1, ordering: .relaxed) }

  func ends() { underWay.subtract(1, ordering: .relaxed) }

  /// - Parameter route: where its statements go; nil for here.
  func transaction<T: Sendable>(
    in route: PostgresRoute? = nil, deadline: Deadline?,
    _ body: @escaping @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    let (route, latest) = (route ?? .one(self), Deadline.afterMs(limits.transactionMs))
    let (end, request) = (min(deadline ?? latest, latest), CurrentRequest.context)
    if let loop = current?.loop {
      return try await Self.transaction(in: route, on: loop, until: end, for: request, body)
    }
    let loop = perLoop[0].loop
    return try await loop.run {
      try await Self.transaction(in: route, on: loop, until: end, for: request, body)
    }
  }

  /// Runs the transaction until it works, fails for good, or is out of time. Only what left nothing behind is tried
  /// again: an error before COMMIT was sent, or one that COMMIT itself reports.
  private static func transaction<T: Sendable>(
    in route: PostgresRoute, on loop: EventLoop, until deadline: Deadline, for request: (any RequestContext)?,
    _ body: @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    var (patience, turn, isAgain) = (Patience.forLeader, Patience.forOthers, false)
    let span = request?.beginSpan()
    var failure: String? = "failed"
    var database: String?
    defer { span?.end(TransactionSpan(system: .postgresql, database: database), failure: failure) }
    while true {
      let attempt = PostgresTransaction(
        route, on: loop, until: deadline, for: request, in: span, isAgain: isAgain)
      isAgain = true
      defer { database = attempt.open?.database.name ?? database }
      do {
        let value = try await once(attempt, body)
        failure = nil
        return value
      } catch DatabaseError.contended(let message)
        where !deadline.hasPassed
      {
        guard try await turn.wait(on: loop, until: deadline) else { throw DatabaseError.contended(message) }
      } catch let error as DatabaseError where error.isOfLeader && !deadline.hasPassed {
        guard try await attempt.waitForLeader(&patience) else { throw error }
      }
    }
  }

  private static func once<T: Sendable>(
    _ attempt: PostgresTransaction, _ body: @Sendable (Transaction) async throws -> T
  ) async throws -> T {
    defer { attempt.leave() }
    do {
      let value = try await body(Transaction(attempt))
      try await attempt.commit()
      return value
    } catch { throw await attempt.failed(with: error) }
  }

  var statistics: Database.Statistics {
    Database.Statistics(
      transactions: accepted.load(ordering: .relaxed), commits: committed.load(ordering: .relaxed),
      waiting: underWay.load(ordering: .relaxed), statements: statements.load(ordering: .relaxed))
  }
}

extension DatabaseError {
  /// Whether it tells nothing of the rows that there are.
  var showsNothing: Bool {
    switch self {
    case .readOnly, .gone, .timeout, .tooMany: true
    // That of COMMIT; others have words of the server's, which may tell of rows.
    case .unknown(let code, _): code == 0
    case .contended, .conflict, .full, .invalid, .zeroInText, .notANumber, .corrupt: false
    }
  }

  /// Whether it passes with a change of the leader.
  var isOfLeader: Bool {
    switch self {
    case .readOnly, .gone: true
    case .contended, .timeout, .conflict, .tooMany, .full, .invalid, .zeroInText, .notANumber, .corrupt,
      .unknown:
      false
    }
  }
}
