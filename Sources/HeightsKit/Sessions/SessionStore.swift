// Sessions: who is logged in, known by a token in a cookie.

import CSodium
import Synchronization

/// A session that has just begun or was found again.
public struct Session: Sendable {
  /// Who is logged in.
  public let accountID: Identifier
  /// The version of the account's credentials that it was begun with.
  public let credentials: Int64
  fileprivate let token: SessionToken
  fileprivate let cookieName: String
  fileprivate let secure: Bool

  /// Proves that a form comes from a page of this session.
  public var csrfToken: String { token.csrf }

  /// Sets the session's cookie.
  public var cookie: Cookie {
    Cookie(
      name: cookieName, value: token.description, maxAgeSeconds: Int(SessionStore.lifetimeMs / 1_000),
      secure: secure)
  }
}

/// A session as its owner is shown it.
public struct SessionSummary: Sendable {
  /// Names it to `SessionStore.end(_:of:)`. It lets nobody in.
  public let id: String
  /// In milliseconds since 1970.
  public let begunAtMs: Int64
  /// When it was last used, at most an hour before it really was; in milliseconds since 1970.
  public let usedAtMs: Int64
  /// Where it was begun from; nil for one from before that was noted.
  public let address: String?
  /// Whether it is the one that asks.
  public let isCurrent: Bool
}

/// The account has newer credentials than those that a session was to be begun with: log in anew.
public struct OutdatedCredentials: Error, Equatable {}

/// Sessions, of which only a hash of each token is stored: in a SQL database, in the shard of their account.
///
/// Where the placement says `["redis", "sql"]`, the cache that processes share answers who a session belongs to, as SQL
/// has said within the last five minutes. So a cache that loses everything logs nobody out, and a session that was ended
/// while it was away does not come back with it. Nor does a cache that lies log anybody in or out: its copies are sealed by
/// a secret of the app's, and who it says has left is asked for in SQL. With `["sql", "redis"]` it is told of sessions that end, and not asked.
public final class SessionStore: Sendable {
  /// A session ends after half a year, however much it is used. The cookie lives as long.
  static let lifetimeMs: Int64 = 180 * 24 * 3_600_000
  /// It ends before that when it is not used for so long.
  static let idleMs: Int64 = 30 * 24 * 3_600_000
  /// A session in use is written at most this often, to move its end.
  static let touchMs: Int64 = 3_600_000
  private static let shownSessions = 50
  /// How long an end waits for a Redis that is away: a failover takes about as long.
  private static let forgetMs = 2_000
  /// For how long Redis answers for SQL.
  static let copyMs = 300_000

  /// Of those who want a session.
  let attempts: AttemptTable
  private let table: SessionTable
  private let copies: SharedCopies
  private let placed: @Sendable () -> [Placement.SessionStoreName]
  let found = FoundSessions()
  private let secure: Bool
  private let nowMs: @Sendable () -> Int64

  /// - Parameters:
  ///   - database: with the tables that `migrations` make.
  ///   - loop: removes what has expired.
  ///   - stores: where the placement has sessions.
  init(
    _ database: Database, _ redis: SharedRedis, on loop: EventLoop, usesTLS: Bool,
    stores: @escaping @Sendable () -> [Placement.SessionStoreName], nowMs: @escaping @Sendable () -> Int64
  ) async throws {
    guard sodium_init() >= 0 else { throw SystemError(call: "sodium_init", code: 0) }
    table = SessionTable(database)
    attempts = AttemptTable(database: database, nowMs: nowMs)
    copies = SharedCopies(
      redis, prefix: "session:", markMs: SessionStore.copyMs, secret: try await table.secret(), nowMs: nowMs)
    secure = usesTLS
    placed = stores
    self.nowMs = nowMs
    loop.spawn { [weak self] in await self?.removeExpired(loop) }
  }

  static var migrations: [Migration] { SessionTable.migrations }

  private var cookieName: String { secure ? "__Host-session" : "session" }

  /// Removes the cookie from the browser.
  public var removalCookie: Cookie { Cookie(name: cookieName, value: "", maxAgeSeconds: 0, secure: secure) }

  /// Begins a session, and ends the one that the browser had. It is on the disk when this returns.
  /// - Parameters:
  ///   - credentials: the version of what the person has proved to know, read together with it: with each change of a
  ///     password an app counts it up, and calls `endAll(of:before:)`. Stays 0 where nothing changes.
  ///   - request: the one that has asked for it.
  /// - Throws: `OutdatedCredentials` when sessions of that version have been ended.
  public func begin(
    for account: Identifier, credentials: Int64 = 0, by request: Request
  ) async throws -> Session {
    let (token, now) = (SessionToken(shard: account.shard), nowMs())
    let session = StoredSession(account: account, credentials: credentials, begunAtMs: now, touchedAtMs: now)
    guard try await table.insert(token.hash, session, from: request.remoteAddress) else {
      throw OutdatedCredentials()
    }
    try await end(of: request)
    return self.session(token, session)
  }

