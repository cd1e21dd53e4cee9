// The life of one transaction on a connection of its own.

/// Where the statements of a transaction go.
enum PostgresRoute: Sendable {
  case one(PostgresDatabase)
  /// To whichever range has the shard of the first, whose fence it passes.
  case ranges(PlacedEngines)
}

/// The database has moved to a file, for which transactions are made otherwise.
struct EngineHasChanged: Error {}

/// An attempt at a transaction of PostgreSQL, which takes its connection with its first statement.
///
/// `@unchecked Sendable` is sound: `use` refuses every thread but its loop's, on which it is made and ended.
final class PostgresTransaction: @unchecked Sendable {
  /// What it holds from its first statement to its end.
  struct Place {
    let database: PostgresDatabase
    let connection: PostgresConnection
    let pool: WriterPool
    /// What the session has seen; nil where there was but one server when it began.
    let seen: SeenPositions?
  }

  private let route: PostgresRoute
  private let loop: EventLoop
  private let request: (any RequestContext)?
  private(set) var place: Place?
  /// The ranges whose fences it has passed, and the table that it found them in.
  private var entered: [EngineTable.Part] = []
  private var table: EngineTable?
  /// Where it was to begin.
  private var chosen: (database: PostgresDatabase, connections: LoopConnections)?
  private let isAgain: Bool
  private var hasBegun = false
  private var mayBeOpen = false
  private var hasEnded = false
  /// What its first statement that failed was told.
  private var failure: (any Error)?
  /// Whether that failed before it could run: then there is nothing of the transaction anywhere.
  private var failedToBegin = false
  /// The server ends any statement of it that would run longer than until `deadline`; it has a second more to say so.
  private let deadline: Deadline
  private let answerDeadline: Deadline

  /// - Parameters:
  ///   - request: what it is for, if it is for one.
  ///   - isAgain: whether there was an attempt before.
  init(
    _ route: PostgresRoute, on loop: EventLoop, until deadline: Deadline,
    for request: (any RequestContext)?, isAgain: Bool
  ) {
    (self.route, self.loop, self.deadline, self.request) = (route, loop, deadline, request)
    self.isAgain = isAgain
    answerDeadline = deadline.plus(ms: 1_000)
  }

  // MARK: Its statements

  /// Runs a statement of the app's.
  func use(_ sql: SQL) async throws -> PostgresResult {
    guard loop.isCurrent else { throw misuse(sql, "the transaction was used outside of its closure's task") }
    guard !hasEnded else { throw misuse(sql, "the transaction was used after its end") }
    guard failure == nil else { throw misuse(sql, "an earlier error has rolled this transaction back") }
    guard !sql.controlsTransactions else {
      throw misuse(sql, "BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not for apps")
    }
    do {
      let place = try await place(for: sql)
      place.database.countStatement()
      return try await run(sql, on: place.connection)
    } catch {
      failure = error
      failedToBegin = !hasBegun
      throw error
    }
  }

  private func place(for sql: SQL) async throws -> Place {
    switch route {
    case .one(let database):
      if let place { return place }
      return try await begin(on: database)
    case .ranges(let engines):
      if let place { return try enter(sql, engines, from: place) }
      while true {
        let table = engines.table
        let part = try table.part(of: sql)
        guard try await part.engines.enter(until: deadline) != nil else { continue }
        entered.append(part)
        guard let database = part.engines.postgres else { throw EngineHasChanged() }
        self.table = table
        return try await begin(on: database)
      }
    }
  }

  /// Goes on in the cluster in which it began. When ranges have changed since it begins again: what has come here meanwhile it
  /// would not see; and who waited at a fence would hold the range that it is in, which the fence may wait for.
  private func enter(_ sql: SQL, _ engines: PlacedEngines, from place: Place) throws -> Place {
    guard let table else { return place }
    let part = try table.part(of: sql)
    if entered.contains(where: { $0.engines === part.engines }) { return place }
    let changed = DatabaseError.contended("the shards \(part.shards) were moving to another cluster")
    guard engines.table === table else { throw changed }
    guard part.engines.postgres === place.database else {
      throw table.misplaced(sql, begunIn: entered[0].shards)
    }
    guard part.engines.enterAtOnce() == .entered else { throw changed }
    entered.append(part)
    return place
  }

