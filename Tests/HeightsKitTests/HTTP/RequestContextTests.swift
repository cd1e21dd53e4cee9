// What is asked for a request ends with its deadline, though the app never names it: real servers, statements that wait.

import Foundation
import Policies
import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP
@testable import HeightsKit
@testable import HeightsRuntime

@Suite(.serialized) struct RequestContextTests {
  /// Limits that can't be why something ends.
  private static var patient: DatabaseLimits {
    var limits = DatabaseLimits()
    (limits.readMs, limits.transactionMs) = (60_000, 60_000)
    return limits
  }

  /// Handlers have `ms`, and the engine leaves it to them to end.
  private static func limits(handlerMs ms: Int) -> HTTPLimits {
    var limits = HTTPLimits()
    (limits.handlerTimeoutMs, limits.sweepIntervalMs) = (ms, 60_000)
    return limits
  }

  private func expectLate(_ answer: Answer) throws {
    #expect(answer.status == 503 && answer["Retry-After"] == "1")
    #expect(try answer.json()["title"] as? String == "The database doesn't answer in time")
  }

  // MARK: PostgreSQL

  @Test func readsTransactionsAndLocksOfPostgreSQLEndWithTheRequest() async throws {
    try await withPostgres(limits: Self.patient) { notes, database in
      try await database.insertNote("held")
      let (isHeld, mayEnd) = (AsyncGate(), AsyncGate())
      let holder = Task {
        try await database.transaction { transaction in
          try await transaction.execute("UPDATE notes SET likes = 1 WHERE text = 'held'")
          await isHeld.open()
          await mayEnd.wait()
        }
      }
      await isHeld.wait()
      try await withServer(on: notes.loops, limits: Self.limits(handlerMs: 300)) { router in
        router.get("/read") { _ in
          .text(try await database.query("SELECT pg_sleep(60)::text") { try $0.text(0) }.joined())
        }
        router.get("/write") { _ in
          try await database.transaction { try await $0.execute("SELECT pg_sleep(60)") }
          return .text("written")
        }
        router.get("/lock") { _ in
          try await database.transaction {
            try await $0.execute("UPDATE notes SET likes = 2 WHERE text = 'held'")
          }
          return .text("updated")
        }
        router.get("/limit") { _ in
          .text(
            try await database.first("SELECT current_setting('statement_timeout')") { try $0.text(0) } ?? "")
        }
      } _: { server in
        for path in ["/read", "/write", "/lock"] { try expectLate(try await server.request("GET", path)) }
        // The server has ended them too, and not only their clients.
        try await eventually("nothing of them runs") {
          try notes.server.run(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(notes.name)' AND state = 'active'")
            == "0"
        }
        #expect(try await server.request("GET", "/limit").text.hasSuffix("ms"))
      }
      // The connections are the same: a limit ends with its statement.
      for loop in notes.loops.loops {
        let limit = try await loop.run {
          // Whoever waits for a connection has less time.
          _ = try await database.count()
          return try await database.first("SELECT current_setting('statement_timeout')") { try $0.text(0) }
        }
        #expect(limit == "1min")
      }
      await mayEnd.open()
      try await holder.value
      #expect(try await database.query("SELECT likes FROM notes") { try $0.int(0) } == [1])
    }
  }

  @Test func aReadBehindOneThatTakesLongIsToldInTimeAndTheLongOneGoesOn() async throws {
    try await withPostgres(loops: 1, limits: Self.patient) { notes, database in
      let loop = notes.loops.loops[0]
      let long = Task {
        try await loop.run {
          try await database.first("SELECT pg_sleep(1)::text || 'done'") { try $0.text(0) }
        }
      }
      try await eventually("the long one runs") {
        try notes.server.run(
          "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%done%' AND pid <> pg_backend_pid()"
        )
          != "0"
      }
      let error = await #expect(throws: DatabaseError.self) {
        try await loop.run {
          try await asRequest(due: .afterMs(100)) { try await database.first("SELECT 1") { try $0.int(0) } }
        }
      }
      guard case .timeout? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      #expect(try await long.value == "done")
    }
  }

  @Test func anExplicitDeadlineWinsAndWhatTheHandlerHasLeftRunningIsNotBound() async throws {
    try await withPostgres(limits: Self.patient) { notes, database in
      let (answered, written) = (AsyncGate(), AsyncGate())
      try await withServer(on: notes.loops, limits: Self.limits(handlerMs: 200)) { router in
        router.get("/explicit") { _ in
          try await database.transaction(deadline: .afterMs(30_000)) {
            try await $0.execute("SELECT pg_sleep(0.5)")
          }
          return .text("done")
        }
        router.get("/later") { request in
          let due = request.deadline
          Task {
            await answered.wait()
            try await Task.sleep(for: .milliseconds(due.remainingMs + 1))
            try await database.insertNote("later")
            _ = try await database.count()
            await written.open()
          }
          return .text("begun")
        }
      } _: { server in
        #expect(try await server.request("GET", "/explicit").text == "done")
        #expect(try await server.request("GET", "/later").text == "begun")
        await answered.open()
        try await eventually("it is written") { await written.isOpen }
      }
    }
  }

