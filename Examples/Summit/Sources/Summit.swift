// Summit: a small social app. What it does, whether a page or the API asks for it.

import HeightsKit

/// Somebody who is logged in: the account, and the session that shows it.
struct Viewer: Sendable {
  let account: Account
  let session: Session
}

/// The app's stores and rules.
struct Summit: Sendable {
  /// How long the shared lists and posts may be served from the cache, and for how long after that while a new
  /// version is made.
  private static let popularMs = (fresh: 3_000, stale: 30_000)
  private static let feedMs = (fresh: 2_000, stale: 0)
  private static let postMs = (fresh: 60_000, stale: 0)

  let accounts: AccountsClient
  let posts: PostsClient
  let graph: GraphClient
  let sessions: SessionStore
  let logInLimits: LogInLimits
  let photos: ObjectStore
  let cache: Cache
  let assets: Assets

  // MARK: Accounts and sessions

  /// - Throws: `Problem`: 422 when the name or the address is taken, 429 after too many from one address.
  func signUp(_ signUp: SignUp, by request: Request) async throws -> Viewer {
    if try await accounts.named(signUp.name) != nil {
      throw Problem.invalid([Problem.Field("name", "This name is taken.")])
    }
    try await logInLimits.signUp(from: request.remoteAddress)
    let account = try await accounts.create(signUp)
    return Viewer(
      account: account, session: try await begin(account.id, account.credentials, by: request))
  }

  /// - Throws: `Problem`: 401 when name and password don't belong together, 429 after too many failures.
  func logIn(name: String, password: String, by request: Request) async throws -> Viewer {
    let account = try await logInLimits.attempt(name: name, address: request.remoteAddress) {
      try await accounts.logIn(name, password: password)
    }
    guard let account else { throw Summit.wrongPassword }
    return Viewer(
      account: account, session: try await begin(account.id, account.credentials, by: request))
  }

  private static let wrongPassword = Problem(
    .unauthorized, title: "Name and password don't belong together")

  /// - Throws: `Problem` (401) when the password that was right has been changed meanwhile.
  private func begin(
    _ account: Identifier, _ credentials: Int64, by request: Request
  ) async throws -> Session {
    do {
      return try await sessions.begin(for: account, credentials: credentials, by: request)
    } catch is OutdatedCredentials { throw Summit.wrongPassword }
  }

  /// Who has sent the request, if there is a session. One from before a change of the password is over, also when
  /// whoever made the change was stopped before all sessions had ended.
  func viewer(_ request: Request) async throws -> Viewer? {
    guard let session = try await sessions.session(of: request),
      let account = try await accounts.with(id: session.accountID),
      // A follower may know less of the account than the session does.
      session.credentials >= account.credentials
    else { return nil }
    return Viewer(account: account, session: session)
  }

  /// - Throws: `Problem` (401) when nobody is logged in.
  func requireViewer(_ request: Request) async throws -> Account {
    guard let viewer = try await viewer(request) else {
      throw Problem(.unauthorized, title: "Log in first", detail: "This needs a session.")
    }
    return viewer.account
  }

  /// Changes the password and ends all sessions of the account: whatever the old password opens, or has opened, is shut.
  /// - Returns: a new session for the browser that has asked.
  /// - Throws: `Problem`: 422 when `old` isn't the password, 429 after too many failures.
  func changePassword(named name: String, from old: String, to new: String, by request: Request)
    async throws -> Session
  {
    let account = try await logInLimits.attempt(name: name, address: request.remoteAddress) {
      try await accounts.changePassword(of: name, from: old, to: new)
    }
    guard let account else { throw Problem.invalid([Problem.Field("current", "This is not your password.")]) }
    try await sessions.endAll(of: account.id, before: account.credentials)
    return try await begin(account.id, account.credentials, by: request)
  }

  func account(named name: String) async throws -> Account {
    guard let account = try await accounts.named(name) else {
      throw Problem.notFound("There is no account \(name).")
    }
    return account
  }

  // MARK: Posts

  func post(_ id: Identifier, for viewer: Viewer?) async throws -> Post {
    guard let post = try await posts.with(id: id, for: viewer?.account.id) else {
      throw Problem.notFound("There is no such post.")
    }
    return post
  }

  /// - Throws: `Problem` (422) when the photo isn't there, or the key was used for another post.
  func publish(_ post: NewPost) async throws -> Published {
    if let photo = post.photo, try await !photos.contains(photo) {
      throw Problem.invalid([Problem.Field("photo", "Upload the photo first.")])
    }
    let made = try await posts.create(post)
    guard made.isNew || (made.post.text == post.text && made.post.photo == post.photo) else {
      throw Problem.invalid([
        Problem.Field("Idempotency-Key", "This was sent before, for another post. Send it again.")
      ])
    }
    await cache.remove("feed:\(post.author.id)")
    return made
  }

  func setLike(_ likes: Bool, _ post: Identifier, by account: Account) async throws {
    guard try await posts.setLike(likes, post, by: account.id) else {
      throw Problem.notFound("There is no such post.")
    }
    await cache.remove("post:\(post)")
  }

  func setFollow(_ follows: Bool, _ name: String, by follower: Account) async throws {
    let followee = try await account(named: name)
    if followee.id == follower.id {
      throw Problem(.unprocessableContent, title: "You see your own posts anyway")
    }
    if follows {
      try await graph.follow(followee, by: follower.id)
    } else {
      try await graph.unfollow(followee.id, by: follower.id)
    }
    await cache.remove("feed:\(follower.id)")
  }

  /// The newest posts of those whom an account follows, and its own.
  func feed(
    of account: Account, before: Identifier?, for reader: Identifier? = nil
  ) async throws -> Page<Post> {
    let authors = try await graph.followees(of: account.id) + [account.id]
    return try await posts.page(by: authors, before: before, for: reader)
  }

  // MARK: What is kept in the cache: the JSON of what many ask for

  func postJSON(_ id: Identifier) async throws -> [UInt8] {
    try await cache.value(for: "post:\(id)", ttlMs: Summit.postMs.fresh, staleForMs: Summit.postMs.stale) {
      JSONWriter.bytes(of: try await post(id, for: nil))
    }
  }

  func popularJSON() async throws -> [UInt8] {
    try await cache.value(for: "popular", ttlMs: Summit.popularMs.fresh, staleForMs: Summit.popularMs.stale) {
      JSONWriter.bytes(of: try await posts.popular(after: nil, for: nil), capacity: 8 << 10)
    }
  }

  func feedJSON(of account: Account) async throws -> [UInt8] {
    try await cache.value(
      for: "feed:\(account.id)", ttlMs: Summit.feedMs.fresh, staleForMs: Summit.feedMs.stale
    ) {
      JSONWriter.bytes(of: try await feed(of: account, before: nil), capacity: 8 << 10)
    }
  }
}
