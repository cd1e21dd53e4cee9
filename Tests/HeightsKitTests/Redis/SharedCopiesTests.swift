// What processes share in Redis is never believed when it could be out of date.

import Glibc
import Policies
import TestSupport
import Testing

@testable import HeightsKit
@testable import HeightsRuntime

@Suite struct SharedCopiesTests {
  /// Late enough to be believed, however short a time Redis has been there.
  private var later: Int64 { wallClockMs() + 2 * SharedCopies.skewMs }
  private let key = Array("key".utf8)

  /// Two processes that share a server.
  private func withTwo(
    _ body: (
      RedisServer, (redis: SharedRedis, copies: SharedCopies), (redis: SharedRedis, copies: SharedCopies)
    )
      async throws -> Void
  ) async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { one, _ in
      try await withRedis(.server(server)) { other, _ in
        try await body(
          server, (one, copies(one)), (other, copies(other)))
      }
    }
  }

  private func copies(_ redis: SharedRedis, secret: UInt8 = 7, ahead: Clock = Clock(0)) -> SharedCopies {
    SharedCopies(
      redis, prefix: "t:", markMs: 60_000, secret: Array(repeating: secret, count: 32),
      nowMs: { wallClockMs() + 2 * SharedCopies.skewMs + ahead.nowMs })
  }

  @Test func whatRedisHasMadeUpOrChangedOrMovedIsNotBelieved() async throws {
    try await withTwo { server, one, other in
      let place = RedisArgument("t:key")
      await one.copies.keep(key, [1, 2], readAtMs: later, lifeMs: 60_000)
      guard case .bytes(let genuine) = try await one.redis.command("GET", place) else {
        Issue.record("there is no copy")
        return
      }
      var forged = [genuine + [0], Array(genuine.dropLast()), Array(genuine.prefix(8)), [1, 2], []]
      forged += genuine.indices.map { index in
        var bytes = genuine
        bytes[index] ^= 1
        return bytes
      }
      for bytes in forged {
        _ = try await one.redis.command("SET", place, RedisArgument(bytes))
        #expect(await other.copies.find(key) == .unknown, "\(bytes)")
      }
      _ = try await one.redis.command("SET", "t:another", RedisArgument(genuine))
      #expect(await other.copies.find(Array("another".utf8)) == .unknown)
      _ = try await one.redis.command("SET", place, RedisArgument(genuine))
      #expect(await other.copies.find(key) == .copy([1, 2]))
      #expect(await copies(other.redis, secret: 8).find(key) == .unknown)
    }
  }

  @Test func aCopyFromTheFutureOrOlderThanItMayBeIsNotBelieved() async throws {
    try await withTwo { _, one, other in
      await one.copies.keep(key, [1], readAtMs: later + 2 * SharedCopies.skewMs, lifeMs: 60_000)
      #expect(await other.copies.find(key) == .unknown)
      await one.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      #expect(await other.copies.find(key, ageLimitMs: 60_000) == .copy([1]))
      #expect(await other.copies.find(key, ageLimitMs: 0) == .unknown)
    }
  }

  @Test func aCopyIsFoundByAllUntilItsLifeIsOver() async throws {
    try await withTwo { _, one, other in
      #expect(await other.copies.find(key) == .unknown)
      await one.copies.keep(key, [1, 2], readAtMs: later, lifeMs: 200)
      #expect(await one.copies.find(key) == .copy([1, 2]))
      #expect(await other.copies.find(key) == .copy([1, 2]))
      try await eventually("it is gone") { await other.copies.find(key) == .unknown }
    }
  }

  @Test func whatWasReadBeforeAChangeIsNotPutThereAfterIt() async throws {
    try await withTwo { _, one, other in
      await one.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      let readAtMs = later
      await other.copies.remove([key])
      await one.copies.keep(key, [1], readAtMs: readAtMs, lifeMs: 60_000)
      #expect(await one.copies.find(key) == .removed)
      #expect(await other.copies.find(key) == .removed)
    }
  }

  @Test func aRemovalThatRedisDidNotHearIsMadeUpForBeforeAnybodyReads() async throws {
    try await withTwo { server, one, other in
      await other.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      server.signal(SIGSTOP)
      await one.copies.remove([key])
      #expect(one.copies.owedCount == 1)
      // Nobody is told of the old one meanwhile.
      #expect(await one.copies.find(key) == .unknown)
      for _ in 0..<CircuitBreaker.failureLimit { await one.copies.remove([key]) }
      try await one.redis.left()
      server.signal(SIGCONT)
      try await one.redis.returned()
      #expect(one.copies.owedCount == 0)
      #expect(await other.copies.find(key) == .removed)
    }
  }

  @Test func anEndWaitsForARedisThatComesBackAndNoLongerThanItIsToldTo() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, loops in
      let copies = copies(redis)
      await copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      server.signal(SIGSTOP)
      for _ in 0..<CircuitBreaker.failureLimit { await copies.remove([Array("another".utf8)]) }
      try await redis.left()
      try await loops.loops[0].run { await copies.remove([key], waitMs: 50) }
      #expect(copies.owedCount > 0)
      async let removal: Void = loops.loops[0].run { await copies.remove([key], waitMs: 60_000) }
      server.signal(SIGCONT)
      try await removal
      #expect(copies.owedCount == 0)
      #expect(try server.run("GET", "t:key") == "-")
    }
  }

  @Test func aClockThatJumpsAheadForgetsNoRemovalThatIsOwed() async throws {
    try await withTwo { server, one, other in
      let ahead = Clock(0)
      let jumping = copies(one.redis, ahead: ahead)
      await other.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      server.signal(SIGSTOP)
      for _ in 0..<CircuitBreaker.failureLimit { await one.copies.remove([Array("other".utf8)]) }
      try await one.redis.left()
      // Not sent at all: it would be heard when Redis goes on.
      await jumping.remove([key])
      ahead.nowMs = 3_600_000
      server.signal(SIGCONT)
      try await one.redis.returned()
      #expect(await other.copies.find(key) == .removed)
    }
  }

  @Test func whatWasThereBeforeRedisWasLostFromSightIsNotBelieved() async throws {
    try await withTwo { server, one, other in
      let before = wallClockMs()
      await one.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      try server.run("CLIENT", "KILL", "TYPE", "normal")
      try await eventually("both have noticed, and found it again") {
        [one, other].allSatisfy { $0.redis.isUsable && $0.redis.usableSinceMs > before }
      }
      let early = wallClockMs()
      await one.copies.keep(key, [2], readAtMs: early, lifeMs: 60_000)
      #expect(await one.copies.find(key) == .unknown)
      await one.copies.keep(key, [3], readAtMs: later, lifeMs: 60_000)
      #expect(await other.copies.find(key) == .copy([3]))
    }
  }

  @Test func aRedisThatIsAwayCostsNothingAndOwesNoMoreThanItsBound() async throws {
    try await withTwo { server, one, _ in
      server.kill()
      try await one.redis.left()
      #expect(await one.copies.find(key) == .unknown)
      await one.copies.keep(key, [1], readAtMs: later, lifeMs: 60_000)
      let many = (0..<SharedCopies.owedLimit + 10).map { Array("k\($0)".utf8) }
      await one.copies.remove(many)
      #expect(one.copies.owedCount == SharedCopies.owedLimit)
    }
  }
}
