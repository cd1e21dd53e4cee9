// How the rest of Summit calls posts, wherever they are.

import HeightsKit

struct PostsClient: ServiceClient, Posts {
  static let service = "posts"
  let route: ServiceRoute<any Posts>

  private struct ID: Codable {
    let id: Identifier
    let reader: Identifier?
  }
  private struct ByAuthor: Codable {
    let author: Identifier
    let before: Identifier?
    let reader: Identifier?
  }
  private struct ByAuthors: Codable {
    let authors: [Identifier]
    let before: Identifier?
    let reader: Identifier?
  }
  private struct Popular: Codable {
    let cursor: PopularCursor?
    let reader: Identifier?
  }
  private struct Like: Codable {
    let likes: Bool
    let post, account: Identifier
  }
  private struct Pair: Codable { let post, account: Identifier }

  static let calls: [RemoteCall<any Posts>] = [
    RemoteCall("with") { (here, call: ID) in try await here.with(id: call.id, for: call.reader) },
    RemoteCall("by-author") { (here, call: ByAuthor) in
      try await here.page(by: call.author, before: call.before, for: call.reader)
    },
    RemoteCall("by-authors") { (here, call: ByAuthors) in
      try await here.page(by: call.authors, before: call.before, for: call.reader)
    },
    RemoteCall("popular") { (here, call: Popular) in
      try await here.popular(after: call.cursor, for: call.reader)
    },
    RemoteCall("is-liked") { (here, call: Pair) in try await here.isLiked(call.post, by: call.account) },
    RemoteCall("create") { (here, call: NewPost) in try await here.create(call) },
    RemoteCall("set-like") { (here, call: Like) in
      try await here.setLike(call.likes, call.post, by: call.account)
    },
  ]

  // MARK: Reading

  func with(id: Identifier, for reader: Identifier?) async throws -> Post? {
    if let here = route.here { return try await here.with(id: id, for: reader) }
    return try await route.call("with", ID(id: id, reader: reader), .idempotent)
  }

  func page(by author: Identifier, before: Identifier?, for reader: Identifier?) async throws -> Page<Post> {
    if let here = route.here { return try await here.page(by: author, before: before, for: reader) }
    return try await route.call(
      "by-author", ByAuthor(author: author, before: before, reader: reader), .idempotent)
  }

  func page(by authors: [Identifier], before: Identifier?, for reader: Identifier?) async throws -> Page<Post>
  {
    if let here = route.here { return try await here.page(by: authors, before: before, for: reader) }
    return try await route.call(
      "by-authors", ByAuthors(authors: authors, before: before, reader: reader), .idempotent)
  }

  func popular(after cursor: PopularCursor?, for reader: Identifier?) async throws -> Page<Post> {
    if let here = route.here { return try await here.popular(after: cursor, for: reader) }
    return try await route.call("popular", Popular(cursor: cursor, reader: reader), .idempotent)
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
