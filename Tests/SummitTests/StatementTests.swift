// How many statements a page takes: as many for who follows fifty as for who follows nobody.

import HeightsKit
import Testing

@testable import Summit

@Suite struct StatementTests {
  /// What is asked, how often at most for one row or list of one shard, and how many lists of several shards there are, of each of
  /// which every cluster is asked once.
  private typealias Ask = (method: String, path: String, json: String?, statements: Int, lists: Int)

  /// Who follows fifty with posts enough for two pages, and has liked some.
  private func reader(_ summit: RunningSummit) async throws -> (browser: Browser, posts: [Post]) {
    let browser = try await summit.member("reader")
    _ = try await summit.member("author")
    let reader = try await summit.account("reader")
    let graph = GraphStore(database: try summit.database("graph"))
    let posts = PostsStore(database: try summit.database("posts"))
    var made: [Post] = []
    for number in 0..<50 {
      let shard = Shard(of: "author\(number)")
      let id = try #require(Identifier(Int64(number + 1) << 22 | Int64(shard.number) << 10))
      let author = Account(
        id: id, name: "author\(number)", displayName: "Author", email: "", credentials: 0)
      try await graph.follow(author, by: reader.id)
      made.append(try await posts.create(NewPost(author: author, text: "Hi", photo: nil, key: nil)).post)
    }
    for post in made.prefix(25) { _ = try await posts.setLike(true, post.id, by: reader.id) }
    return (browser, made)
  }

  @Test func noPageMakesMoreStatementsThanItsBound() async throws {
    try await withSummit(["HEIGHTS_CACHE_BYTES": "0"]) { summit in
      let (browser, posts) = try await reader(summit)
      let (post, older) = (posts[10].id, posts[30].id)
      // Who has sent it takes two: the session, and the account.
      let asks: [Ask] = [
        ("GET", "/", nil, 3, 2), ("GET", "/?cursor=\(older)", nil, 3, 2), ("GET", "/popular", nil, 2, 2),
        ("GET", "/posts/\(post)", nil, 4, 0), ("GET", "/@author", nil, 6, 0), ("GET", "/settings", nil, 4, 0),
        ("GET", "/api/feed", nil, 3, 1), ("GET", "/api/feed?cursor=\(older)", nil, 3, 1),
        ("GET", "/api/popular", nil, 0, 1), ("GET", "/api/posts/\(post)", nil, 1, 0),
        ("GET", "/api/me", nil, 2, 0), ("GET", "/api/accounts/author", nil, 1, 0),
        ("GET", "/api/accounts/author/posts", nil, 2, 0),
        ("GET", "/api/posts/\(post)/likes/reader", nil, 2, 0),
        ("PUT", "/api/accounts/author/follow", nil, 4, 0),
        ("GET", "/api/accounts/reader/following/author", nil, 3, 0),
        ("DELETE", "/api/accounts/author/follow", nil, 4, 0),
        ("PUT", "/api/posts/\(post)/like", nil, 5, 0), ("DELETE", "/api/posts/\(post)/like", nil, 5, 0),
        ("POST", "/api/posts", #"{"text":"Hi"}"#, 6, 0),
      ]
      for ask in asks {
        let before = summit.statements
        let answer = try await browser.api(
          ask.method, ask.path, ask.json, headers: ask.json == nil ? [:] : ["Idempotency-Key": "once"])
        let count = summit.statements - before
        #expect((200...404).contains(answer.status), "\(ask.path): \(answer.status)")
        #expect(
          count <= ask.statements + ask.lists * TestEngine.Kind.chosen.clusters, "\(ask.path): \(count)")
      }
      let page = try await browser.api("GET", "/api/feed")
      #expect(page.all("\"id\":\"([0-9]+)\"").count == PostsStore.pageSize)
    }
  }
}
