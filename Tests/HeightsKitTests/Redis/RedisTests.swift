// Redis is asked many things at once, each answer goes to whoever asked, and nobody waits for a Redis that is away.

import Foundation
import Policies
import Synchronization
import TestSupport
import Testing

@testable import HeightsKit
@testable import HeightsRuntime

@Suite struct RedisTests {
  // MARK: Commands

  @Test func whatManyTasksAskAtOnceTravelsTogetherAndEachGetsItsOwnAnswer() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server), loops: 2) { redis, loops in
      let before = try server.info("total_reads_processed")
      for loop in loops.loops {
        let answers = try await loop.run {
          await withTaskGroup(of: Bool.self) { group in
            for number in 0..<2_000 {
              group.addTask {
                let key = RedisArgument("k\(loop.index)-\(number)")
                _ = try? await redis.command("SET", key, RedisArgument(number), deadlineMs: 5_000)
                return (try? await redis.command("GET", key, deadlineMs: 5_000))?.text == "\(number)"
              }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
          }
        }
        #expect(answers == 2_000)
      }
      #expect(try server.info("total_reads_processed") - before < 4_000)
    }
  }

  @Test func bytesAreKeptAsTheyAre() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, _ in
      for bytes in [[], [0, 13, 10, 255], Array("%s %n $3\r\n".utf8), .init(repeating: 7, count: 1 << 20)] {
        _ = try await redis.command(
          "SET", RedisArgument([0] + bytes), RedisArgument(bytes), deadlineMs: 5_000)
        #expect(
          try await redis.command("GET", RedisArgument([0] + bytes), deadlineMs: 5_000) == .bytes(bytes))
      }
      #expect(try await redis.command("GET", "never") == .null)
      #expect(try await redis.command("INCR", "n") == .integer(1))
      #expect(try await redis.command("MGET", "n", "never") == .list([.bytes([49]), .null]))
    }
  }

  @Test func aRefusalIsOfItsCommandAlone() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, _ in
      let answers = await redis.commands([["SET", "a", "x"], ["INCR", "a"], ["GET", "a"], ["NONSENSE"]])
      #expect(answers[0] == .success(.bytes(Array("OK".utf8))))
      #expect(answers[1] == .failure(.refused("ERR value is not an integer or out of range")))
      #expect(answers[2] == .success(.bytes([120])))
      #expect(answers[3] != answers[2])
      #expect(redis.isUsable)
      #expect(redis.metrics.refusals.load(ordering: .relaxed) == 2)
    }
  }

  // MARK: Trouble

  @Test func aServerThatHangsCostsNobodyMoreThanTheDeadlineAndThenNothing() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, _ in
      _ = try await redis.command("SET", "a", "1")
      server.signal(SIGSTOP)
      await #expect(throws: RedisError.timeout) { try await redis.command("GET", "a", deadlineMs: 50) }
      for _ in 0..<CircuitBreaker.failureLimit { _ = try? await redis.command("GET", "a", deadlineMs: 10) }
      try await redis.left()
      let sent = redis.metrics.commands.load(ordering: .relaxed)
      for _ in 0..<1_000 {
        await #expect(throws: RedisError.self) { try await redis.command("GET", "a", deadlineMs: 60_000) }
      }
      #expect(redis.metrics.commands.load(ordering: .relaxed) == sent)
      #expect(redis.metrics.skipped.load(ordering: .relaxed) >= 1_000)
      server.signal(SIGCONT)
      try await redis.returned()
      #expect(try await redis.text("GET", "a") == "1")
    }
  }

  @Test func anAnswerThatComesTooLateIsNobodyElses() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, _ in
      _ = await redis.commands([["SET", "a", "1"], ["SET", "b", "2"]])
      for _ in 0..<20 {
        // Redis answers nothing else meanwhile.
        await #expect(throws: RedisError.timeout) {
          try await redis.command("EVAL", Self.busyLoop, "0", deadlineMs: 1)
        }
        let answers = try await [
          redis.text("GET", "b", deadlineMs: 20_000), redis.text("GET", "a", deadlineMs: 20_000),
        ]
        #expect(answers == ["2", "1"])
      }
      #expect(redis.isUsable)
    }
  }

  private static let busyLoop: RedisArgument = "local n = 0 for i = 1, 2000000 do n = n + i end return 7"

  @Test func aServerThatIsKilledIsAwayAtOnceAndFoundAgainWhenItIsBack() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server), loops: 2) { redis, loops in
      for loop in loops.loops { _ = try await loop.run { try await redis.command("PING") } }
      server.kill()
      try await redis.left()
      await #expect(throws: RedisError.self) { try await redis.command("PING") }
      #expect(redis.usableSinceMs == .max)
      let now = wallClockMs()
      try server.start()
      try await redis.returned()
      #expect(redis.usableSinceMs >= now)
      for loop in loops.loops {
        #expect(try await loop.run { try await redis.text("PING") } == "PONG")
      }
      #expect(redis.breaker.openings == 1)
    }
  }

  @Test func moreThanTheBoundWaitForNothing() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, _ in
      server.signal(SIGSTOP)
      let one: [RedisArgument] = ["GET", "a"]
      async let many = redis.commands(Array(repeating: one, count: RedisConnection.pendingLimit))
      try await eventually("they are refused") {
        await redis.commands([one], deadlineMs: 1)[0] == .failure(.tooMany) || !redis.isUsable
      }
      #expect(await many.count == RedisConnection.pendingLimit)
      server.signal(SIGCONT)
    }
  }

  // MARK: Passwords

  @Test func thePasswordIsSentAndNeverTold() async throws {
    let server = try RedisServer(password: "s3cret-word")
    try await withRedis(.server(server), credentials: RedisCredentials(url: server.url)) { redis, _ in
      let answer = try await redis.text("PING")
      #expect(answer == "PONG")
    }
    for wrong in ["redis://:wrong-word@x", "redis://x"] {
      try await withRedis(.server(server), credentials: RedisCredentials(url: wrong)) { redis, _ in
        let error = await #expect(throws: RedisError.self) { try await redis.command("PING") }
        #expect(error?.description.contains("wrong-word") == false)
        #expect(error?.description.contains("s3cret") == false)
      }
    }
  }

  @Test func thePasswordOfTheFileCountsAndIsReadAnew() async throws {
    let server = try RedisServer(password: "s3cret")
    try await withFolder { folder in
      try write("old\n", to: folder + "/password")
      let credentials = RedisCredentials(url: "redis://:other@x", file: folder + "/password")
      try await withRedis(.server(server), credentials: credentials) { redis, _ in
        #expect(!redis.isUsable)
        try write("s3cret\n", to: folder + "/password")
        try await redis.returned()
        #expect(try await redis.text("PING") == "PONG")
      }
    }
  }

  // MARK: Who leads

  @Test func aLeaderThatBecomesAFollowerIsLeftForTheOneThatLeads() async throws {
    let first = try RedisServer()
    let second = try RedisServer(leaderPort: first.port)
    try await withRedis(.server(second, first)) { redis, _ in
      #expect(try redis.leader().address.port == first.port)
      try second.run("REPLICAOF", "NO", "ONE")
      try first.run("REPLICAOF", "127.0.0.1", "\(second.port)")
      try await eventually("a write works again") { (try? await redis.command("SET", "a", "1")) != nil }
      #expect(try redis.leader().address.port == second.port)
    }
  }

  @Test func whenTheLeaderDiesTheOneThatTheSentinelsChooseIsAsked() async throws {
    let pair = try RedisPair(password: "s3cret")
    let credentials = RedisCredentials(url: "redis://:s3cret@x")
    try await withRedis(.sentinels(pair), credentials: credentials) { redis, _ in
      _ = try await redis.command("SET", "a", "1")
      #expect(try redis.leader().address.port == pair.servers[0].port)
      pair.servers[0].kill()
      try await redis.left()
      try await eventually("a write works again") { (try? await redis.command("SET", "a", "2")) != nil }
      #expect(try redis.leader().address.port == pair.servers[1].port)
    }
  }

  @Test func aSingleSentinelThatNamesAnotherLeaderIsNotBelieved() async throws {
    let (pair, forged) = (try RedisPair(), try RedisServer())
    let liar = try RedisServer(sentinelOf: forged.port, name: RedisPair.name, password: nil)
    for honest in [pair.sentinels, Array(pair.sentinels[..<2])] {
      let sentinels = try ([liar] + honest).map { try #require(ServerAddress($0.address)) }
      try await withRedis(.sentinels(sentinels, name: RedisPair.name)) { redis, _ in
        _ = try await redis.command("SET", "a", "1")
        #expect(try redis.leader().address.port == pair.servers[0].port)
      }
    }
    // Where it is one of two there is no majority, and nobody is asked.
    let two = try [liar, pair.sentinels[0]].map { try #require(ServerAddress($0.address)) }
    try await withRedis(.sentinels(two, name: RedisPair.name)) { redis, _ in
      await #expect(throws: RedisError.self) { try await redis.command("PING") }
    }
    #expect(try forged.run("DBSIZE") == "0")
  }

  @Test func aLeaderThatNoMajorityOfSentinelsNamesAnyMoreIsNotBelieved() async throws {
    let pair = try RedisPair()
    try await withRedis(.sentinels(pair)) { redis, _ in
      _ = try await redis.command("SET", "a", "1")
      pair.sentinels[0].signal(SIGSTOP)
      // One is no majority.
      try await Task.sleep(for: .milliseconds(2 * RedisSeeker.checkMs + RedisConnection.silenceMs))
      #expect(redis.isUsable)
      pair.sentinels[1].signal(SIGSTOP)
      try await redis.left()
      for sentinel in pair.sentinels { sentinel.signal(SIGCONT) }
      try await redis.returned()
    }
  }

  @Test func anotherPlaceIsGoneToWithoutARestartAndNoneIsAwayAtOnce() async throws {
    let (one, other) = (try RedisServer(), try RedisServer())
    try await withRedis(nil, loops: 2) { redis, _ in
      await #expect(throws: RedisError.self) { try await redis.command("PING") }
      #expect(!redis.isPlaced)
      for server in [one, other, one] {
        await redis.setPlace(try .server(server))
        _ = try await redis.command("INCR", "visits")
      }
      #expect(try one.run("GET", "visits") == "2")
      #expect(try other.run("GET", "visits") == "1")
      await redis.setPlace(nil)
      await #expect(throws: RedisError.self) { try await redis.command("PING") }
    }
  }

  @Test func whatIsPublishedIsReceivedAndAGapIsTold() async throws {
    let server = try RedisServer()
    let received = Mutex<[String]>([])
    try await withRedis(nil) { redis, _ in
      redis.receive(from: SharedRedis.channels[0]) { bytes in
        received.withLock { $0.append(bytes.map { String(decoding: $0, as: UTF8.self) } ?? "gap") }
      }
      await redis.setPlace(try .server(server))
      _ = await redis.commands(
        (0..<100).map { ["PUBLISH", RedisArgument(SharedRedis.channels[0]), RedisArgument($0)] })
      try await eventually("all has come") { received.withLock { $0.count } == 101 }
      #expect(received.withLock { $0 } == ["gap"] + (0..<100).map { "\($0)" })
      try server.run("CLIENT", "KILL", "TYPE", "pubsub")
      try await eventually("the gap is told") { received.withLock { $0.last } == "gap" }
    }
  }

  @Test func whoVisitsALeaderIsDoneBeforeAnybodyElseAsksIt() async throws {
    let server = try RedisServer()
    try await withRedis(nil) { redis, _ in
      redis.onVisit { leader, isNew throws(RedisError) in
        if isNew { _ = try await leader.command(["SET", "visited", "1"], until: .afterMs(1_000)) }
      }
      await redis.setPlace(try .server(server))
      #expect(try await redis.text("GET", "visited") == "1")
      server.kill()
      try await redis.left()
      try server.start()
      try await redis.returned()
      #expect(try await redis.text("GET", "visited") == "1")
    }
  }
}
