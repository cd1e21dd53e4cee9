// Sessions: who is logged in, known by a token in a cookie.

import CSodium

/// A session that has just begun or was found again.
public struct Session: Sendable {
  public let accountID: Identifier
  fileprivate let token: SessionToken
  fileprivate let tokenHash: [UInt8]
  fileprivate let cookieName: String
  fileprivate let cookieLifetimeMs: Int64
  fileprivate let secure: Bool

  /// Proves that a form comes from a page of this session.
  public var csrfToken: String { token.csrf }

  /// Sets the session's cookie.
  public var cookie: Cookie {
    Cookie(
      name: cookieName, value: token.description, maxAgeSeconds: Int(cookieLifetimeMs / 1_000), secure: secure
    )
  }
}

/// Sessions in a SQL database, in the shard of their account. Only a hash of each token is stored.
public final class SessionStore: Sendable {
  static let lifetimeMs: Int64 = 30 * 24 * 3_600_000
  /// The cookie outlives the session, whose end the store decides and moves: as long as browsers keep a cookie at all.
  private static let cookieLifetimeMs: Int64 = 400 * 24 * 3_600_000
  /// A session in use is written at most this often, to move its end.
  static let touchMs: Int64 = 3_600_000
  private static let expiredBatch = 500

  private static let migrations = [
    Migration(
      number: 1, name: "sessions",
      sql: """
        CREATE TABLE sessions (
          shard BIGINT NOT NULL,
          token_hash BYTEA NOT NULL,
          account_id BIGINT NOT NULL,
          touched_at_ms BIGINT NOT NULL,
          PRIMARY KEY (shard, token_hash)
        );
        CREATE INDEX sessions_by_account ON sessions (shard, account_id);
        CREATE INDEX sessions_by_age ON sessions (touched_at_ms);
        """)
  ]

  private let database: Database
  private let secure: Bool
  private let nowMs: @Sendable () -> Int64

  /// Opens the store in the process's data folder.
  public convenience init(_ context: AppContext) async throws {
    try await self.init(context, nowMs: wallClockMs)
  }

  init(_ context: AppContext, nowMs: @escaping @Sendable () -> Int64) async throws {
    guard sodium_init() >= 0 else { throw SystemError(call: "sodium_init", code: 0) }
    database = try await context.database("sessions", migrations: SessionStore.migrations)
    secure = context.environment.usesTLS
    self.nowMs = nowMs
    context.loops.loops[0].spawn { [weak self] in await self?.removeExpired(context.loops.loops[0]) }
  }

  private var cookieName: String { secure ? "__Host-session" : "session" }

  /// Removes the cookie from the browser.
  public var removalCookie: Cookie { Cookie(name: cookieName, value: "", maxAgeSeconds: 0, secure: secure) }

  /// Begins a session. It is on the disk when this returns.
  public func begin(for account: Identifier) async throws -> Session {
    let token = SessionToken(shard: account.shard)
    let (hash, now) = (token.hash, nowMs())
    try await database.transaction {
      try await $0.execute(
        """
        INSERT INTO sessions (shard, token_hash, account_id, touched_at_ms)
        VALUES (\(account.shard), \(hash), \(account), \(now))
        """)
    }
    return session(token, hash, account)
  }

