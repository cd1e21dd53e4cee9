// The API of posts: write and read them, like them, find the popular ones.

import HeightsKit

struct PostsAPI: Sendable {
  let summit: Summit

  func addRoutes(to router: inout Router) {
    router.post("/api/posts", create)
    router.get("/api/posts/{id}", read)
    router.get("/api/popular", popular)
    router.get("/api/accounts/{name}/posts", byAccount)
    router.put("/api/posts/{id}/like") { try await setLike(true, $0) }
    router.delete("/api/posts/{id}/like") { try await setLike(false, $0) }
    router.get("/api/posts/{id}/likes/{name}", isLiked)
    router.post(
      "/api/media", maxBodyBytes: Photo.uploadLimitBytes,
      admission: { _ = try await summit.requireViewer($0) }, upload)
  }

  private struct Sent: Decodable {
    let text: String
    let photo: String?
  }

  private func create(_ request: Request) async throws -> Response {
    let author = try await summit.requireViewer(request)
    let sent = try request.json(Sent.self)
    var problems = FieldProblems()
    let text = problems.check("text", Rules.text, sent.text)
    let key = request.header("Idempotency-Key").map {
      problems.check("Idempotency-Key", Rules.idempotencyKey, $0)
    }
    try problems.throwIfAny()
    let made = try await summit.publish(NewPost(author: author, text: text, photo: sent.photo, key: key))
    return .json(made.post, status: made.isNew ? .created : .ok).with(
      "Location", "/api/posts/\(made.post.id)")
  }

  private func read(_ request: Request) async throws -> Response {
    .bytes(try await summit.postJSON(request.identifier()), contentType: "application/json")
  }

  private func popular(_ request: Request) async throws -> Response {
    guard let cursor = try request.cursor(PopularCursor.self) else {
      return .bytes(try await summit.popularJSON(), contentType: "application/json")
    }
    return .json(try await summit.posts.popular(after: cursor, for: nil))
  }

  private func byAccount(_ request: Request) async throws -> Response {
    let account = try await summit.account(named: request.parameter("name"))
    return .json(
      try await summit.posts.page(by: account.id, before: request.cursor(Identifier.self), for: nil))
  }

  private func setLike(_ likes: Bool, _ request: Request) async throws -> Response {
    let viewer = try await summit.requireViewer(request)
    try await summit.setLike(likes, request.identifier(), by: viewer)
    return .noContent
  }

  private func isLiked(_ request: Request) async throws -> Response {
    let account = try await summit.account(named: request.parameter("name"))
    guard try await summit.posts.isLiked(request.identifier(), by: account.id) else {
      throw Problem.notFound("\(account.name) doesn't like this post.")
    }
    return .noContent
  }

  private func upload(_ request: Request) async throws -> Response {
    _ = try await summit.requireViewer(request)
    guard let file = try request.form().file("photo") else {
      throw Problem.invalid([Problem.Field("photo", "Choose a photo.")])
    }
    let key = try await Photo.store(file, in: summit.photos)
    return .json(UploadedPhoto(key: key), status: .created).with("Location", "/media/\(key)")
  }
}

private struct UploadedPhoto: JSONWritable {
  let key: String

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("key", key)
      $0.member("url", "/media/" + key)
    }
  }
}

extension Request {
  /// The post that the path names.
  /// - Throws: `Problem` (404): what isn't an identifier names nothing.
  func identifier() throws -> Identifier {
    guard let id = Identifier(try parameter("id")) else { throw Problem.notFound("There is no such post.") }
    return id
  }

  /// Where the page that is asked for begins; nil for the first one.
  /// - Throws: `Problem` (400) when the cursor isn't one that a page has given.
  func cursor<Cursor: LosslessStringConvertible>(_ type: Cursor.Type) throws -> Cursor? {
    guard let text = try query("cursor") else { return nil }
    guard let cursor = Cursor(text) else {
      throw Problem.badRequest("The cursor isn't one: use `next` of the page before.")
    }
    return cursor
  }
}
