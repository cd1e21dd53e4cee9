// Redis answers for SQL who is logged in, and whatever happens to it logs nobody out and lets nobody back in.

import Glibc
import TestSupport
import Testing

@testable import HeightsKit

@Suite struct SharedSessionsTests {
  private struct Setup {
    let context: AppContext
    let redis: RedisServer
    let store: SessionStore
    let server: RunningServer

    func begin() async throws -> (String, String) {
      let cookie = try #require(
        try await server.request("POST", "/begin")["Set-Cookie"]?.split(separator: ";").first)
      return ("Cookie", String(cookie))
    }

    func isIn(_ cookie: (String, String)) async throws -> Bool {
      try await server.request("GET", "/who", [cookie]).text == "in"
    }

    func deleteRows() async throws {
      try await context.openDatabases[0].database.transaction { try await $0.execute("DELETE FROM sessions") }
    }

    func adopt(_ sessions: [Placement.SessionStoreName]) async throws {
      let placement = context.placement
      await context.placements.adopt(
        Placement(epoch: placement.epoch + 1, sessions: sessions, cache: try .server(redis)))
    }
  }

  private func withStore(
    _ sessions: [Placement.SessionStoreName] = [.redis, .sql], _ body: (Setup) async throws -> Void
  ) async throws {
    let redis = try RedisServer()
    try await withContext { context in
      // Late enough to be believed, however short a time Redis has been there.
      let store = try await SessionStore(context, nowMs: { wallClockMs() + 2 * SharedCopies.skewMs })
      try await withServer {
        $0.post("/begin") { Response.noContent.with(try await store.begin(for: account7, by: $0).cookie) }
        $0.get("/who") { .text(try await store.session(of: $0) == nil ? "out" : "in") }
        $0.post("/end") {
          try await store.end(of: $0)
          return .noContent
        }
        $0.post("/end-all") { _ in
          try await store.endAll(of: account7, before: 1)
          return .noContent
        }
      } _: { server in
        let setup = Setup(context: context, redis: redis, store: store, server: server)
        try await setup.adopt(sessions)
        try await body(setup)
      }
    }
  }

  @Test func redisAnswersOnceSQLHasSaid() async throws {
    try await withStore { setup in
      let cookie = try await setup.begin()
      #expect(try await setup.isIn(cookie))
      // Now only Redis knows.
      try await setup.deleteRows()
      #expect(try await setup.isIn(cookie))
      try setup.redis.run("FLUSHALL")
      #expect(try await !setup.isIn(cookie))
    }
  }

  @Test func sqlAnswersWhileRedisHangsOrIsGoneOrHasLostEverything() async throws {
    try await withStore { setup in
      let cookie = try await setup.begin()
      #expect(try await setup.isIn(cookie))
      setup.redis.signal(SIGSTOP)
      #expect(try await setup.isIn(cookie))
      setup.redis.signal(SIGCONT)
      setup.redis.kill()
      #expect(try await setup.isIn(cookie))
      try setup.redis.start()
      try await setup.context.redis.returned()
      #expect(try await setup.isIn(cookie))
    }
  }

  @Test(arguments: ["/end", "/end-all"])
  func aSessionThatWasEndedWhileRedisWasAwayDoesNotComeBackWithIt(_ end: String) async throws {
    try await withStore { setup in
      let cookie = try await setup.begin()
      #expect(try await setup.isIn(cookie))
      setup.redis.signal(SIGSTOP)
      #expect(try await setup.server.request("POST", end, [cookie]).status == 204)
      #expect(try await !setup.isIn(cookie))
      setup.redis.signal(SIGCONT)
      try await setup.context.redis.returned()
      #expect(try await !setup.isIn(cookie))
      #expect(try setup.redis.run("--scan", "--pattern", "session:*") != "", "it knows that it has ended")
    }
  }

  @Test func aCacheThatLiesLogsNobodyOut() async throws {
    try await withStore { setup in
      let cookie = try await setup.begin()
      #expect(try await setup.isIn(cookie))
      for lie in ["-", "x", "7 0 0 9999999999999"] {
        try setup.redis.run(
          "EVAL",
          "for _, key in ipairs(redis.call('KEYS', 'session:*')) do redis.call('SET', key, ARGV[1]) end",
          "0", lie)
        #expect(try await setup.isIn(cookie), "\(lie)")
      }
    }
  }

  @Test func theCopyOfAnotherSessionLetsNobodyIn() async throws {
    try await withStore { setup in
      let (left, other) = (try await setup.begin(), try await setup.begin())
      #expect(try await setup.isIn(left))
      #expect(try await setup.server.request("POST", "/end", [left]).status == 204)
      #expect(try await setup.isIn(other))
      try setup.redis.run(
        "EVAL",
        """
        local keys = redis.call('KEYS', 'session:*')
        for _, key in ipairs(keys) do
          if redis.call('GET', key) ~= '-' then
            for _, to in ipairs(keys) do redis.call('SET', to, redis.call('GET', key)) end
            return
          end
        end
        """, "0")
      #expect(try await !setup.isIn(left))
      #expect(try await setup.isIn(other))
    }
  }

  @Test func thePlacementChangesAndNobodyIsLoggedOut() async throws {
    try await withStore([.sql]) { setup in
      var cookies: [(String, String)] = []
      for stores: [Placement.SessionStoreName] in [[.sql, .redis], [.redis, .sql], [.sql, .redis], [.sql]] {
        cookies.append(try await setup.begin())
        for cookie in cookies { #expect(try await setup.isIn(cookie)) }
        try await setup.adopt(stores)
        for cookie in cookies { #expect(try await setup.isIn(cookie)) }
      }
    }
  }

  @Test func redisBehindSQLIsToldOfEndsAndNotAsked() async throws {
    try await withStore { setup in
      let cookie = try await setup.begin()
      #expect(try await setup.isIn(cookie))
      try await setup.adopt([.sql, .redis])
      #expect(try await setup.server.request("POST", "/end", [cookie]).status == 204)
      try await setup.adopt([.redis, .sql])
      #expect(try await !setup.isIn(cookie))
    }
  }
}
