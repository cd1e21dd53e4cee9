// Every page and call of Summit takes as many statements and calls of services where there is much as where there is little.

import Foundation
import HeightsKit
import TestSupport
import Testing

@testable import Summit

@Suite struct EveryRouteTests {
  /// What one request took.
  private struct Cost: Equatable, CustomStringConvertible {
    let calls: Int
    let statements: Int
    var description: String { "\(calls) calls, \(statements) statements" }
  }

  /// The most of any request that reads, and of any other: a new password ends sessions, and who logs in is counted.
  private static func most(of route: String) -> Cost {
    route.hasPrefix("GET ") ? Cost(calls: 4, statements: 5) : Cost(calls: 4, statements: 16)
  }

  /// How each route is asked that a pattern alone does not tell: bodies, and files that there are. A route that is not here is asked
  /// with what `parameters` have.
  private struct Ask {
    var path: String?
    var form: [String: String]?
    var json: String?
    var photo = false
    /// Asked by somebody of its own, since the session becomes another one or ends.
    var byAnother = false
  }

  private static func asks(_ data: SampleData) -> [String: Ask] {
    let password = RunningSummit.password
    let logIn = #"{"name":"author1","password":"\#(password)"}"#
    return [
      "POST /posts": Ask(form: ["text": "Hi", "key": "once-more"]),
      "POST /posts/{id}/like": Ask(form: [:]), "POST /posts/{id}/unlike": Ask(form: [:]),
      "POST /@{name}/follow": Ask(form: [:]), "POST /@{name}/unfollow": Ask(form: [:]),
      "POST /signup": Ask(
        form: ["name": "newcomer", "email": "n@example.com", "password": password],
        byAnother: true),
      "POST /login": Ask(form: ["name": "author1", "password": password], byAnother: true),
      "POST /logout": Ask(form: [:], byAnother: true),
      "POST /settings": Ask(form: ["current": password, "new": "quite another password"], byAnother: true),
      "POST /settings/sessions/end": Ask(form: ["session": "none"]),
      "POST /api/accounts": Ask(
        json: #"{"name":"second","email":"s@example.com","password":"\#(password)"}"#,
        byAnother: true),
      "POST /api/sessions": Ask(json: logIn, byAnother: true), "DELETE /api/sessions": Ask(byAnother: true),
      "POST /api/posts": Ask(json: #"{"text":"Hi"}"#), "POST /api/media": Ask(photo: true),
      "POST /api/waitlist": Ask(json: #"{"email":"w@example.com"}"#),
      "GET /assets/{path...}": Ask(path: "/assets/launch.css"),
      "GET /media/{key}": Ask(path: "/media/\(data.photo)"),
    ]
  }

  @Test func noRouteTakesMoreWhereThereIsMore() async throws {
    let little = try await costs(of: 5)
    let much = try await costs(of: 50)
    #expect(Set(little.keys) == Set(much.keys) && little.count > 30)
    for (route, cost) in little.sorted(by: { $0.key < $1.key }) {
      #expect(
        much[route] == cost, "\(route): with ten times as much \(much[route]?.description ?? "nothing")")
      let most = Self.most(of: route)
      #expect(cost.calls <= most.calls && cost.statements <= most.statements, "\(route): \(cost)")
    }
    // What counts nothing would prove nothing.
    #expect(little["GET /"].map { $0.calls > 2 && $0.statements > 2 } == true, "\(little)")
  }

  /// Of each route, asked by who follows so many.
  private func costs(of count: Int) async throws -> [String: Cost] {
    var costs: [String: Cost] = [:]
    // With a cache most requests would take nothing.
    try await withSplitSummit(["HEIGHTS_CACHE_BYTES": "0"]) { summit in
      let data = try await SampleData(summit, count)
      let asks = Self.asks(data)
      #expect(Set(asks.keys).isSubset(of: summit.routes), "there is no such route any more")
      for route in summit.routes {
        let ask = asks[route]
        let browser = ask?.byAnother == true ? try await summit.member("other\(costs.count)") : data.reader
        let token = ask?.form == nil ? "" : try await browser.get("/settings").token
        let (calls, statements) = (await summit.calls, summit.statements)
        let answer = try await send(route, ask ?? Ask(), data, browser, token)
        costs[route] = Cost(
          calls: await summit.calls - calls, statements: summit.statements - statements)
        #expect((200..<400).contains(answer.status), "\(route): \(answer.status) \(answer.text.prefix(200))")
      }
    }
    return costs
  }

  private func send(
    _ route: String, _ ask: Ask, _ data: SampleData, _ browser: Browser, _ token: String
  ) async throws -> Answer {
    let parts = route.split(separator: " ")
    let path = ask.path ?? data.path(String(parts[1]))
    if ask.photo { return try await browser.submit(path, [:], photo: SampleData.picture) }
    if let form = ask.form { return try await browser.submit(path, form.merging(["csrf": token]) { $1 }) }
    return try await browser.api(String(parts[0]), path, ask.json)
  }
}

/// Somebody who follows many, with posts, likes and followers enough for several pages.
private struct SampleData {
  /// The smallest there is.
  static let picture = Data(
    base64Encoded:
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")!

  let reader: Browser
  /// The key of one that was sent.
  let photo: String
  private let post: String

  init(_ summit: RunningSummit, _ count: Int) async throws {
    reader = try await summit.member("reader")
    for name in ["author1", "author2"] { _ = try await summit.member(name) }
    let sent = try await reader.submit("/api/media", [:], photo: Self.picture)
    photo = try #require(sent.member("key"))
    let graph = GraphStore(database: try summit.database("graph"))
    let posts = PostsStore(database: try summit.database("posts"))
    let own = try await summit.account("reader")
    let author = try await summit.account("author1")
    var ids = [Identifier]()
    for number in 0..<count {
      let other = try Self.account(number)
      try await graph.follow(other, by: own.id)
      try await graph.follow(author, by: other.id)
      for author in [author, other, own] {
        let post = try await posts.create(NewPost(author: author, text: "Hi", photo: nil, key: nil)).post
        _ = try await posts.setLike(true, post.id, by: own.id)
        ids.append(post.id)
      }
      for id in ids.prefix(1) { _ = try await posts.setLike(true, id, by: other.id) }
    }
    _ = try await graph.follow(author, by: own.id)
    _ = try await graph.follow(summit.account("author2"), by: author.id)
    let first = try #require(ids.first)
    _ = try await posts.setLike(true, first, by: author.id)
    post = "\(first)"
  }

  private static func account(_ number: Int) throws -> Account {
    let shard = Shard(of: "other\(number)")
    let id = try #require(Identifier(Int64(number + 1) << 22 | Int64(shard.number) << 10))
    return Account(id: id, name: "other\(number)", displayName: "Other", email: "", credentials: 0)
  }

  /// A pattern with what there is in place of its parameters.
  func path(_ pattern: String) -> String {
    let known = [
      "id": post, "name": "author1", "other": "author2", "key": photo, "path...": "summit.css",
    ]
    return known.reduce(pattern) { $0.replacingOccurrences(of: "{\($1.key)}", with: $1.value) }
  }
}
