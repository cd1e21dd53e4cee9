// The connections of one loop to a database of a cluster: for reads one to each server, for transactions some to the leader.

import Policies

/// A loop's connections to one database. Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread. Those of every
/// statement are in debug builds only (`assertIsolated`).
final class LoopConnections: @unchecked Sendable {
  /// How long a server may take to accept a connection, in milliseconds.
  private static let connectMs = 2_000

  let loop: EventLoop
  let cluster: PostgresCluster
  private let database: String
  private let limits: DatabaseLimits

  private var view = PostgresCluster.View()
  private var version = -1
  private var readers: [SharedReader] = []
  /// The one of `readers` that most reads want.
  private var leaderReader: SharedReader?
  private var pool: WriterPool?
  /// Connections that have sent something in this tick that is not synchronised.
  private var unsynced: [PostgresConnection] = []
  private var turn = 0
  private var isClosed = false
  /// Whether nobody reads here any more.
  private var hasEnded = false
  private var hook: Int?

  init(_ database: String, of cluster: PostgresCluster, on loop: EventLoop, limits: DatabaseLimits) {
    self.loop = loop
    self.cluster = cluster
    self.database = database
    self.limits = limits
  }

  /// Call once, on the loop.
  func start() {
    loop.checkIsolated()
    // Held until the loop ends, or this does: a weak reference would make every other one slow.
    hook = loop.hook(while: { [self] in !unsynced.isEmpty }, leftover: { [self] in leftover }) { [self] in
      endTick()
    }
    cluster.add(self)
    look()
  }

  func close() {
    loop.checkIsolated()
    isClosed = true
    cluster.remove(self)
    pool?.close(.gone("it was closed"))
    pool?.budget.remove(self)
    pool = nil
  }

  /// Closes, and lets go of all connections. Nobody waits for one: at most a read is left that its caller has given up.
  func end() {
    loop.checkIsolated()
    close()
    hasEnded = true
    for reader in readers { reader.fail(.gone("it was closed")) }
    readers = []
    leaderReader = nil
    if let hook { loop.endHook(hook) }
    hook = nil
  }

  private var leftover: String? {
    readers.contains { $0.ready?.hasUnsynced == true } ? "reads of \(database) that were not sent" : nil
  }

  private func endTick() {
    for connection in unsynced { connection.endTick() }
    unsynced.removeAll(keepingCapacity: true)
  }

  // MARK: The cluster's changes

  /// Goes by what is known of the cluster now.
  func look() {
    loop.assertIsolated()
    guard cluster.version != version else { return }
    (view, version) = cluster.view
    leaderReader = nil
    readers.removeAll { reader in
      if !view.members.contains(where: { $0 === reader.member }) {
        reader.retire()
        return true
      }
      guard view.silent.contains(where: { $0 === reader.member }) else { return false }
      reader.fail(.gone("\(reader.member.name) doesn't answer"))
      return true
    }
    guard let pool, let leader = view.leader else { return }
    if pool.member !== leader || pool.timeline != view.timeline {
      pool.retire()
      self.pool = nil
    }
  }

  private func leader() throws -> ClusterMember {
    guard let leader = view.leader else {
      throw DatabaseError.gone("no server of the cluster \(cluster.name) takes writes at present")
    }
    return leader
  }

  private func reader(of member: ClusterMember) -> SharedReader {
    // One to three: a search beats hashing.
    if let reader = readers.first(where: { $0.member === member }) { return reader }
    let reader = SharedReader(member, on: loop, waiterLimit: limits.queuedTransactions) {
      [unowned self] deadline in
      await opened(member, .reads, statementMs: limits.readMs, until: deadline)
    }
    readers.append(reader)
    return reader
  }

