// The connections of one loop: one that its reads share, and a bounded number that transactions take in turn.

/// A loop's connections to one database. Loop thread only.
///
/// `@unchecked Sendable` is sound: every entry is checked to be on the loop's thread.
final class PostgresLoop: @unchecked Sendable {
  let loop: EventLoop
  private let target: PostgresTarget
  private let limits: DatabaseLimits

  private var reader: PostgresConnection?
  private var readerWaiters: [CheckedContinuation<PostgresConnection, any Error>] = []
  private var isOpeningReader = false

  private var idle: [PostgresConnection] = []
  /// Connections that exist or are being opened, besides the reader.
  private var writerCount = 0
  private var writerWaiters: [(continuation: CheckedContinuation<Void, any Error>, deadline: Deadline)] = []
  private var isClosed = false

  init(_ target: PostgresTarget, on loop: EventLoop, limits: DatabaseLimits) {
    self.loop = loop
    self.target = target
    self.limits = limits
  }

  /// Call once, on the loop.
  func start() { loop.atEndOfTick { [weak self] in self?.reader?.endTick() } }

  func close() {
    isClosed = true
    let closed = DatabaseError.gone("it was closed")
    for waiter in writerWaiters { waiter.continuation.resume(throwing: closed) }
    writerWaiters = []
    idle = []
  }

  var waitingTransactions: Int { writerWaiters.count }

  // MARK: Reads

  /// Reads until it works or the deadline has passed: a read can be tried again without harm.
  func read(_ sql: SQL, until deadline: Deadline) async throws -> PostgresResult {
    loop.checkIsolated()
    var backOff = BackOff()
    while true {
      do {
        return try await sharedReader(until: deadline).result(of: sql, .endOfTick)
      } catch is PipelineSkipped {
        if deadline.hasPassed { throw DatabaseError.timeout("the read waited too long") }
      } catch DatabaseError.gone(let message) {
        guard try await backOff.wait(on: loop, until: deadline) else { throw DatabaseError.gone(message) }
      }
    }
  }

  private func sharedReader(until deadline: Deadline) async throws -> PostgresConnection {
    if let reader, reader.failure == nil { return reader }
    if isOpeningReader {
      guard readerWaiters.count < limits.queuedTransactions else { throw DatabaseError.tooMany }
      return try await withCheckedThrowingContinuation { readerWaiters.append($0) }
    }
    isOpeningReader = true
    let result = await opened(until: deadline)
    isOpeningReader = false
    reader = try? result.get()
    for waiter in readerWaiters { waiter.resume(with: result) }
    readerWaiters = []
    return try result.get()
  }

  private func opened(until deadline: Deadline) async -> Result<PostgresConnection, any Error> {
    do {
      return .success(
        try await PostgresConnection.open(
          target, on: loop, statementMs: limits.readMs, deadline: min(deadline, .afterMs(3_000))))
    } catch { return .failure(error) }
  }

  // MARK: Transactions

  /// A connection for one transaction alone; give it back with `release`.
  func acquire(until deadline: Deadline) async throws -> PostgresConnection {
    loop.checkIsolated()
    while true {
      if isClosed { throw DatabaseError.gone("it was closed") }
      while let connection = idle.popLast() {
        if connection.isIdle { return connection }
        writerCount -= 1
      }
      if writerCount < limits.connectionsPerLoop { return try await newWriter(until: deadline) }
      try await waitForWriter(until: deadline)
    }
  }

  private func newWriter(until deadline: Deadline) async throws -> PostgresConnection {
    writerCount += 1
    switch await opened(until: deadline) {
    case .success(let connection): return connection
    case .failure(let error):
      writerCount -= 1
      wakeOne()
      throw error
    }
  }

  private func waitForWriter(until deadline: Deadline) async throws {
    guard writerWaiters.count < limits.queuedTransactions else { throw DatabaseError.tooMany }
    loop.schedule(at: deadline) { [weak self] in self?.endLateWaits() }
    try await withCheckedThrowingContinuation { writerWaiters.append(($0, deadline)) }
  }

  private func endLateWaits() {
    let late = writerWaiters.filter(\.deadline.hasPassed)
    writerWaiters.removeAll(where: \.deadline.hasPassed)
    for waiter in late {
      waiter.continuation.resume(
        throwing: DatabaseError.timeout("the transaction waited too long for its turn"))
    }
  }

  func release(_ connection: PostgresConnection) {
    if connection.isIdle && !isClosed { idle.append(connection) } else { writerCount -= 1 }
    wakeOne()
  }

  private func wakeOne() {
    if !writerWaiters.isEmpty { writerWaiters.removeFirst().continuation.resume() }
  }
}

/// Waits between tries: 10 ms at first, twice as long each time, at most half a second, never twice the same.
struct BackOff {
  private var nextMs = 10

  /// - Returns: false when the deadline comes first.
  mutating func wait(on loop: EventLoop, until deadline: Deadline) async throws -> Bool {
    let ms = Int.random(in: nextMs / 2...nextMs)
    guard deadline.remainingMs > ms else { return false }
    nextMs = min(nextMs * 2, 500)
    try await loop.sleep(ms: ms)
    return true
  }
}
