// An app whose cluster changes by its placement, and whose browsers carry what they have seen.

import Foundation
import FoundationNetworking
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite(.serialized) struct PlacedClusterTests {
  private func placement(_ epoch: Int, _ servers: PostgresServer...) -> Placement {
    let members = servers.compactMap { ServerAddress("127.0.0.1:\($0.port)") }
    return Placement(
      epoch: epoch, clusters: ["main": .init(members: members)],
      databases: ["notes": [.init(cluster: "main")]])
  }

  /// Two servers whose user is the one of a placement, and an app's data folder.
  private func withServers(_ body: (PostgresServer, PostgresServer, String) async throws -> Void) async throws
  {
    let (leader, follower) = try await blocking {
      let leader = try PostgresServer()
      try leader.run("CREATE ROLE app LOGIN CREATEDB")
      return (leader, try leader.makeFollower())
    }
    defer {
      leader.stop()
      follower.stop()
    }
    try await withFolder { try await body(leader, follower, $0 + "/placement.json") }
  }

  @Test func aMemberComesAndGoesAndNoRequestNotices() async throws {
    try await withServers { leader, follower, path in
      try placement(1, leader).write(to: path)
      try await withContext(["HEIGHTS_PLACEMENT": path, "HEIGHTS_LOOPS": "2"]) { context in
        let database = try await context.database("notes", migrations: [PostgresNotes.notes])
        let cluster = try #require(try context.ranges(of: "notes", context.placement)?.first?.cluster)
        let done = OneValue<Bool>()
        try await withThrowingTaskGroup { group in
          defer { done.set(true) }
          for browser in 0..<20 {
            let loop = context.loops.next()
            group.addTask {
              try await loop.run { try await Self.browse("\(browser)", database, until: done) }
            }
          }
          func reads() -> Int { cluster.metrics.followerReads.load(ordering: .relaxed) }
          #expect(reads() == 0)
          for round in 1...3 {
            try placement(2 * round, leader, follower).write(to: path)
            let before = reads()
            try await eventually("the follower is read from") { reads() > before + 20 }
            try placement(2 * round + 1, leader).write(to: path)
            try await eventually("the follower is let go") {
              context.placements.adoptedEpoch == 2 * round + 1 && Self.connections(to: follower) == 0
            }
            let after = reads()
            try await eventually("the leader answers") {
              cluster.metrics.leaderReads.load(ordering: .relaxed) > 100 * round
            }
            #expect(reads() == after)
          }
          done.set(true)
          try await group.waitForAll()
        }
      }
    }
  }

  private static func connections(to server: PostgresServer) -> Int? {
    let text = try? server.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'heights'")
    return text.flatMap { Int($0) }
  }

  private static func browse(_ name: String, _ database: Database, until done: OneValue<Bool>) async throws {
    var browser = Browser()
    var number = 0
    while done.value == nil {
      number += 1
      let text = "\(name) \(number)"
      try await browser.request { _ = try await database.insertNote(text) }
      for _ in 0..<3 {
        let found = try await browser.request {
          try await database.first("SELECT text FROM notes WHERE text = \(text)") { try $0.text(0) }
        }
        #expect(found == text)
        try await EventLoop.current?.sleep(ms: 3)
      }
    }
  }

  @Test func aBrowserIsToldWhatItHasSeenWhenThatMovesAndOnlyThen() async throws {
    try await withServers { leader, follower, path in
      try placement(1, leader, follower).write(to: path)
      try await App.serving(variables: ["HEIGHTS_PLACEMENT": path]) { context in
        let database = try await context.database("notes", migrations: [PostgresNotes.notes])
        var routes = Routes()
        routes.app.post("/notes") { _ in .text("\(try await database.insertNote("one"))") }
        routes.app.get("/notes") { _ in .text("\(try await database.count() ?? -1)") }
        routes.app.get("/nothing") { _ in .text("nothing") }
        routes.app.get("/figures") { _ in
          var text = MetricsText()
          await context.writeMetrics(to: &text)
          return .text(text.text)
        }
        routes.app.get("/shared") { _ in
          .text("\(try await database.count() ?? -1)").with("Cache-Control", "public, max-age=60")
        }
        return routes
      } _: { url in
        let browser = Client(url)
        #expect(try await browser.ask("nothing").cookie == nil)
        #expect(try await browser.ask("shared").cookie == nil)
        let write = try await browser.ask("notes", "POST")
        let written = try #require(write.cookie)
        #expect(written.contains("HttpOnly; SameSite=Lax"))
        let token = try #require(written.split(separator: ";").first.map(String.init))
        try await eventually("the follower is read from") {
          #expect(try await browser.ask("notes", cookie: token).text == "1")
          return try await browser.ask("figures").text.contains(#"from="follower"} 1"#)
        }
        let read = try await browser.ask("notes", cookie: token)
        let next = try #require(read.cookie?.split(separator: ";").first.map(String.init))
        #expect(try await browser.ask("notes", cookie: next).cookie == nil)
        // After a failure the leader is read, and its answer is remembered.
        #expect(try await browser.ask("notes", "POST", cookie: next).status == 409)
        let metrics = try await browser.ask("figures").text
        #expect(metrics.contains(#"database_follower_lag_bytes{cluster="main",server="127.0.0.1:"#))
        #expect(metrics.contains(#"database_connections{cluster="main",for="transactions"} 1"#))
      }
    }
  }
}

/// Asks an app, with no cookies but those it is given.
private struct Client {
  private let url: URL
  private let session: URLSession

  init(_ url: URL) {
    self.url = url
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    session = URLSession(configuration: configuration)
  }

  func ask(
    _ path: String, _ method: String = "GET", cookie: String? = nil
  ) async throws -> (status: Int, text: String, cookie: String?) {
    var request = URLRequest(url: url.appendingPathComponent(path))
    request.httpMethod = method
    if let cookie { request.setValue(cookie, forHTTPHeaderField: "Cookie") }
    let (data, response) = try await session.data(for: request)
    let answer = response as? HTTPURLResponse
    return (
      answer?.statusCode ?? 0, String(decoding: data, as: UTF8.self),
      answer?.value(forHTTPHeaderField: "Set-Cookie")
    )
  }
}