  private func opened(
    _ member: ClusterMember, _ purpose: ClusterMetrics.Purpose, _ share: ConnectionBudget.Share? = nil,
    statementMs: Int, until deadline: Deadline
  ) async -> Result<PostgresConnection, any Error> {
    do {
      let connection = try await PostgresConnection.open(
        cluster.target(database, at: member), on: loop, statementMs: statementMs,
        deadline: min(deadline, .afterMs(Self.connectMs)))
      connection.count = ConnectionCount(cluster.metrics, purpose, share)
      connection.onFirstOfTick = { [unowned self] in unsynced.append($0) }
      return .success(connection)
    } catch { return .failure(error) }
  }

  // MARK: Reads

  /// As `read`, for somebody who has less time than a read may take.
  /// - Throws: `.timeout` at the deadline, also while others hold the connection up that all reads of the loop share.
  func readInTime(
    _ sql: SQL, _ seen: SeenPositions?, _ newness: Newness, until deadline: Deadline
  ) async throws -> PostgresResult {
    loop.checkIsolated()
    let late = DatabaseError.timeout("the request was due before the read had its answer")
    if deadline.hasPassed { throw late }
    return try await loop.result(by: deadline, else: late) { [self] in
      try await read(sql, seen, newness, until: deadline)
    }
  }

  /// Reads until it works or the deadline has passed: a read can be tried again without harm.
  /// - Parameters:
  ///   - seen: what the session has seen of the cluster; nil for reads of the leader only.
  ///   - newness: how new the answer must be.
  func read(
    _ sql: SQL, _ seen: SeenPositions?, _ newness: Newness, until deadline: Deadline
  ) async throws -> PostgresResult {
    loop.checkIsolated()
    cluster.touch(loop.lastNow)
    var patience = Patience.forLeader
    var avoided: ClusterMember?
    var refusal: Refusal?
    while true {
      if hasEnded { throw DatabaseError.gone("it was closed") }
      look()
      do {
        if newness == .newest { return try await readNewest(sql, until: deadline) }
        guard let seen, view.isReplicated else { return try await readLeader(sql, until: deadline) }
        switch route(seen, avoiding: avoided) {
        case nil:
          do { return try await readLeader(sql, seen, since: refusal, until: deadline) } catch let error
            as DatabaseError where error.isOfServer
          {
            guard let follower = routeWithoutLeader(seen) else { throw error }
            cluster.askAtOnce()
            return try await read(sql, follower, seen, until: deadline)
          }
        case let follower?:
          do {
            let result = try await read(sql, follower, seen, until: deadline)
            if newness != .sought || result.rowCount > 0 { return result }
            // Without a leader what the follower knows is all there is.
            do {
              return try await readLeader(sql, seen, since: refusal, until: deadline)
            } catch is DatabaseError {
              return result
            }
          } catch let error as DatabaseError where error.isOfServer {
            avoided = follower
            cluster.askAtOnce()
          }
        }
      } catch let refused as Refusal {
        refusal = refusal ?? refused
        let message = "\(refused.leader.name) has less than was seen of the cluster \(cluster.name) before"
        guard try await waitForLeader(&patience, until: deadline) else { throw DatabaseError.gone(message) }
      } catch is PipelineSkipped {
        if deadline.hasPassed { throw DatabaseError.timeout("the read waited too long") }
      } catch DatabaseError.gone(let message) {
        guard try await waitForLeader(&patience, until: deadline) else { throw DatabaseError.gone(message) }
        avoided = nil
      }
    }
  }

  /// The follower to read from; nil for the leader.
  private func route(_ seen: SeenPositions, avoiding avoided: ClusterMember?) -> ClusterMember? {
    turn &+= 1
    return view.follower(
      after: seen.token(of: cluster.id), fresh: cluster.freshPosition, turn: turn, avoiding: avoided)
  }

  /// The follower that shows all that a session has seen which would rather ask the leader; nil where only that will do.
  private func routeWithoutLeader(_ seen: SeenPositions) -> ClusterMember? {
    guard var token = seen.token(of: cluster.id), token.isUnsure else { return nil }
    token.isUnsure = false
    return view.follower(after: token, fresh: cluster.freshPosition, turn: turn, avoiding: nil)
  }

