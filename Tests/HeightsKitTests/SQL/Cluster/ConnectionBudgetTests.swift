// The databases of a cluster share so many connections on a loop: no more are open, and none of them goes without.

import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite struct ConnectionBudgetTests {
  private struct Databases: Sendable {
    let all: [Database]
    let cluster: PostgresCluster
    let loop: EventLoop
    var open: Int { cluster.metrics.transactionConnections.load(ordering: .relaxed) }
  }

  /// Three databases of one cluster, whose transactions have two connections together.
  private func withDatabases(transactionMs: Int = 60_000, _ body: (Databases) async throws -> Void)
    async throws
  {
    let server = try PostgresServer.shared.get()
    let loops = try EventLoopGroup(count: 1)
    let members = ClusterMember.members(of: [server.url()])
    let cluster = PostgresCluster("main", url: server.url(), members: members, on: loops.loops[0])
    var limits = DatabaseLimits()
    (limits.clusterConnectionsPerLoop, limits.transactionMs) = (2, transactionMs)
    var databases: [Database] = []
    let names = (0..<3).map { "b\($0)_\(UInt32.random(in: 0 ... .max))" }
    for name in names {
      try server.run("CREATE DATABASE \(name)")
      databases.append(
        try await Database.open(
          name, of: [(.all, cluster)], migrations: [], loops: loops, limits: limits))
    }
    let result: Result<Void, any Error>
    do {
      try await body(Databases(all: databases, cluster: cluster, loop: loops.loops[0]))
      result = .success(())
    } catch { result = .failure(error) }
    for database in databases { database.close() }
    cluster.close()
    await loops.shutdown()
    for name in names { try server.run("DROP DATABASE \(name) WITH (FORCE)") }
    try result.get()
  }

  @Test func allDatabasesGetTheirTurnAndNoMoreAreOpenThanTheyMayHave() async throws {
    try await withDatabases { databases in
      let most = Atomic<Int>(0)
      try await withThrowingTaskGroup { group in
        for number in 0..<60 {
          let database = databases.all[number % 3]
          group.addTask { @Sendable in
            try await databases.loop.run {
              try await database.transaction { transaction in
                try await transaction.execute("SELECT pg_sleep(0.002)")
                most.max(databases.open, ordering: .relaxed)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(most.load(ordering: .relaxed) == 2)
      #expect(databases.all.map(\.statistics.commits) == [20, 20, 20])
    }
  }

  @Test func aDatabaseIsNotKeptOutByOthersThatAlwaysHaveWork() async throws {
    try await withDatabases { databases in
      let isOver = Atomic<Bool>(false)
      try await withThrowingTaskGroup { group in
        for number in 0..<16 {
          let database = databases.all[number % 2]
          group.addTask { @Sendable in
            try await databases.loop.run {
              while !isOver.load(ordering: .relaxed) {
                try await database.transaction { try await $0.execute("SELECT pg_sleep(0.001)") }
              }
            }
          }
        }
        let third = databases.all[2]
        for _ in 0..<3 {
          // Its turn comes long before that.
          try await databases.loop.run {
            _ = try await third.transaction(deadline: .afterMs(30_000)) { try await $0.execute("SELECT 1") }
          }
        }
        isOver.store(true, ordering: .relaxed)
        try await group.waitForAll()
      }
      #expect(databases.all[2].statistics.commits == 3)
    }
  }

  @Test func whatOneDoesNotUseAnotherGets() async throws {
    try await withDatabases { databases in
      for database in databases.all + databases.all {
        try await databases.loop.run {
          _ = try await database.transaction { try await $0.execute("SELECT 1") }
        }
      }
      #expect(databases.open <= 2)
    }
  }

  @Test func whoWaitsTooLongIsToldAndNothingIsLost() async throws {
    try await withDatabases { databases in
      let mayEnd = AsyncGate()
      let begun = Atomic<Int>(0)
      let holders = databases.all.prefix(2).map { database in
        Task { @Sendable in
          try await database.transaction {
            try await $0.execute("SELECT 1")
            begun.add(1, ordering: .relaxed)
            await mayEnd.wait()
          }
        }
      }
      try await eventually("both are held") { begun.load(ordering: .relaxed) == 2 }
      let error = await #expect(throws: DatabaseError.self) {
        try await databases.all[2].transaction(deadline: .afterMs(50)) {
          _ = try await $0.execute("SELECT 1")
        }
      }
      guard case .timeout? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      let waiter = Task { try await databases.all[2].transaction { try await $0.execute("SELECT 1") } }
      await mayEnd.open()
      for holder in holders { try await holder.value }
      _ = try await waiter.value
      #expect(databases.open <= 2)
    }
  }
}
