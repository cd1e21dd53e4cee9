// The connections of a loop's transactions to the leader, for as long as it leads.

/// A bounded number of connections that transactions take in turn. Loop thread only.
final class WriterPool {
  let member: ClusterMember
  /// That of the member when it was found to lead.
  let timeline: UInt32
  private let loop: EventLoop
  private let limits: DatabaseLimits
  private let open: (Deadline) async -> Result<PostgresConnection, any Error>

  private var idle: [PostgresConnection] = []
  /// Connections that exist or are being opened.
  private var count = 0
  private var waiters: [(continuation: CheckedContinuation<Void, any Error>, deadline: Deadline)] = []
  private var isRetired = false

  init(
    _ member: ClusterMember, timeline: UInt32, on loop: EventLoop, limits: DatabaseLimits,
    open: @escaping (Deadline) async -> Result<PostgresConnection, any Error>
  ) {
    self.member = member
    self.timeline = timeline
    self.loop = loop
    self.limits = limits
    self.open = open
  }

  /// A connection for one transaction alone, to be given back; nil when another server leads meanwhile.
  func take(until deadline: Deadline) async throws -> PostgresConnection? {
    while !isRetired {
      while let connection = idle.popLast() {
        if connection.isIdle { return connection }
        count -= 1
      }
      if count < limits.connectionsPerLoop { return try await newConnection(until: deadline) }
      try await waitForTurn(until: deadline)
    }
    return nil
  }

  private func newConnection(until deadline: Deadline) async throws -> PostgresConnection {
    count += 1
    switch await open(deadline) {
    case .success(let connection): return connection
    case .failure(let error):
      count -= 1
      wakeOne()
      throw error
    }
  }

  private func waitForTurn(until deadline: Deadline) async throws {
    guard waiters.count < limits.queuedTransactions else { throw DatabaseError.tooMany }
    loop.schedule(at: deadline) { [weak self] in self?.endLateWaits() }
    try await withCheckedThrowingContinuation { waiters.append(($0, deadline)) }
  }

  private func endLateWaits() {
    // One look at the clock: whoever is late by a second one would be taken out and never told.
    let now = Deadline.now
    let late = waiters.filter { $0.deadline <= now }
    waiters.removeAll { $0.deadline <= now }
    for waiter in late {
      waiter.continuation.resume(
        throwing: DatabaseError.timeout("the transaction waited too long for its turn"))
    }
  }

  func giveBack(_ connection: PostgresConnection) {
    if connection.isIdle && !isRetired { idle.append(connection) } else { count -= 1 }
    wakeOne()
  }

  /// Closes what nobody uses: one connection was found broken, and each of the others might take as long to show it.
  func closeIdle() {
    count -= idle.count
    idle = []
  }

  /// Transactions under way keep their connections; those that wait look for the new leader.
  func retire() {
    isRetired = true
    closeIdle()
    for waiter in waiters { waiter.continuation.resume() }
    waiters = []
  }

  /// Refuses those that wait.
  func close(_ error: DatabaseError) {
    for waiter in waiters { waiter.continuation.resume(throwing: error) }
    waiters = []
    retire()
  }

  private func wakeOne() {
    if !waiters.isEmpty { waiters.removeFirst().continuation.resume() }
  }
}
