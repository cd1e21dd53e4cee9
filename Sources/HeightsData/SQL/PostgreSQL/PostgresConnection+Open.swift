// Opening a connection without keeping the loop waiting.

import CPostgres

extension PostgresConnection {
  /// - Throws: `DatabaseError.gone` when the server can't be reached before the deadline.
  static func open(
    _ target: PostgresTarget, on loop: EventLoop, statementMs: Int, deadline: Deadline
  ) async throws -> PostgresConnection {
    loop.checkIsolated()
    let handle = try target.connect(statementMs: statementMs, PQconnectStartParams)
    do { try await finishConnecting(handle, on: loop, deadline: deadline) } catch {
      PQfinish(handle)
      throw error
    }
    // The server ends a statement that runs too long; one that says nothing at all has a second more.
    return try PostgresConnection(handle, on: loop, deadlineMs: statementMs + 1_000)
  }

  private static func finishConnecting(
    _ handle: OpaquePointer, on loop: EventLoop, deadline: Deadline
  ) async throws {
    guard PQstatus(handle) != CONNECTION_BAD else { throw DatabaseError.connection(handle) }
    var interest: IOEvents = .writable
    while true {
      // The socket may be another one after each step: hosts are tried in turn.
      try await wait(for: interest, of: PQsocket(handle), on: loop, until: deadline)
      switch PQconnectPoll(handle) {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: interest = .readable
      case PGRES_POLLING_WRITING: interest = .writable
      default: throw DatabaseError.connection(handle)
      }
    }
  }

  private static func wait(
    for interest: IOEvents, of descriptor: Int32, on loop: EventLoop, until deadline: Deadline
  ) async throws {
    let wait = DescriptorWait()
    try await withCheckedThrowingContinuation {
      wait.begin($0, interest, descriptor, on: loop, until: deadline)
    }
  }
}

/// Waits once for a descriptor, no longer than until a deadline. Loop thread only.
private final class DescriptorWait {
  private var continuation: CheckedContinuation<Void, any Error>?
  private var watch: Watch?
  private var timer: Timer?

  func begin(
    _ continuation: CheckedContinuation<Void, any Error>, _ interest: IOEvents, _ descriptor: Int32,
    on loop: EventLoop, until deadline: Deadline
  ) {
    self.continuation = continuation
    do {
      watch = try loop.watch(descriptor, interest) { _ in self.end(.success(())) }
      timer = loop.schedule(at: deadline) {
        self.end(.failure(DatabaseError.gone("the server did not answer")))
      }
    } catch { end(.failure(DatabaseError.gone("\(error)"))) }
  }

  private func end(_ result: Result<Void, any Error>) {
    watch?.cancel()
    timer?.cancel()
    watch = nil
    timer = nil
    continuation?.resume(with: result)
    continuation = nil
  }
}
