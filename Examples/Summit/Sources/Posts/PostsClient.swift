// How the rest of Summit calls posts, wherever they are.

import HeightsKit

struct PostsClient: ServiceClient, Posts {
  static let service = "posts"
  let route: ServiceRoute<any Posts>

  private struct ID: Codable { let id: Identifier }
  private struct ByAuthor: Codable {
    let author: Identifier
    let before: Identifier?
  }
  private struct ByAuthors: Codable {
    let authors: [Identifier]
    let before: Identifier?
  }
  private struct Popular: Codable { let cursor: PopularCursor? }
  private struct Liked: Codable {
    let posts: [Identifier]
    let account: Identifier
  }
  private struct Like: Codable {
    let likes: Bool
    let post, account: Identifier
  }
  private struct Pair: Codable { let post, account: Identifier }

  static let calls: [RemoteCall<any Posts>] = [
    RemoteCall("with") { (here, call: ID) in try await here.with(id: call.id) },
    RemoteCall("by-author") { (here, call: ByAuthor) in
      try await here.page(by: call.author, before: call.before)
    },
    RemoteCall("by-authors") { (here, call: ByAuthors) in
      try await here.page(by: call.authors, before: call.before)
    },
    RemoteCall("popular") { (here, call: Popular) in try await here.popular(after: call.cursor) },
    RemoteCall("liked") { (here, call: Liked) in try await here.liked(call.posts, by: call.account) },
    RemoteCall("is-liked") { (here, call: Pair) in try await here.isLiked(call.post, by: call.account) },
    RemoteCall("create") { (here, call: NewPost) in try await here.create(call) },
    RemoteCall("set-like") { (here, call: Like) in
      try await here.setLike(call.likes, call.post, by: call.account)
    },
  ]

  // MARK: Reading

  func with(id: Identifier) async throws -> Post? {
    if let here = route.here { return try await here.with(id: id) }
    return try await route.call("with", ID(id: id), .idempotent)
  }

  func page(by author: Identifier, before: Identifier?) async throws -> Page<Post> {
    if let here = route.here { return try await here.page(by: author, before: before) }
    return try await route.call("by-author", ByAuthor(author: author, before: before), .idempotent)
  }

  func page(by authors: [Identifier], before: Identifier?) async throws -> Page<Post> {
    if let here = route.here { return try await here.page(by: authors, before: before) }
    return try await route.call("by-authors", ByAuthors(authors: authors, before: before), .idempotent)
  }

  func popular(after cursor: PopularCursor?) async throws -> Page<Post> {
    if let here = route.here { return try await here.popular(after: cursor) }
    return try await route.call("popular", Popular(cursor: cursor), .idempotent)
  }

  func liked(_ posts: [Identifier], by account: Identifier) async throws -> Set<Identifier> {
    if let here = route.here { return try await here.liked(posts, by: account) }
    return try await route.call("liked", Liked(posts: posts, account: account), .idempotent)
  }

  func isLiked(_ post: Identifier, by account: Identifier) async throws -> Bool {
    if let here = route.here { return try await here.isLiked(post, by: account) }
    return try await route.call("is-liked", Pair(post: post, account: account), .idempotent)
  }

  // MARK: Writing

  func create(_ post: NewPost) async throws -> Published {
    if let here = route.here { return try await here.create(post) }
    return try await route.call("create", post, post.key == nil ? .once : .idempotent)
  }

  func setLike(_ likes: Bool, _ post: Identifier, by account: Identifier) async throws -> Bool {
    if let here = route.here { return try await here.setLike(likes, post, by: account) }
    return try await route.call("set-like", Like(likes: likes, post: post, account: account), .idempotent)
  }
}