  @Test func aCommitWithoutAnAnswerWhenTheRequestIsDueIsToldAsUnknown() async throws {
    try await withPair(loops: 1, limits: Self.patient, synchronous: true) { pair in
      try await pair.database.insertNote("before")
      try pair.follower.signal(SIGSTOP)
      let told = Mutex<(any Error)?>(nil)
      try await withServer(on: pair.loops, limits: Self.limits(handlerMs: 500)) { router in
        router.get("/write") { _ in
          do { try await pair.database.insertNote("perhaps") } catch {
            told.withLock { $0 = error }
            throw error
          }
          return .text("written")
        }
      } _: { server in
        let status = try await server.request("GET", "/write").status
        #expect(status == 503)
      }
      try pair.follower.signal(SIGCONT)
      let error = told.withLock { $0 } as? DatabaseError
      guard case .unknown? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      // It is there, as it may be, once the follower has it.
      try await eventually("it is there") {
        try pair.leader.run("SELECT count(*) FROM notes", in: "notes") == "2"
      }
    }
  }

  // MARK: SQLite, Redis, S3

  @Test func readsTransactionsAndAForeignLockOfSQLiteEndWithTheRequest() async throws {
    try await withDatabaseFolder(loops: 1) { folder in
      let database = try await folder.open(limits: Self.patient)
      try await withServer(on: folder.loops, limits: Self.limits(handlerMs: 200)) { router in
        router.get("/read") { _ in
          let rows = try await database.query(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
          ) { try $0.int(0) }
          return .text("\(rows)")
        }
        router.get("/write") { _ in
          try await database.insertNote("a")
          return .text("written")
        }
      } _: { server in
        try expectLate(try await server.request("GET", "/read"))
        let other = try SQLiteConnection(path: folder.file, role: .writer)
        try other.control("BEGIN IMMEDIATE")
        try expectLate(try await server.request("GET", "/write"))
        try other.control("COMMIT")
        #expect(try await server.request("GET", "/write").text == "written")
      }
    }
  }

  @Test func aRequestThatIsDueWaitsNoLongerForRedisAndSaysNothingOfIt() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, loops in
      _ = try await redis.command("SET", "a", "1")
      server.signal(SIGSTOP)
      for _ in 0...CircuitBreaker.failureLimit {
        await #expect(throws: RedisError.timeout) {
          try await asRequest(due: .afterMs(1)) { try await redis.command("GET", "a") }
        }
      }
      guard case .closed(failures: 0, _) = redis.breaker.state else {
        return #expect(Bool(false), "\(redis.breaker)")
      }
      server.signal(SIGCONT)
      try await redis.returned()
      #expect(try await redis.text("GET", "a") == "1")
    }
  }

  @Test func aStoreOfObjectsIsAskedWithTheTraceAndTheTimeOfTheRequest() async throws {
    let traces = Mutex<[String]>([])
    let mayAnswer = AsyncGate()
    try await withServer(limits: Self.limits(handlerMs: 60_000)) { router in
      router.get("/bucket/media/{key}") { request in
        traces.withLock { $0.append(request.header("traceparent") ?? "") }
        await mayAnswer.wait()
        return .text("late")
      }
    } _: { server in
      let bucket = try #require(
        try S3Bucket([
          "HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu-central-1",
          "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)",
          "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
        ]))
      defer { bucket.close() }
      let request = PretendRequest(deadline: .afterMs(300))
      await #expect(throws: S3Error.self) {
        try await CurrentRequest.$context.withValue(request) {
          try await bucket.get(ObjectKey(of: [1], fileExtension: "txt"))
        }
      }
      #expect(traces.withLock { $0 } == [request.trace.traceparent])
      #expect(bucket.breakerState == .closed)
      await mayAnswer.open()
    }
  }

  // MARK: The request's own

  @Test func whatASessionHasSeenTravelsWithTheRequestAndGoesBackToItsBrowser() async throws {
    let tracking = ReadTracking(secure: false)
    tracking.set(true, for: ObjectIdentifier(tracking))
    try await withServer(tracking: tracking) { router in
      router.get("/") { _ in
        let seen = CurrentRequest.context?.seen
        defer { seen?.hasWritten(LogPosition(bytes: 50), on: 1, of: 7) }
        return .text("\(seen?.token(of: 7)?.position.bytes ?? 0)")
      }
    } _: { server in
      let first = try await server.request("GET", "/")
      #expect(first.text == "0")
      let cookie = try #require(first["Set-Cookie"]?.split(separator: ";").first.map(String.init))
      #expect(try await server.request("GET", "/", [("Cookie", cookie)]).text == "50")
    }
  }

  @Test func howLongAClientTakesToSendABodyIsNotTheHandlersTime() async throws {
    let limits = Self.limits(handlerMs: 1_000)
    try await withServer(limits: limits) { router in
      router.post("/") { .text("\($0.deadline.hasPassed)") }
    } _: { server in
      let answer = try await server.withClient { client in
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\na")
        usleep(UInt32(limits.handlerTimeoutMs + 100) * 1_000)
        client.send("b")
        return Answer(try client.response())
      }
      #expect(answer.text == "false")
    }
  }

  @Test func aValueThatIsMadeForARequestThatIsDueIsMadeByAnotherWhoWaits() async throws {
    let cache = Cache(limitBytes: 1 << 20)
    let isMaking = AsyncGate()
    let due = Deadline.afterMs(100)
    let first = Task {
      try await asRequest(due: due) {
        try await cache.value(for: "k", ttlMs: 60_000) {
          await isMaking.open()
          try await Task.sleep(for: .milliseconds(due.remainingMs + 1))
          throw DatabaseError.timeout("the request was due")
        }
      }
    }
    await isMaking.wait()
    #expect(try await cache.value(for: "k", ttlMs: 60_000) { [2] } == [2])
    await #expect(throws: DatabaseError.self) { try await first.value }
  }
}
