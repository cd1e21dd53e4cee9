// The connection to one server that all reads of a loop share.

/// Opens the connection when it is wanted, once for all who want it, and again when it is broken. Loop thread only.
final class SharedReader {
  /// Nil when whoever was opening it had no time left: then it has to be asked for again.
  private typealias Waiter = CheckedContinuation<PostgresConnection?, any Error>

  let member: ClusterMember
  private let loop: EventLoop
  private let open: (Deadline) async -> Result<PostgresConnection, any Error>
  private let waiterLimit: Int
  private var connection: PostgresConnection?
  private var waiters: [(number: Int, waiter: Waiter)] = []
  private var lastNumber = 0
  private var isOpening = false
  private var failure: DatabaseError?

  init(
    _ member: ClusterMember, on loop: EventLoop, waiterLimit: Int,
    open: @escaping (Deadline) async -> Result<PostgresConnection, any Error>
  ) {
    self.member = member
    self.loop = loop
    self.waiterLimit = waiterLimit
    self.open = open
  }

  /// The connection if it is there, without a wait.
  var ready: PostgresConnection? {
    guard let connection, connection.failure == nil else { return nil }
    return connection
  }

  /// - Throws: `.timeout` when it is not there by the deadline, whoever opens it; `.tooMany`; why it can't be opened.
  func connection(until deadline: Deadline) async throws -> PostgresConnection {
    while true {
      if let ready { return ready }
      if let failure { throw failure }
      if !isOpening { return try await opened(until: deadline) }
      if let connection = try await opening(until: deadline) { return connection }
      if deadline.hasPassed { throw Self.late }
    }
  }

  private func opened(until deadline: Deadline) async throws -> PostgresConnection {
    isOpening = true
    var result = await open(deadline)
    isOpening = false
    if let failure { result = .failure(failure) }
    connection = try? result.get()
    // Another may have more time.
    let isLate = connection == nil && failure == nil && deadline.hasPassed
    let all = waiters.map(\.waiter)
    waiters = []
    for waiter in all { waiter.resume(with: isLate ? .success(nil) : result.map { $0 }) }
    return try result.get()
  }

  private func opening(until deadline: Deadline) async throws -> PostgresConnection? {
    guard waiters.count < waiterLimit else { throw DatabaseError.tooMany }
    lastNumber += 1
    let number = lastNumber
    let timer = loop.schedule(at: deadline) { [weak self] in self?.giveUp(number) }
    defer { timer.cancel() }
    return try await withCheckedThrowingContinuation { waiters.append((number, $0)) }
  }

  private func giveUp(_ number: Int) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    waiters.remove(at: index).waiter.resume(throwing: Self.late)
  }

  private static let late = DatabaseError.timeout("the read waited too long for its connection")

  /// Gives up at once what waits for an answer: its server doesn't answer.
  func fail(_ error: DatabaseError) {
    failure = error
    connection?.fail(error)
    connection = nil
  }

  /// Lets what waits be answered; the connection ends with the last of it.
  func retire() { connection = nil }
}