  /// What a session has seen does not matter here: who reads so, always does.
  private func readNewest(_ sql: SQL, until deadline: Deadline) async throws -> PostgresResult {
    guard view.leader == nil, let follower = view.standIn(for: cluster.leaderPosition) else {
      return try await readLeader(sql, until: deadline)
    }
    let connection = try await reader(of: follower).connection(until: deadline)
    cluster.metrics.followerReads.add(1, ordering: .relaxed)
    if isShort(deadline) { return try await shortResult(of: sql, from: connection, until: deadline) }
    return try await connection.result(of: sql, .endOfTick)
  }

  private func readLeader(_ sql: SQL, until deadline: Deadline) async throws -> PostgresResult {
    let reader = try leaderReader ?? reader(of: leader())
    leaderReader = reader
    let connection =
      if let ready = reader.ready { ready } else { try await reader.connection(until: deadline) }
    cluster.metrics.leaderReads.add(1, ordering: .relaxed)
    if isShort(deadline) { return try await shortResult(of: sql, from: connection, until: deadline) }
    return try await connection.result(of: sql, .endOfTick)
  }

  /// Sends a read by itself, which has less time than the server knows: with its time.
  private func shortResult(
    of sql: SQL, from connection: PostgresConnection, until deadline: Deadline, then end: EndOfLog? = nil
  ) async throws -> PostgresResult {
    let ms = "\(max(1, deadline.remainingMs))"
    // What is synchronised together is a transaction, and the limit ends with it.
    try connection.sendAhead(
      "SELECT set_config('statement_timeout', \(ms), true)", until: .afterMs(limits.readMs + 1_000))
    return try await connection.result(of: sql, .own, then: end)
  }

  private func shortResultAndPosition(
    of sql: SQL, from connection: PostgresConnection, until deadline: Deadline
  ) async throws -> (PostgresResult, LogPosition) {
    let end = EndOfLog()
    let result = try await shortResult(of: sql, from: connection, until: deadline, then: end)
    return (result, try await end.position)
  }

  /// Whether the server would give a read more time than there is: it has been tried before, or its request is due.
  private func isShort(_ deadline: Deadline) -> Bool { deadline < loop.lastNow.plus(ms: limits.readMs) }

  /// A leader has answered from an older state than the session has seen: another one may have been elected.
  private struct Refusal: Error {
    let leader: ClusterMember
    let at = Deadline.now
  }

  /// - Parameter refusal: the first one of this read. Whoever leads once every server has been asked after it is believed:
  ///   then what the session has seen is no more.
  private func readLeader(
    _ sql: SQL, _ seen: SeenPositions, since refusal: Refusal?, until deadline: Deadline
  ) async throws -> PostgresResult {
    let (leader, timeline) = (try leader(), view.timeline)
    let connection = try await reader(of: leader).connection(until: deadline)
    cluster.metrics.leaderReads.add(1, ordering: .relaxed)
    let isWhole = refusal.map { cluster.isWholeSince($0.at) } ?? false
    look()
    let isBelieved = isWhole && view.leader === leader && view.timeline == timeline
    let start = seen.willReadLeader(of: cluster.id)
    let (result, position) =
      if isShort(deadline) {
        try await shortResultAndPosition(of: sql, from: connection, until: deadline)
      } else { try await connection.resultAndPosition(of: sql) }
    if let token = start.token, token.refuses(position, on: timeline), !isBelieved {
      throw Refusal(leader: leader)
    }
    seen.hasReadLeader(position, on: timeline, of: cluster.id, since: start)
    return result
  }

