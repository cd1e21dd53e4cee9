// The connection to one server that all reads of a loop share.

/// Opens the connection when it is wanted, once for all who want it, and again when it is broken. Loop thread only.
final class SharedReader {
  let member: ClusterMember
  private let open: (Deadline) async -> Result<PostgresConnection, any Error>
  private let waiterLimit: Int
  private var connection: PostgresConnection?
  private var waiters: [CheckedContinuation<PostgresConnection, any Error>] = []
  private var isOpening = false
  private var failure: DatabaseError?

  init(
    _ member: ClusterMember, waiterLimit: Int,
    open: @escaping (Deadline) async -> Result<PostgresConnection, any Error>
  ) {
    self.member = member
    self.waiterLimit = waiterLimit
    self.open = open
  }

  /// The connection if it is there, without a wait.
  var ready: PostgresConnection? {
    guard let connection, connection.failure == nil else { return nil }
    return connection
  }

  func connection(until deadline: Deadline) async throws -> PostgresConnection {
    if let ready { return ready }
    if let failure { throw failure }
    if isOpening {
      guard waiters.count < waiterLimit else { throw DatabaseError.tooMany }
      return try await withCheckedThrowingContinuation { waiters.append($0) }
    }
    isOpening = true
    var result = await open(deadline)
    isOpening = false
    if let failure { result = .failure(failure) }
    connection = try? result.get()
    for waiter in waiters { waiter.resume(with: result) }
    waiters = []
    return try result.get()
  }

  /// Gives up at once what waits for an answer: its server doesn't answer.
  func fail(_ error: DatabaseError) {
    failure = error
    connection?.fail(error)
    connection = nil
  }

  /// Lets what waits be answered; the connection ends with the last of it.
  func retire() { connection = nil }
}