  /// The session that the request's cookie stands for; nil when there is none or it has ended.
  public func session(of request: Request) async throws -> Session? {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return nil }
    let (hash, now) = (token.hash, nowMs())
    let found = try await database.first(
      "SELECT account_id, touched_at_ms FROM sessions WHERE shard = \(token.shard) AND token_hash = \(hash)"
    ) { (account: try $0.identifier(0), touchedAtMs: try $0.int(1)) }
    guard let found, found.touchedAtMs > now - SessionStore.lifetimeMs else { return nil }
    if found.touchedAtMs < now - SessionStore.touchMs { await touch(token, hash, now) }
    return session(token, hash, found.account)
  }

  /// Ends the request's session, if it has one.
  public func end(of request: Request) async throws {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return }
    let hash = token.hash
    try await database.transaction {
      try await $0.execute("DELETE FROM sessions WHERE shard = \(token.shard) AND token_hash = \(hash)")
    }
  }

  /// Ends all sessions of an account, but for one.
  public func endAll(of account: Identifier, except kept: Session?) async throws {
    let hash = kept?.tokenHash ?? []
    try await database.transaction {
      try await $0.execute(
        """
        DELETE FROM sessions WHERE shard = \(account.shard) AND account_id = \(account) AND token_hash <> \(hash)
        """)
    }
  }

  private func session(_ token: SessionToken, _ hash: [UInt8], _ account: Identifier) -> Session {
    Session(
      accountID: account, token: token, tokenHash: hash, cookieName: cookieName,
      cookieLifetimeMs: SessionStore.cookieLifetimeMs, secure: secure)
  }

  /// A session whose end can't be moved now is moved the next time.
  private func touch(_ token: SessionToken, _ hash: [UInt8], _ now: Int64) async {
    _ = try? await database.transaction {
      try await $0.execute(
        """
        UPDATE sessions SET touched_at_ms = \(now) WHERE shard = \(token.shard) AND token_hash = \(hash)
        """)
    }
  }

  /// Removes what has ended, a batch a minute, for as long as the process runs.
  private func removeExpired(_ loop: EventLoop) async {
    while (try? await loop.sleep(ms: 60_000)) != nil { _ = try? await removeExpiredBatch() }
  }

  /// - Returns: how many sessions were removed.
  func removeExpiredBatch() async throws -> Int {
    let oldest = nowMs() - SessionStore.lifetimeMs
    return try await database.transaction {
      try await $0.execute(
        """
        DELETE FROM sessions WHERE (shard, token_hash) IN
          (SELECT shard, token_hash FROM sessions WHERE touched_at_ms <= \(oldest) LIMIT \(SessionStore.expiredBatch))
        """)
    }
  }
}

extension Session {
  /// Checks that a form was sent from a page of this session, in constant time.
  /// - Throws: `Problem` (403) when it wasn't.
  public func check(_ form: Form) throws {
    let sent = Array((form["csrf"] ?? "").utf8)
    let expected = Array(csrfToken.utf8)
    guard sent.count == expected.count, sodium_memcmp(sent, expected, expected.count) == 0 else {
      throw Problem(
        .forbidden, title: "The form is out of date", detail: "Reload the page and send it again.")
    }
  }
}

/// What a session's cookie holds: the account's shard, and 256 random bits.
private struct SessionToken: Sendable, CustomStringConvertible {
  private static let secretBytes = 32
  let shard: Shard
  private let secret: [UInt8]

  init(shard: Shard) {
    self.shard = shard
    var secret = [UInt8](repeating: 0, count: SessionToken.secretBytes)
    randombytes_buf(&secret, secret.count)
    self.secret = secret
  }

  /// Reads what `description` writes.
  init?(_ text: String) {
    var bytes = [UInt8](repeating: 0, count: SessionToken.secretBytes + 2)
    var count = 0
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    guard sodium_base642bin(&bytes, bytes.count, text, text.utf8.count, nil, &count, nil, variant) == 0,
      count == bytes.count, let shard = Shard(Int(bytes[0]) << 8 | Int(bytes[1]))
    else { return nil }
    self.shard = shard
    secret = Array(bytes.dropFirst(2))
  }

  /// URL-safe base 64.
  var description: String {
    let bytes = [UInt8(shard.number >> 8), UInt8(shard.number & 0xff)] + secret
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, variant))
    sodium_bin2base64(&text, text.count, bytes, bytes.count, variant)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// What is stored of it.
  var hash: [UInt8] { keyed("session") }

  /// What the session's forms carry.
  var csrf: String { hexadecimal(Array(keyed("csrf").prefix(16))) }

  /// BLAKE2b-256 of a purpose, keyed by the secret: none of these tells anything of the others.
  private func keyed(_ purpose: String) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: 32)
    crypto_generichash(&hash, hash.count, purpose, UInt64(purpose.utf8.count), secret, secret.count)
    return hash
  }
}