  private func read(
    _ sql: SQL, _ follower: ClusterMember, _ seen: SeenPositions, until deadline: Deadline
  ) async throws -> PostgresResult {
    let connection = try await reader(of: follower).connection(until: deadline)
    seen.willRead(follower.id, from: cluster.freshPosition, of: cluster.id)
    cluster.metrics.followerReads.add(1, ordering: .relaxed)
    let result =
      if isShort(deadline) {
        try await shortResult(of: sql, from: connection, until: deadline)
      } else { try await connection.result(of: sql, .endOfTick) }
    seen.hasRead(follower.id, of: cluster.id)
    return result
  }

  /// - Returns: false when the deadline comes first.
  func waitForLeader(_ patience: inout Patience, until deadline: Deadline) async throws -> Bool {
    loop.checkIsolated()
    cluster.metrics.waits.add(1, ordering: .relaxed)
    cluster.askAtOnce()
    return try await patience.wait(on: loop, until: deadline)
  }

  // MARK: Transactions

  /// A connection to the leader for one transaction alone, and the pool to give it back to.
  func acquire(until deadline: Deadline) async throws -> (PostgresConnection, WriterPool) {
    loop.checkIsolated()
    cluster.touch(loop.lastNow)
    while true {
      if isClosed { throw DatabaseError.gone("it was closed") }
      look()
      let pool = try currentPool()
      if let connection = try await pool.take(until: deadline) { return (connection, pool) }
    }
  }

  private func currentPool() throws -> WriterPool {
    let leader = try leader()
    if let pool { return pool }
    let budget = cluster.budget(of: leader, on: loop, limits)
    budget.add(self) { [weak self] in self?.pool?.closeIdle() }
    let pool = WriterPool(leader, timeline: view.timeline, budget: budget, on: loop, limits: limits) {
      [unowned self] in await openedForTransactions(leader, budget, until: $0)
    }
    self.pool = pool
    return pool
  }

  private func openedForTransactions(
    _ leader: ClusterMember, _ budget: ConnectionBudget, until deadline: Deadline
  ) async -> Result<PostgresConnection, any Error> {
    do {
      let share = try await budget.take(until: deadline)
      look()
      guard view.leader === leader else {
        throw DatabaseError.gone("another server leads the cluster \(cluster.name) by now")
      }
      let connection = try await opened(
        leader, .transactions, share, statementMs: limits.transactionMs, until: deadline
      ).get()
      return connection.refusesWrites ? .failure(DatabaseError.readOnly) : .success(connection)
    } catch { return .failure(error) }
  }

}

/// How new the answer to a read must be.
enum Newness {
  /// As new as what the session has seen.
  case seen
  /// The same, and what a follower doesn't find is looked for at the leader too.
  case sought
  /// As new as there is, see `Database.newest`.
  case newest
}

extension DatabaseError {
  /// Whether another server may answer the same read.
  fileprivate var isOfServer: Bool {
    switch self {
    case .gone, .contended, .readOnly, .tooMany: true
    case .timeout, .conflict, .full, .invalid, .zeroInText, .notANumber, .corrupt, .unknown: false
    }
  }
}

/// The waits of one who tries again and again, never twice the same.
struct Patience {
  private let backOff: BackOff
  private var lastMs = 0

  private init(_ backOff: BackOff) { self.backOff = backOff }

  /// For a cluster that may be choosing a leader.
  static var forLeader: Patience { Patience(BackOff(firstMs: 10, limitMs: 200)) }
  /// For transactions in each other's way: the one that won needs but a commit.
  static var forOthers: Patience { Patience(BackOff(firstMs: 1, limitMs: 64)) }

  /// - Returns: false when the deadline comes first.
  mutating func wait(on loop: EventLoop, until deadline: Deadline) async throws -> Bool {
    let nextMs = backOff.next(after: lastMs)
    let ms = BackOff.shortened(nextMs, chance: .random(in: 0...1))
    guard deadline.remainingMs > ms else { return false }
    lastMs = nextMs
    try await loop.sleep(ms: ms)
    return true
  }
}
