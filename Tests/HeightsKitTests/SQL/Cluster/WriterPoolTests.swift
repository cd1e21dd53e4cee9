// Transactions that wait for a connection: each gets one, or is told that it waited too long.

import TestSupport
import Testing

@testable import HeightsData

@Suite struct WriterPoolTests {
  /// `@unchecked Sendable` is sound: the tasks that touch the pool are its loop's.
  private struct Shared: @unchecked Sendable {
    let pool: WriterPool
  }

  @Test func whoeverWaitsTooLongIsToldHoweverCloselyTheyFollowEachOther() async throws {
    let count = 2_000
    let loops = try EventLoopGroup(count: 1)
    let loop = loops.loops[0]
    var limits = DatabaseLimits()
    (limits.connectionsPerLoop, limits.queuedTransactions) = (0, count)
    let member = try #require(ClusterMember.members(of: ["postgresql://heights@127.0.0.1:1/"]).first)
    let told = try await loop.run { [limits] in
      let shared = Shared(
        pool: WriterPool(
          member, timeline: 1, budget: ConnectionBudget(1, waiterLimit: 1, on: loop), on: loop, limits: limits
        ) { _ in .failure(DatabaseError.tooMany) })
      let first = Deadline.afterMs(50)
      return try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<count {
          group.addTask(executorPreference: loop) {
            // Ten microseconds apart, so that some become late while the pool looks at the others.
            let deadline = Deadline(uptimeNanoseconds: first.uptimeNanoseconds + UInt64(10_000 * number))
            do {
              _ = try await shared.pool.take(until: deadline)
              return false
            } catch DatabaseError.timeout { return true }
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
    }
    #expect(told == count)
    await loops.shutdown()
  }

  @Test func whoGetsAConnectionThatBreaksBeforeTheirTurnOpensAnotherInItsPlace() async throws {
    let server = try PostgresServer.shared.get()
    let loops = try EventLoopGroup(count: 1)
    let loop = loops.loops[0]
    var limits = DatabaseLimits()
    limits.connectionsPerLoop = 1
    let member = try #require(ClusterMember.members(of: [server.url()]).first)
    let hasAnother = try await loop.run { [limits] in
      let (budget, metrics) = (ConnectionBudget(1, waiterLimit: 1, on: loop), ClusterMetrics())
      let shared = Shared(
        pool: WriterPool(member, timeline: 1, budget: budget, on: loop, limits: limits) { deadline in
          do {
            let share = try await budget.take(until: deadline)
            let connection = try await PostgresConnection.open(
              PostgresTarget(url: server.url(), database: "postgres"), on: loop, statementMs: 5_000,
              deadline: deadline)
            connection.count = ConnectionCount(metrics, .transactions, share)
            return .success(connection)
          } catch { return .failure(error) }
        })
      let first = try #require(try await shared.pool.take(until: .afterMs(30_000)))
      let second = Task.immediateDetached(executorPreference: loop) {
        try await shared.pool.take(until: .afterMs(2_000))?.isIdle
      }
      // All connections break at once: also the one that is on its way to the next.
      shared.pool.giveBack(first)
      first.fail(.gone("the server left"))
      return try await second.value
    }
    #expect(hasAnother == true)
    await loops.shutdown()
  }
}
