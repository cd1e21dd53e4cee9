// A session is known by its cookie alone, ends when it should, and its token is nowhere on the disk.

import Foundation
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite struct SessionStoreTests {
  private struct Setup {
    let store: SessionStore
    let clock: Clock
    let server: RunningServer
    let folder: String
    let sessions: Database
  }

  /// A server that begins, shows and ends sessions of one account; one after the other with each of the stores.
  private func withStore(
    _ variables: [String: String] = [:],
    _ stores: [[Placement.SessionStoreName]] = [[.sql], [.dynamodb], [.dynamodb, .sql]],
    _ body: (Setup) async throws -> Void
  ) async throws {
    for store in stores {
      let table = store.contains(.dynamodb) ? try await SessionsTable.make() : [:]
      try await withStore(at: store, variables.merging(table) { $1 }, body)
    }
  }

  private func withStore(
    at stores: [Placement.SessionStoreName], _ variables: [String: String],
    _ body: (Setup) async throws -> Void
  ) async throws {
    try await withContext(variables) { context in
      await context.placements.adopt(Placement(epoch: 1, sessions: stores))
      let clock = Clock()
      let store = try await SessionStore(context, nowMs: { clock.nowMs })
      try await withServer {
        $0.post("/begin") { request in
          let credentials = try request.query("credentials").flatMap { Int64($0) } ?? 0
          let account = try request.query("other") == nil ? account7 : Self.stranger
          let session: Session
          do {
            session = try await store.begin(for: account, credentials: credentials, by: request)
          } catch is OutdatedCredentials { return Response(status: .unauthorized) }
          return .text(session.csrfToken).with(session.cookie)
        }
        $0.get("/who") { request in
          guard let session = try await store.session(of: request) else { return .text("nobody") }
          return .text("\(session.accountID) \(session.csrfToken)")
        }
        $0.post("/form") { request in
          guard let session = try await store.session(of: request) else {
            throw Problem(.unauthorized, title: "No")
          }
          try session.check(request.form())
          return .text("done")
        }
        $0.get("/sessions") { request in
          guard let session = try await store.session(of: request) else { return .text("") }
          let lines = try await store.all(of: session).map {
            "\($0.id) \($0.isCurrent) \($0.address ?? "-") \($0.begunAtMs) \($0.usedAtMs)"
          }
          return .text(lines.joined(separator: "\n"))
        }
        $0.post("/end") { request in
          try await store.end(of: request)
          return Response.noContent.with(store.removalCookie)
        }
      } _: { server in
        try await body(
          Setup(
            store: store, clock: clock, server: server, folder: context.environment.dataDirectory,
            sessions: context.openDatabases[0].database))
      }
    }
  }

  private static let stranger = Identifier(tick: 9 << 10, shard: shard7)

  /// Begins a session.
  /// - Returns: what the browser sends back, and the token for forms.
  private func begin(
    _ server: RunningServer, _ query: String = "", _ headers: [(String, String)] = []
  ) async throws -> (cookie: (String, String), csrf: String) {
    let answer = try await server.request("POST", "/begin" + query, headers)
    let cookie = try #require(answer["Set-Cookie"]?.split(separator: ";").first)
    return (("Cookie", String(cookie)), answer.text)
  }

  /// Who is logged in, once it has been noted that they are.
  private func use(_ setup: Setup, _ cookie: (String, String)) async throws -> String {
    let answer = try await who(setup.server, cookie)
    await setup.store.writeTouches()
    return answer
  }

  private func who(_ server: RunningServer, _ cookie: (String, String)) async throws -> String {
    try await server.request("GET", "/who", [cookie]).text
  }

  @Test func aSessionIsFoundAgainByItsCookie() async throws {
    try await withStore { setup in
      let (cookie, csrf) = try await begin(setup.server)
      #expect(try await who(setup.server, cookie) == "\(account7) \(csrf)")
      #expect(
        try await who(setup.server, ("Cookie", "other=1; \(cookie.1); more=2")) == "\(account7) \(csrf)")
      #expect(try await who(setup.server, ("Cookie", "a=1")) == "nobody")
    }
  }

  @Test func theCookieIsOutOfReachOfScriptsAndOtherSites() async throws {
    try await withStore { setup in
      let cookie = try #require(try await setup.server.request("POST", "/begin")["Set-Cookie"])
      #expect(
        cookie.wholeMatch(of: /session=[A-Za-z0-9_\-]{46}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax/)
          != nil)
      #expect(setup.store.removalCookie.description == "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    }
    try await withStore(["HEIGHTS_PUBLIC_URL": "https://summit.example"]) { setup in
      let cookie = try #require(try await setup.server.request("POST", "/begin")["Set-Cookie"])
      #expect(cookie.hasPrefix("__Host-session="))
      #expect(cookie.hasSuffix("; HttpOnly; SameSite=Lax; Secure"))
      #expect(cookie.contains("; Path=/;"))
      #expect(!cookie.contains("Domain"))
      // The name without the prefix is another cookie.
      let value = cookie.dropFirst("__Host-".count).prefix { $0 != ";" }
      #expect(try await who(setup.server, ("Cookie", String(value))) == "nobody")
      #expect(try await who(setup.server, ("Cookie", "__host-" + value)) == "nobody")
    }
  }

  @Test func tokensAre256RandomBits() async throws {
    try await withStore { setup in
      var tokens: Set<String> = []
      for _ in 0..<50 { tokens.insert(try await begin(setup.server).cookie.1) }
      #expect(tokens.count == 50)
      // 34 bytes: two of the shard, 32 of the secret.
      #expect(tokens.allSatisfy { $0.utf8.count == "session=".utf8.count + 46 })
      #expect(Set(tokens.map { $0.dropFirst("session=".count).prefix(2) }).count == 1)
      #expect(Set(tokens.map { $0.suffix(40) }).count == 50)
    }
  }

  @Test func theDiskHoldsNoTokenAndNoCSRFToken() async throws {
    try await withStore([:], [[.sql]]) { setup in
      let (cookie, csrf) = try await begin(setup.server)
      let token = String(cookie.1.dropFirst("session=".count))
      var base64 = token.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
      base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
      let secret = try #require(Data(base64Encoded: base64)).dropFirst(2)
      for name in try FileManager.default.contentsOfDirectory(atPath: setup.folder) {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: setup.folder + "/" + name))
        for needle in [Data(token.utf8), Data(secret), Data(csrf.utf8)] {
          #expect(bytes.range(of: needle) == nil, "\(name)")
        }
      }
    }
  }

  @Test(arguments: [
    "", "x", "session", String(repeating: "A", count: 45), String(repeating: "A", count: 46),
    String(repeating: "A", count: 47),
    String(repeating: "_", count: 46), String(repeating: "A", count: 4_000), "..", "A=A", "%41",
    String(repeating: "=", count: 46),
  ])
  func aCookieThatIsNoTokenIsNobodys(value: String) async throws {
    try await withStore([:], [[.sql]]) { setup in
      _ = try await begin(setup.server)
      let answer = try await setup.server.request("GET", "/who", [("Cookie", "session=\(value)")])
      #expect(answer.text == "nobody")
      #expect(try await setup.server.request("POST", "/end", [("Cookie", "session=\(value)")]).status == 204)
    }
  }

  @Test func aTokenWithOneCharacterChangedIsNobodys() async throws {
    try await withStore { setup in
      let cookie = try await begin(setup.server).cookie
      for position in stride(from: "session=".count, to: cookie.1.count, by: 5) {
        var characters = Array(cookie.1)
        characters[position] = characters[position] == "A" ? "B" : "A"
        #expect(try await who(setup.server, ("Cookie", String(characters))) == "nobody")
      }
    }
  }

  // MARK: Ends

  @Test func aSessionInUseLivesOnAndOneOutOfUseEnds() async throws {
    try await withStore { setup in
      let (used, unused) = (try await begin(setup.server).cookie, try await begin(setup.server).cookie)
      for _ in 0..<3 {
        setup.clock.nowMs += SessionStore.idleMs - 1
        #expect(try await use(setup, used) != "nobody")
      }
      #expect(try await who(setup.server, unused) == "nobody")
      setup.clock.nowMs += SessionStore.idleMs
      #expect(try await who(setup.server, used) == "nobody")
    }
  }

  @Test func aSessionEndsAfterHalfAYearHoweverMuchItIsUsed() async throws {
    try await withStore { setup in
      let cookie = try await begin(setup.server).cookie
      for _ in 0..<11 {
        setup.clock.nowMs += SessionStore.lifetimeMs / 11 - 1
        #expect(try await use(setup, cookie) != "nobody")
      }
      setup.clock.nowMs += 11 + SessionStore.lifetimeMs % 11
      #expect(try await who(setup.server, cookie) == "nobody")
    }
  }

  @Test func theBrowserKeepsTheCookieForAsLongAsASessionMayLast() async throws {
    try await withStore { setup in
      let cookie = try #require(try await setup.server.request("POST", "/begin")["Set-Cookie"])
      let seconds = try #require(cookie.firstMatch(of: /Max-Age=(\d+)/).flatMap { Int64($0.1) })
      #expect(seconds * 1_000 == SessionStore.lifetimeMs)
    }
  }

  @Test func aSessionOfAnEarlierVersionLivesOnAndEndsHalfAYearAfterItsFirstTouch() async throws {
    try await withStore([:], [[.sql]]) { setup in
      let cookie = try await begin(setup.server).cookie
      try await setup.sessions.transaction {
        try await $0.execute("UPDATE sessions SET begun_at_ms = NULL, address = NULL")
        try await $0.execute("DELETE FROM session_credentials")
      }
      for _ in 0..<11 {
        setup.clock.nowMs += SessionStore.lifetimeMs / 11 - 1
        #expect(try await use(setup, cookie) != "nobody")
      }
      setup.clock.nowMs += 11 + SessionStore.lifetimeMs % 11
      #expect(try await who(setup.server, cookie) == "nobody")
    }
  }

  @Test func whatHasEndedIsRemovedAndWhatLivesIsNot() async throws {
    try await withStore([:], [[.sql]]) { setup in
      for _ in 0..<5 { _ = try await begin(setup.server) }
      setup.clock.nowMs += SessionStore.idleMs
      let alive = try await begin(setup.server).cookie
      #expect(try await setup.store.removeExpiredBatch() == 5)
      #expect(try await setup.store.removeExpiredBatch() == 0)
      #expect(try await who(setup.server, alive) != "nobody")
    }
  }

  @Test func loggingOutEndsTheSessionForWhoeverHasTheCookie() async throws {
    try await withStore { setup in
      let (first, second) = (try await begin(setup.server).cookie, try await begin(setup.server).cookie)
      let answer = try await setup.server.request("POST", "/end", [first])
      #expect(answer["Set-Cookie"]?.hasPrefix("session=; ") == true)
      #expect(try await who(setup.server, first) == "nobody")
      #expect(try await who(setup.server, second) != "nobody")
    }
  }

  @Test func aNewSessionEndsTheOneThatTheBrowserHad() async throws {
    try await withStore { setup in
      let (mine, elsewhere) = (try await begin(setup.server).cookie, try await begin(setup.server).cookie)
      let next = try await begin(setup.server, "?other", [mine]).cookie
      #expect(try await who(setup.server, mine) == "nobody")
      #expect(try await who(setup.server, next).hasPrefix("\(Self.stranger) "))
      #expect(try await who(setup.server, elsewhere) != "nobody")
    }
  }

  @Test func sessionsOfEarlierCredentialsEndAndNoneBeginsAnyMore() async throws {
    try await withStore { setup in
      let stranger = try await begin(setup.server, "?other").cookie
      let former = [try await begin(setup.server).cookie, try await begin(setup.server).cookie]
      let next = try await begin(setup.server, "?credentials=1").cookie
      try await setup.store.endAll(of: account7, before: 1)
      for cookie in former { #expect(try await who(setup.server, cookie) == "nobody") }
      #expect(try await who(setup.server, next) != "nobody")
      #expect(try await who(setup.server, stranger) != "nobody")

      let late = try await setup.server.request("POST", "/begin", [next])
      #expect(late.status == 401 && late["Set-Cookie"] == nil)
      #expect(try await who(setup.server, next) != "nobody", "what was refused ends nothing")
      // The one who makes the change may be late himself.
      try await setup.store.endAll(of: account7, before: 0)
      #expect(try await setup.server.request("POST", "/begin").status == 401)
      _ = try await begin(setup.server, "?credentials=2")
      #expect(try await setup.server.request("POST", "/begin?credentials=1").status == 401)
    }
  }

  @Test func whoeverBeginsSessionsWhileAllAreEndedKeepsNone() async throws {
    try await withStore { setup in
      for version in 1...5 {
        let begun = try await withThrowingTaskGroup(of: [String].self) { group in
          for _ in 0..<8 {
            group.addTask {
              var cookies: [String] = []
              let end = Deadline.afterMs(Int(patienceS) * 1_000)
              while !end.hasPassed {
                let answer = try await setup.server.request("POST", "/begin?credentials=\(version - 1)")
                guard answer.status == 200, let cookie = answer["Set-Cookie"] else { return cookies }
                cookies.append(String(cookie.prefix { $0 != ";" }))
              }
              throw ClientError(text: "sessions of credentials that are over can still be begun")
            }
          }
          try await setup.store.endAll(of: account7, before: Int64(version))
          return try await group.reduce(into: []) { $0 += $1 }
        }
        for cookie in begun { #expect(try await who(setup.server, ("Cookie", cookie)) == "nobody") }
      }
    }
  }

  // MARK: Seen by their owner

  @Test func theOwnerSeesEachSessionWithItsAddressAndAgeAndEndsIt() async throws {
    try await withStore { setup in
      let (first, _) = (try await begin(setup.server).cookie, try await begin(setup.server, "?other"))
      let begunAtMs = setup.clock.nowMs
      setup.clock.nowMs += SessionStore.touchMs + 1
      let second = try await begin(setup.server).cookie
      _ = try await use(setup, first)
      func sessions() async throws -> [[String]] {
        try await setup.server.request("GET", "/sessions", [first]).text
          .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      }
      let seen = try await sessions()
      #expect(seen.count == 2)
      let own = try #require(seen.first { $0[1] == "true" })
      let other = try #require(seen.first { $0[1] == "false" })
      #expect(own[2...] == ["127.0.0.1", "\(begunAtMs)", "\(setup.clock.nowMs)"])
      #expect(other[2...] == ["127.0.0.1", "\(setup.clock.nowMs)", "\(setup.clock.nowMs)"])

      for id in ["", "x", other[0].uppercased() + "0", String(other[0].dropLast(2))] {
        try await setup.store.end(id, of: account7)
      }
      try await setup.store.end(other[0], of: Self.stranger)
      #expect(try await who(setup.server, second) != "nobody")
      try await setup.store.end(other[0], of: account7)
      #expect(try await who(setup.server, second) == "nobody")
      #expect(try await sessions() == [own])
    }
  }

  // MARK: Forms

  @Test func aFormNeedsTheTokenOfItsOwnSession() async throws {
    try await withStore { setup in
      let (mine, other) = (try await begin(setup.server), try await begin(setup.server))
      #expect(mine.csrf != other.csrf)
      #expect(mine.csrf.wholeMatch(of: /[0-9a-f]{32}/) != nil)
      let type = ("Content-Type", "application/x-www-form-urlencoded")
      func send(_ body: String) async throws -> Int {
        try await setup.server.request("POST", "/form", [type, mine.cookie], body: Array(body.utf8)).status
      }
      #expect(try await send("csrf=\(mine.csrf)") == 200)
      for body in [
        "csrf=\(other.csrf)", "csrf=", "a=b", "csrf=\(mine.csrf)0", "csrf=\(mine.csrf.dropLast())",
      ] {
        #expect(try await send(body) == 403)
      }
    }
  }
}