  /// The session that the request's cookie stands for; nil when there is none or it has ended.
  public func session(of request: Request) async throws -> Session? {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return nil }
    let (hash, now) = (token.hash, nowMs())
    guard let stored = try await stored(hash, token.shard, now),
      stored.touchedAtMs > now - SessionStore.idleMs, stored.begunAtMs > now - SessionStore.lifetimeMs
    else { return nil }
    if stored.touchedAtMs < now - SessionStore.touchMs { await touch(token, hash, stored, now) }
    return session(token, stored)
  }

  /// Ends the request's session, if it has one.
  public func end(of request: Request) async throws {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return }
    let hash = token.hash
    try await table.delete(hash, token.shard)
    await forget([hash])
  }

  /// The sessions of the same account, the one used latest first, at most 50.
  public func all(of session: Session) async throws -> [SessionSummary] {
    let (now, own) = (nowMs(), session.token.hash)
    let found = try await table.all(
      of: session.accountID, usedAfter: now - SessionStore.idleMs,
      begunAfter: now - SessionStore.lifetimeMs, limit: SessionStore.shownSessions)
    return found.filter { $0.session.credentials >= session.credentials }.map {
      SessionSummary(
        id: hexadecimal($0.hash), begunAtMs: $0.session.begunAtMs, usedAtMs: $0.session.touchedAtMs,
        address: $0.address, isCurrent: $0.hash == own)
    }
  }

  /// Ends a session of an account, known by its `SessionSummary.id`; what is none of the account's is left alone.
  public func end(_ id: String, of account: Identifier) async throws {
    guard let hash = bytes(ofHexadecimal: id, count: SessionToken.hashBytes),
      try await table.delete(hash, of: account)
    else { return }
    await forget([hash])
  }

  /// Ends all sessions of an account that were begun with earlier credentials, and lets no such session begin any more:
  /// also not for somebody whose password was found right a moment before.
  public func endAll(of account: Identifier, before credentials: Int64) async throws {
    await forget(try await table.deleteAll(of: account, before: credentials))
  }

  private func session(_ token: SessionToken, _ stored: StoredSession) -> Session {
    Session(
      accountID: stored.account, credentials: stored.credentials, token: token, cookieName: cookieName,
      secure: secure)
  }

  private var stores: [Placement.SessionStoreName] { placed() }

  private func stored(_ hash: [UInt8], _ shard: Shard, _ now: Int64) async throws -> StoredSession? {
    guard stores.first == .redis else {
      found.inSQL.add(1, ordering: .relaxed)
      return try await table.find(hash, shard)
    }
    let copy = await copies.find(hash, ageLimitMs: SessionStore.copyMs)
    if case .copy(let bytes) = copy, let stored = StoredSession(bytes) {
      found.inRedis.add(1, ordering: .relaxed)
      return stored
    }
    // Also who is said to have left: that is no more than the cache's word.
    found.inSQL.add(1, ordering: .relaxed)
    guard let stored = try await table.find(hash, shard) else { return nil }
    if copy == .removed { return stored }
    await copies.keep(hash, stored.bytes, readAtMs: now, lifeMs: SessionStore.copyMs)
    return stored
  }

  /// Redis is told of what has ended as soon as any process may ask it.
  private func forget(_ hashes: [[UInt8]]) async {
    if stores.contains(.redis) { await copies.remove(hashes, waitMs: SessionStore.forgetMs) }
  }

  /// A session whose end can't be moved now is moved the next time.
  private func touch(_ token: SessionToken, _ hash: [UInt8], _ stored: StoredSession, _ now: Int64) async {
    var touched = stored
    touched.touchedAtMs = now
    guard (try? await table.touch(hash, token.shard, now)) == true, stores.first == .redis else { return }
    await copies.keep(hash, touched.bytes, readAtMs: now, lifeMs: SessionStore.copyMs)
  }

  /// Removes what has ended, a batch a minute, for as long as the process runs.
  private func removeExpired(_ loop: EventLoop) async {
    while (try? await loop.sleep(ms: 60_000)) != nil {
      _ = try? await removeExpiredBatch()
      try? await attempts.deleteExpired()
    }
  }

  /// - Returns: how many sessions were removed.
  func removeExpiredBatch() async throws -> Int {
    try await table.deleteExpired(olderThan: nowMs() - SessionStore.idleMs)
  }
}

/// Which store has said who a session belongs to, counted by all loops.
final class FoundSessions: Sendable {
  let inRedis = Atomic<Int>(0)
  let inSQL = Atomic<Int>(0)

  func write(to text: inout MetricsText) {
    text.begin("session_lookups_total", "counter", "Sessions looked up, by the store that has answered.")
    for (store, count) in [
      ("redis", inRedis.load(ordering: .relaxed)), ("sql", inSQL.load(ordering: .relaxed)),
    ] {
      text.sample("session_lookups_total", [("store", store)], Double(count))
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
