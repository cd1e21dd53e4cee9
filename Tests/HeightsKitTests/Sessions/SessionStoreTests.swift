// A session is known by its cookie alone, ends when it should, and its token is nowhere on the disk.

import Foundation
import Testing

@testable import HeightsKit

@Suite struct SessionStoreTests {
  private struct Setup {
    let store: SessionStore
    let clock: Clock
    let server: RunningServer
    let folder: String
  }

  /// A server that begins, shows and ends sessions of one account.
  private func withStore(
    _ variables: [String: String] = [:], _ body: (Setup) async throws -> Void
  ) async throws {
    try await withContext(variables) { context in
      let clock = Clock()
      let store = try await SessionStore(context, nowMs: { clock.nowMs })
      try await withServer {
        $0.post("/begin") { _ in
          let session = try await store.begin(for: account7)
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
        $0.post("/end") { request in
          try await store.end(of: request)
          return Response.noContent.with(store.removalCookie)
        }
        $0.post("/end-others") { request in
          try await store.endAll(of: account7, except: store.session(of: request))
          return .noContent
        }
      } _: { server in
        try await body(
          Setup(store: store, clock: clock, server: server, folder: context.environment.dataDirectory))
      }
    }
  }

  /// Begins a session.
  /// - Returns: what the browser sends back, and the token for forms.
  private func begin(_ server: RunningServer) async throws -> (cookie: (String, String), csrf: String) {
    let answer = try await server.request("POST", "/begin")
    let cookie = try #require(answer["Set-Cookie"]?.split(separator: ";").first)
    return (("Cookie", String(cookie)), answer.text)
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
    try await withStore { setup in
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
    try await withStore { setup in
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
        setup.clock.nowMs += SessionStore.lifetimeMs - 1
        #expect(try await who(setup.server, used) != "nobody")
      }
      #expect(try await who(setup.server, unused) == "nobody")
      setup.clock.nowMs += SessionStore.lifetimeMs
      #expect(try await who(setup.server, used) == "nobody")
    }
  }

  @Test func theBrowserKeepsTheCookieForLongerThanASessionLastsUnused() async throws {
    try await withStore { setup in
      let cookie = try #require(try await setup.server.request("POST", "/begin")["Set-Cookie"])
      let seconds = try #require(cookie.firstMatch(of: /Max-Age=(\d+)/).flatMap { Int64($0.1) })
      #expect(seconds * 1_000 > SessionStore.lifetimeMs)
    }
  }

  @Test func whatHasEndedIsRemovedAndWhatLivesIsNot() async throws {
    try await withStore { setup in
      for _ in 0..<5 { _ = try await begin(setup.server) }
      setup.clock.nowMs += SessionStore.lifetimeMs
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

  @Test func allSessionsOfTheAccountEndButTheOneThatIsKept() async throws {
    try await withStore { setup in
      let other = Identifier(tick: 9 << 10, shard: shard7)
      let stranger = ("Cookie", try await setup.store.begin(for: other).cookie.pair)
      var cookies: [(String, String)] = []
      for _ in 0..<4 { cookies.append(try await begin(setup.server).cookie) }
      #expect(try await setup.server.request("POST", "/end-others", [cookies[1]]).status == 204)
      for (index, cookie) in cookies.enumerated() {
        #expect((try await who(setup.server, cookie) == "nobody") == (index != 1))
      }
      #expect(try await who(setup.server, stranger).hasPrefix("\(other) "))
      try await setup.store.endAll(of: account7, except: nil)
      #expect(try await who(setup.server, cookies[1]) == "nobody")
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

extension Cookie {
  fileprivate var pair: String { "\(name)=\(value)" }
}
