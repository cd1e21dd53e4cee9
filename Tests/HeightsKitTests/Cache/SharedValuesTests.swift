// What one process has made, another need not; what one removes, all forget; and an empty cache is not the database's end.

import TestSupport
import Testing

@testable import HeightsKit

@Suite struct SharedValuesTests {
  private actor Running {
    private(set) var (now, most) = (0, 0)

    func begin() {
      now += 1
      most = max(most, now)
    }

    func end() { now -= 1 }
  }

  private func withTwo(_ body: (RedisServer, (SharedRedis, Cache), (SharedRedis, Cache)) async throws -> Void)
    async throws
  {
    let server = try RedisServer()
    try await withRedis(.server(server)) { one, _ in
      try await withRedis(.server(server)) { other, _ in
        try await body(server, (one, cache(one)), (other, cache(other)))
      }
    }
  }

  private func cache(_ redis: SharedRedis) -> Cache {
    Cache(limitBytes: 1 << 20, shared: SharedValues(redis), now: { .now })
  }

  private func value(_ cache: Cache, _ text: String, key: String = "k") async throws -> String {
    String(decoding: try await cache.value(for: key, ttlMs: 60_000) { Array(text.utf8) }, as: UTF8.self)
  }

  /// What was made before Redis has been there for so long is not believed.
  private func wait() async throws { try await Task.sleep(for: .milliseconds(SharedCopies.skewMs + 100)) }

  @Test func aValueIsMadeOnceForAllProcesses() async throws {
    try await withTwo { _, one, other in
      try await wait()
      #expect(try await value(one.1, "first") == "first")
      #expect(try await value(other.1, "second") == "first")
    }
  }

  @Test func aKeyThatOneRemovesAllForget() async throws {
    try await withTwo { _, one, other in
      try await wait()
      #expect(try await value(one.1, "first") == "first")
      #expect(try await value(other.1, "second") == "first")
      await one.1.remove("k")
      #expect(try await value(one.1, "third") == "third")
      try await eventually("the other has heard of it") { try await value(other.1, "fourth") == "fourth" }
    }
  }

  @Test func whoMayHaveMissedARemovalForgetsEverything() async throws {
    try await withTwo { server, one, _ in
      #expect(try await value(one.1, "first") == "first")
      #expect(try await value(one.1, "second") == "first")
      server.kill()
      try await one.0.left()
      #expect(try await value(one.1, "second") == "first", "it goes on by itself")
      try server.start()
      try await one.0.returned()
      #expect(try await value(one.1, "third") == "third")
    }
  }

  @Test func noMoreThanTheBoundAreMadeAtOnceAndOneForAnotherHasItsPlace() async throws {
    let (cache, gate) = (Cache(limitBytes: 1 << 20), AsyncGate())
    let running = Running()
    try await withThrowingTaskGroup { group in
      for number in 0..<3 * Cache.makers {
        group.addTask {
          _ = try await cache.value(for: "\(number)", ttlMs: 60_000) {
            await running.begin()
            await gate.wait()
            await running.end()
            return try await cache.value(for: "inner \(number)", ttlMs: 60_000) { [1] }
          }
        }
      }
      try await eventually("as many as may be are") { await running.now == Cache.makers }
      await gate.open()
      try await group.waitForAll()
    }
    #expect(await running.most == Cache.makers)
  }
}
