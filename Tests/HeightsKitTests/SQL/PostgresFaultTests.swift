// Faults of a PostgreSQL server: they pass, or are told clearly, and no acknowledged write is lost or doubled.

import Foundation
import Glibc
import HeightsData
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct PostgresFaultTests {
  @Test func transactionsInEachOthersWayAreRunAgain() async throws {
    var limits = DatabaseLimits()
    limits.transactionMs = 60_000
    try await withPostgres(limits: limits) { notes, database in
      for number in 0..<2 { try await database.insertNote("\(number)", likes: 0) }
      // Each locks the two rows in the other's order: PostgreSQL ends one of each pair that waits for each other.
      try await withThrowingTaskGroup { group in
        for number in 0..<20 {
          let loop = notes.loops.next()
          let order = number % 2 == 0 ? ["0", "1"] : ["1", "0"]
          group.addTask {
            try await loop.run {
              try await database.transaction { transaction in
                for text in order {
                  try await transaction.execute("UPDATE notes SET likes = likes + 1 WHERE text = \(text)")
                }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await database.query("SELECT likes FROM notes") { try $0.int(0) } == [20, 20])
    }
  }

  @Test func connectionsThatTheServerEndsAreReplacedAndWritesAreNotDoubled() async throws {
    try await withPostgres { notes, database in
      let done = Atomic<Bool>(false)
      let disturber = Task.detached {
        while !done.load(ordering: .acquiring) {
          try notes.server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(notes.name)' AND application_name = 'heights'"
          )
          usleep(30_000)
        }
      }
      var acknowledged: Set<String> = []
      var unknown: Set<String> = []
      for number in 0..<300 {
        do {
          try await database.insertNote("w\(number)")
          acknowledged.insert("w\(number)")
        } catch DatabaseError.unknown { unknown.insert("w\(number)") }
      }
      done.store(true, ordering: .releasing)
      try await disturber.value
      let found = try await database.query("SELECT text FROM notes") { try $0.text(0) }
      #expect(Set(found).count == found.count)
      #expect(acknowledged.subtracting(found) == [], "an acknowledged write is missing")
      #expect(Set(found).subtracting(acknowledged).isSubset(of: unknown), "a refused write is there")
      #expect(acknowledged.count > 250)
    }
  }

  @Test func aStatementThatRunsTooLongIsEndedByTheServer() async throws {
    var limits = DatabaseLimits()
    limits.readMs = 200
    limits.transactionMs = 200
    try await withPostgres([], limits: limits) { _, database in
      let read = await #expect(throws: DatabaseError.self) {
        try await database.query("SELECT pg_sleep(60)::text") { try $0.text(0) }
      }
      #expect(read == .timeout("canceling statement due to statement timeout (SQLSTATE 57014)"))
      let write = await #expect(throws: DatabaseError.self) {
        try await database.transaction { try await $0.execute("SELECT pg_sleep(60)") }
      }
      #expect(write == .timeout("canceling statement due to statement timeout (SQLSTATE 57014)"))
      let one = try await database.first("SELECT \(1)") { try $0.int(0) }
      #expect(one == 1)
    }
  }

  @Test func aServerThatHangsIsGivenUpAndFoundAgain() async throws {
    var limits = DatabaseLimits()
    limits.readMs = 300
    limits.transactionMs = 300
    try await withPostgres(limits: limits) { notes, database in
      try await database.insertNote("before")
      #expect(try await database.count() == 1)
      try notes.server.signal(SIGSTOP)
      await #expect(throws: DatabaseError.self) { try await database.count() }
      await #expect(throws: DatabaseError.self) { try await database.insertNote("meanwhile") }
      try notes.server.signal(SIGCONT)
      let deadline = Deadline.afterMs(20_000)
      // Until the deadline at most.
      while true {
        if let count = try? await database.count() {
          #expect(count >= 1)
          break
        }
        try #require(!deadline.hasPassed)
      }
      try await database.insertNote("after")
    }
  }

  @Test func aServerThatIsNotThereIsToldSo() async throws {
    let loops = try EventLoopGroup(count: 1)
    let error = await #expect(throws: DatabaseError.self) {
      try await Database.open(
        name: "notes", url: "postgresql://heights:secret@127.0.0.1:1/", migrations: [], loops: loops)
    }
    guard case .gone(let message)? = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    #expect(message.contains("127.0.0.1") && !message.contains("secret"))
    await loops.shutdown()
  }
}
