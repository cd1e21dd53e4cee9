// The connections of a loop's transactions to the leader, for as long as it leads.

/// A bounded number of connections, which transactions take as `WriterTurns` decides. Loop thread only.
final class WriterPool {
  private typealias Turn = WriterTurn<PostgresConnection>
  private typealias Turns = WriterTurns<PostgresConnection, CheckedContinuation<Turn, any Error>>

  let member: ClusterMember
  /// That of the member when it was found to lead.
  let timeline: UInt32
  /// What connections to the member are shared with other databases.
  let budget: ConnectionBudget
  private let loop: EventLoop
  private let open: (Deadline) async -> Result<PostgresConnection, any Error>
  private var turns: Turns

  init(
    _ member: ClusterMember, timeline: UInt32, budget: ConnectionBudget, on loop: EventLoop,
    limits: DatabaseLimits,
    open: @escaping (Deadline) async -> Result<PostgresConnection, any Error>
  ) {
    self.member = member
    self.timeline = timeline
    self.budget = budget
    self.loop = loop
    self.open = open
    turns = Turns(connectionLimit: limits.connectionsPerLoop, waiterLimit: limits.queuedTransactions)
  }

  /// A connection for one transaction alone, to be given back; nil when another server leads meanwhile.
  func take(until deadline: Deadline) async throws -> PostgresConnection? {
    switch turns.ask(isUsable: \.isIdle) {
    case .turn(let turn): try await begin(turn, until: deadline)
    case .wait: try await begin(waited(until: deadline), until: deadline)
    case .full: throw DatabaseError.tooMany
    }
  }

  private func begin(_ turn: Turn, until deadline: Deadline) async throws -> PostgresConnection? {
    if case .over = turn { return nil }
    // Between the turn and this the task had to wait for its loop: the leader may have changed.
    if turns.isRetired {
      endTurn(nil)
      return nil
    }
    if case .use(let connection) = turn {
      if connection.isIdle { return connection }
      // It broke since. The turn holds it, and what it takes of the budget may be all that another would wait for.
      connection.count = nil
    }
    switch await open(deadline) {
    case .success(let connection):
      // That took its time: another server may lead by now.
      if !turns.isRetired { return connection }
      endTurn(nil)
      return nil
    case .failure(let error):
      endTurn(nil)
      throw error
    }
  }

  private func waited(until deadline: Deadline) async throws -> Turn {
    loop.schedule(at: deadline) { [weak self] in self?.endLateWaits() }
    return try await withCheckedThrowingContinuation { turns.wait($0, until: deadline) }
  }

  private func endLateWaits() {
    for waiter in turns.endLateWaits(at: .now) {
      waiter.resume(throwing: DatabaseError.timeout("the transaction waited too long for its turn"))
    }
  }

  func giveBack(_ connection: PostgresConnection) {
    // Of another database's who waits for one: the next of this one's opens another.
    let isWanted = turns.waiterCount > 0 ? budget.isOverdue : budget.isWanted
    endTurn(connection.isIdle && !isWanted ? connection : nil)
  }

  private func endTurn(_ connection: PostgresConnection?) {
    if let (waiter, turn) = turns.giveBack(connection) { waiter.resume(returning: turn) }
  }

  /// Closes what nobody uses: one connection was found broken, and each of the others might take as long to show it.
  func closeIdle() { turns.closeIdle() }

  /// Transactions under way keep their connections; those that wait look for the new leader.
  func retire() { for waiter in turns.retire() { waiter.resume(returning: .over) } }

  /// Refuses those that wait.
  func close(_ error: DatabaseError) { for waiter in turns.retire() { waiter.resume(throwing: error) } }
}
