// A session that was ended is never found again, whatever a follower still says of it.

import Foundation
import FoundationNetworking
import Glibc
import HeightsKit
import TestSupport
import Testing

@Suite(.serialized) struct ReplicatedSessionsTests {
  private struct Pair {
    let leader: PostgresServer
    let follower: PostgresServer
    let url: URL

    func ask(_ path: String, _ cookie: String? = nil) async throws -> (text: String, cookie: String?) {
      let configuration = URLSessionConfiguration.ephemeral
      configuration.httpShouldSetCookies = false
      let session = URLSession(configuration: configuration)
      defer { session.invalidateAndCancel() }
      var request = URLRequest(url: url.appendingPathComponent(path))
      request.httpMethod = path == "who" ? "GET" : "POST"
      if let cookie { request.setValue(cookie, forHTTPHeaderField: "Cookie") }
      let (data, response) = try await session.data(for: request)
      let set = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Set-Cookie")
      let cookies = set.flatMap { $0.firstMatch(of: /session=[^;]+/) }.map { String($0.output) }
      return (String(decoding: data, as: UTF8.self), cookies)
    }

    /// Waits until the follower has replayed all that the leader has written.
    func followerHasCaughtUp() async throws {
      let end = try leader.run("SELECT pg_current_wal_insert_lsn()")
      try await eventually("the follower replays \(end)") {
        try follower.run("SELECT pg_last_wal_replay_lsn() >= '\(end)'") == "t"
      }
    }
  }

  /// An app whose sessions are in a leader and a follower.
  private func withPair(_ body: (Pair) async throws -> Void) async throws {
    let (leader, follower) = try await blocking {
      let leader = try PostgresServer()
      try leader.run("CREATE ROLE app LOGIN CREATEDB")
      return (leader, try leader.makeFollower())
    }
    defer {
      leader.stop()
      follower.stop()
    }
    try await withFolder { folder in
      let members = [leader, follower].compactMap { ServerAddress("127.0.0.1:\($0.port)") }
      let path = folder + "/placement.json"
      try Placement(
        epoch: 1, clusters: ["main": .init(members: members)],
        databases: ["sessions": [.init(cluster: "main")]]
      ).write(to: path)
      try await App.serving(variables: ["HEIGHTS_PLACEMENT": path]) { context in
        let store = try await SessionStore(context)
        var routes = Routes()
        routes.app.post("/begin") {
          Response.noContent.with(try await store.begin(for: account7, by: $0).cookie)
        }
        routes.app.get("/who") { .text(try await store.session(of: $0) == nil ? "out" : "in") }
        routes.app.post("/end") {
          try await store.end(of: $0)
          return .noContent
        }
        routes.app.post("/end-all") { _ in
          try await store.endAll(of: account7, before: 1)
          return .noContent
        }
        return routes
      } _: { url in
        try await body(Pair(leader: leader, follower: follower, url: url))
      }
    }
  }

  @Test(arguments: ["end", "end-all"])
  func anEndedSessionIsNotFoundAtAFollowerThatLags(_ end: String) async throws {
    try await withPair { pair in
      for _ in 0..<3 {
        let cookie = try #require(try await pair.ask("begin").cookie)
        try await pair.followerHasCaughtUp()
        #expect(try await pair.ask("who", cookie).text == "in")
        try pair.follower.run("SELECT pg_wal_replay_pause()")
        _ = try await pair.ask(end, cookie)
        for _ in 0..<20 { #expect(try await pair.ask("who", cookie).text == "out") }
        try pair.follower.run("SELECT pg_wal_replay_resume()")
        if end == "end-all" { break }
      }
    }
  }

  @Test func aSessionIsFoundAtTheFollowerWhileThereIsNoLeader() async throws {
    try await withPair { pair in
      let (kept, ended) = (
        try #require(try await pair.ask("begin").cookie), try #require(try await pair.ask("begin").cookie)
      )
      _ = try await pair.ask("end", ended)
      try await pair.followerHasCaughtUp()
      try pair.leader.signal(SIGSTOP)
      defer { try? pair.leader.signal(SIGCONT) }
      #expect(try await pair.ask("who", kept).text == "in")
      #expect(try await pair.ask("who", ended).text == "out")
    }
  }
}
