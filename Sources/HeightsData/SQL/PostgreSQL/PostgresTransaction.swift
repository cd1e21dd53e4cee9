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
  private let route: PostgresRoute
  private let loop: EventLoop
  private let request: (any RequestContext)?
  /// That of all attempts; nil where nobody wants to know.
  private let span: OpenSpan?
  /// What it is a part of, from its first statement on.
  private(set) var open: OpenTransaction?
  /// The ranges whose fences it has passed, and the table that it found them in.
  private var entered: [EngineTable.Part] = []
  private var table: EngineTable?
  /// Where it was to begin.
  private var chosen: (database: PostgresDatabase, connections: LoopConnections)?
  private let isAgain: Bool
  /// Whether it has sent anything, and whether it was answered.
  private var hasEntered = false
  private var hasBegun = false
  private var hasEnded = false
  /// Whether it is known what became of it.
  private var isOver = false
  /// What its first statement that failed was told.
  private var failure: (any Error)?
  /// Whether that failed before it could run: then there is nothing of the transaction anywhere.
  private var failedToBegin = false
  /// The server ends any statement of it that would run longer than until `deadline`; it has a second more to say so.
  private let deadline: Deadline
  private let answerDeadline: Deadline

  /// - Parameters:
  ///   - request: what it is for, if it is for one.
  ///   - span: that of all attempts.
  ///   - isAgain: whether there was an attempt before.
  init(
    _ route: PostgresRoute, on loop: EventLoop, until deadline: Deadline,
    for request: (any RequestContext)?, in span: OpenSpan? = nil, isAgain: Bool
  ) {
    self.span = span
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
      let open = try await place(for: sql)
      open.database.countStatement()
      if !hasEntered {
        hasEntered = true
        try open.enter(until: deadline, answer: answerDeadline)
      }
      let statement = span?.child()
      do {
        let result = try await open.run(sql, until: answerDeadline)
        statement?.end(open.database.statement(sql, at: result.server))
        hasBegun = true
        return result
      } catch {
        statement?.end(open.database.statement(sql, at: nil), failure: OpenSpan.failure(error))
        throw error
      }
    } catch {
      failure = error
      // What broke the connection may have come before the server had read anything.
      if case DatabaseError.gone = error {} else { hasBegun = hasEntered }
      failedToBegin = !hasBegun
      throw error
    }
  }

  private func place(for sql: SQL) async throws -> OpenTransaction {
    switch route {
    case .one(let database):
      if let open { return open }
      return try await begin(sql, on: database)
    case .ranges(let engines):
      if let open { return try enter(sql, engines, from: open) }
      while true {
        let table = engines.table
        let part = try table.part(of: sql)
        guard try await part.engines.enter(until: deadline) != nil else { continue }
        entered.append(part)
        guard let database = part.engines.postgres else { throw EngineHasChanged() }
        self.table = table
        return try await begin(sql, on: database)
      }
    }
  }

  /// Goes on in the cluster in which it began. When ranges have changed since it begins again: what has come here meanwhile it
  /// would not see; and who waited at a fence would hold the range that it is in, which the fence may wait for.
  private func enter(_ sql: SQL, _ engines: PlacedEngines, from open: OpenTransaction) throws
    -> OpenTransaction
  {
    guard let table else { return open }
    let part = try table.part(of: sql)
    if entered.contains(where: { $0.engines === part.engines }) { return open }
    let changed = DatabaseError.contended("the shards \(part.shards) were moving to another cluster")
    guard engines.table === table else { throw changed }
    guard part.engines.postgres === open.database else {
      throw table.misplaced(sql, begunIn: entered[0].shards)
    }
    guard part.engines.enterAtOnce() == .entered else { throw changed }
    entered.append(part)
    return open
  }

  /// Takes its turn, if the statement says in which shard it is, and a connection; or goes on in the transaction of whoever had
  /// the turn before.
  private func begin(_ sql: SQL, on database: PostgresDatabase) async throws -> OpenTransaction {
    let connections = database.connections(of: loop)
    chosen = (database, connections)
    database.begins(isAgain: isAgain)
    let shard = sql.shards.only
    if let shard { open = try await database.turns.take(shard, on: loop, until: deadline) }
    if open == nil {
      do {
        let (connection, pool) = try await connections.acquire(until: deadline)
        open = OpenTransaction(database, connection, of: pool, shard, table, on: loop)
      } catch {
        if let shard { database.turns.end(shard) }
        throw error
      }
    }
    table = open?.table
    guard let open, !deadline.hasPassed else {
      throw DatabaseError.timeout("the transaction waited too long for its turn")
    }
    return open
  }

  // MARK: Its end

  /// Returns when the server has acknowledged; at once when there was no statement.
  /// - Throws: `.unknown` when the connection broke after COMMIT was sent, or the server says that it did not wait for
  ///   its follower: what was written may stay or not.
  func commit() async throws {
    hasEnded = true
    if failure != nil { throw misuse("COMMIT", "an earlier error has rolled this transaction back") }
    guard let open else { return }
    // Before it was sent: nothing of it stays.
    if let failure = open.connection.failure { throw failure }
    if deadline.hasPassed { throw DatabaseError.timeout("the transaction took longer than it may") }
    isOver = true
    let position = try await open.finish().get()
    open.database.seen(by: request)?.hasWritten(position, on: open.timeline, of: open.database.cluster.id)
  }

  /// Rolls it back, if it has begun.
  /// - Returns: why it failed, whatever the app made of that.
  func failed(with error: any Error) async -> any Error {
    hasEnded = true
    if let open, !isOver {
      isOver = true
      let again = await open.withdraw(
        hasEntered: hasEntered, isInTheWay: contention != nil, answer: answerDeadline)
      if let again { return again }
    }
    let error = failedToBegin ? failure ?? error : error
    guard let open else { return error }
    let reason = contention ?? error
    if case DatabaseError.contended = reason { return reason }
    let (cluster, seen) = (open.database.cluster.id, open.database.seen(by: request))
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

  /// Waits for the leader of the cluster that it was to run on.
  /// - Returns: false when there was no such cluster, or the deadline comes first.
  func waitForLeader(_ patience: inout Patience) async throws -> Bool {
    guard let chosen else { return false }
    return try await chosen.connections.waitForLeader(&patience, until: deadline)
  }

  /// Gives back what it holds beside its part of the server's transaction.
  func leave() {
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