  private func begin(on database: PostgresDatabase) async throws -> Place {
    let connections = database.connections(of: loop)
    chosen = (database, connections)
    database.begins(isAgain: isAgain)
    let (connection, pool) = try await connections.acquire(until: deadline)
    let place = Place(
      database: database, connection: connection, pool: pool, seen: database.seen(by: request))
    self.place = place
    guard !deadline.hasPassed else {
      throw DatabaseError.timeout("the transaction waited too long for its turn")
    }
    connection.warnings = []
    let (ms, latest) = ("\(max(1, deadline.remainingMs))", "\(database.latestIdentifierMs)")
    mayBeOpen = true
    // As SQLite's, whose transactions come one after the other: what is read stays so until it is written.
    try connection.sendAhead("BEGIN ISOLATION LEVEL SERIALIZABLE", until: answerDeadline)
    _ = try await run(
      "SELECT set_config('statement_timeout', \(ms), true), set_config('heights.latest_ms', \(latest), true)",
      on: connection)
    hasBegun = true
    return place
  }

  private func run(
    _ sql: SQL, on connection: PostgresConnection, then endOfLog: EndOfLog? = nil
  ) async throws -> PostgresResult {
    do {
      return try await connection.result(of: sql, .own, until: answerDeadline, then: endOfLog)
    } catch is PipelineSkipped { throw connection.fail(.gone("the server did not begin a transaction")) }
  }

  // MARK: Its end

  /// Returns when the server has acknowledged; at once when there was no statement.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for
  ///   its follower: what was written may stay or not.
  func commit() async throws {
    hasEnded = true
    if failure != nil { throw misuse("COMMIT", "an earlier error has rolled this transaction back") }
    guard let place else { return }
    let connection = place.connection
    // Before it was sent: nothing of it stays.
    if let failure = connection.failure { throw failure }
    if deadline.hasPassed { throw DatabaseError.timeout("the transaction took longer than it may") }
    connection.warnings = []
    let endOfLog = place.seen.map { _ in EndOfLog() }
    let tag: String
    do {
      tag = try await run("COMMIT", on: connection, then: endOfLog).tag
    } catch let error as DatabaseError {
      throw connection.outcome(ofCommitAnswered: error)
    }
    mayBeOpen = false
    if let error = DatabaseError(tagOfCommit: tag) { throw error }
    if let warning = connection.warnings.first {
      throw DatabaseError.undecided("committed, but perhaps not replicated: \(warning)")
    }
    place.database.hasCommitted()
    let cluster = place.database.cluster.id
    if let seen = place.seen {
      seen.hasWritten(try? await endOfLog?.position, on: place.pool.timeline, of: cluster)
    } else {
      // There is a follower since it began: where the log ended was not asked for.
      place.database.seen(by: request)?.hasWritten(nil, of: cluster)
    }
  }

  /// Rolls it back, if it has begun.
  /// - Returns: why it failed, whatever the app made of that.
  func failed(with error: any Error) async -> any Error {
    await rollBack()
    let error = failedToBegin ? failure ?? error : error
    guard let place else { return error }
    if place.connection.failure != nil { place.pool.closeIdle() }
    let reason = contention ?? error
    if case DatabaseError.contended = reason { return reason }
    let cluster = place.database.cluster.id
    // There may be a follower since it began.
    let seen = place.seen ?? place.database.seen(by: request)
    if let reason = reason as? DatabaseError, reason.showsNothing {
      seen?.mayHaveWritten(of: cluster)
    } else {
      // What it has read may be in what the app says of the failure.
      seen?.hasWritten(nil, of: cluster)
    }
    return reason
  }

  /// What a statement was told that others were in the way of.
  private var contention: DatabaseError? {
    guard let error = failure as? DatabaseError, case .contended = error else { return nil }
    return error
  }

  private func rollBack() async {
    hasEnded = true
    guard mayBeOpen, let place, place.connection.failure == nil else { return }
    // If it fails, the connection is not idle and is given up; the server rolls back what it held.
    _ = try? await run("ROLLBACK", on: place.connection)
  }

  /// Waits for the leader of the cluster that it was to run on.
  /// - Returns: false when there was no such cluster, or the deadline comes first.
  func waitForLeader(_ patience: inout Patience) async throws -> Bool {
    guard let chosen else { return false }
    return try await chosen.connections.waitForLeader(&patience, until: deadline)
  }

  /// Gives back what it holds.
  func leave() {
    if let place { place.pool.giveBack(place.connection) }
    // Whoever waits for the connection must not wait for this attempt.
    place = nil
    chosen?.database.ends()
    for part in entered { part.engines.leave() }
  }

  private func misuse(_ sql: SQL, _ message: String) -> DatabaseError {
    .invalid(sql: sql.description, message: message)
  }
}

extension SQL {
  private static let controls: Set<String> = [
    "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE",
  ]

  fileprivate var controlsTransactions: Bool {
    guard case .text(let text)? = pieces.first else { return false }
    let word = text.description.drop { $0.isWhitespace }.prefix { $0.isLetter }
    return Self.controls.contains(word.uppercased())
  }
}
