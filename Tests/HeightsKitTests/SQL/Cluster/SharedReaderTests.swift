// Who wants the connection that others are opening has their own time, not that of whoever opens it.

import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP
@testable import HeightsKit
@testable import HeightsRuntime

@Suite struct SharedReaderTests {
  /// `@unchecked Sendable` is sound: the tasks that touch the reader are its loop's.
  private struct Shared: @unchecked Sendable {
    let reader: SharedReader
  }

  /// A reader whose first connection is not opened before `body` lets it be.
  private func withReader(_ body: @escaping @Sendable (Shared, AsyncGate, EventLoop) async throws -> Void)
    async throws
  {
    let server = try PostgresServer.shared.get()
    let loops = try EventLoopGroup(count: 1)
    let loop = loops.loops[0]
    let member = try #require(ClusterMember.members(of: [server.url()]).first)
    let attempts = Attempts()
    try await loop.run {
      let gate = AsyncGate()
      let shared = Shared(
        reader: SharedReader(member, on: loop, waiterLimit: 8) { deadline in
          if attempts.isFirst { await gate.wait() }
          if deadline.hasPassed { return .failure(DatabaseError.gone("no time is left")) }
          do {
            return .success(
              try await PostgresConnection.open(
                PostgresTarget(url: server.url(), database: "postgres"), on: loop, statementMs: 5_000,
                deadline: deadline))
          } catch { return .failure(error) }
        })
      try await body(shared, gate, loop)
    }
    await loops.shutdown()
  }

  private final class Attempts: Sendable {
    private let count = Atomic<Int>(0)
    var isFirst: Bool { count.add(1, ordering: .relaxed).oldValue == 0 }
  }

  private static func ask(_ shared: Shared, on loop: EventLoop, until deadline: Deadline) -> Task<
    PostgresConnection, any Error
  > {
    Task.immediateDetached(executorPreference: loop) {
      try await shared.reader.connection(until: deadline)
    }
  }

  @Test func whenWhoeverOpensItHasNoTimeLeftAnotherDoes() async throws {
    try await withReader { shared, gate, loop in
      let first = Self.ask(shared, on: loop, until: .afterMs(20))
      let others = (0..<3).map { _ in Self.ask(shared, on: loop, until: .afterMs(30_000)) }
      try await loop.sleep(ms: 30)
      await gate.open()
      await #expect(throws: DatabaseError.gone("no time is left")) { try await first.value }
      let connections = try await [others[0].value, others[1].value, others[2].value]
      #expect(connections.allSatisfy { $0 === connections[0] && $0.failure == nil })
    }
  }

  @Test func whoHasLessTimeThanWhoeverOpensItIsToldInTime() async throws {
    try await withReader { shared, gate, loop in
      let first = Self.ask(shared, on: loop, until: .afterMs(30_000))
      let second = Self.ask(shared, on: loop, until: .afterMs(20))
      let error = await #expect(throws: DatabaseError.self) { try await second.value }
      guard case .timeout? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      await gate.open()
      let connection = try await first.value
      #expect(connection.failure == nil)
    }
  }
}
