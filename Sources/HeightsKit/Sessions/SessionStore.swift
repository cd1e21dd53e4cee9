// Sessions: who is logged in, known by a token in a cookie.

import CSodium
import Contract

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

/// Sessions, of which only a hash of each token is stored: in a SQL database, in the shard of their account, or in a table of
/// DynamoDB; the placement says where.
///
/// Where the placement says `["redis", "sql"]`, the cache that processes share answers who a session belongs to, as SQL
/// has said within the last five minutes. So a cache that loses everything logs nobody out, and a session that was ended
/// while it was away does not come back with it. Nor does a cache that lies log anybody in or out: its copies are sealed by
/// a secret of the app's, and who it says has left is asked for in SQL. With `["sql", "redis"]` it is told of sessions that
/// end, and not asked.
///
/// With `["dynamodb", "sql"]` sessions begin in DynamoDB, and those that it doesn't know are looked for in SQL, and then in
/// both; `["sql", "dynamodb"]` is the reverse. Both are told of those that end (`SessionKeepers`). Secrets and attempts to log
/// in are in SQL in any case.
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
  private let keepers: [Placement.SessionStoreName: any SessionKeeper]
  private let copies: SharedCopies
  private let place: SessionPlace
  let found = FoundSessions()
  private let secure: Bool
  private let nowMs: @Sendable () -> Int64

  /// - Parameters:
  ///   - database: with the tables that `migrations` make.
  ///   - table: of DynamoDB, when there is one.
  ///   - loop: removes what has expired.
  ///   - place: where the placement has sessions.
  init(
    _ database: Database, _ table: DynamoTable?, _ redis: SharedRedis, on loop: EventLoop, usesTLS: Bool,
    _ place: SessionPlace, nowMs: @escaping @Sendable () -> Int64
  ) async throws {
    guard sodium_init() >= 0 else { throw SystemError(call: "sodium_init", code: 0) }
    let sql = SessionTable(database)
    attempts = AttemptTable(database: database, nowMs: nowMs)
    copies = SharedCopies(
      redis, prefix: "session:", markMs: SessionStore.copyMs, secret: try await sql.secret(), nowMs: nowMs)
    secure = usesTLS
    self.place = place
    var keepers: [Placement.SessionStoreName: any SessionKeeper] = [.sql: sql]
    if let table { keepers[.dynamodb] = ItemSessions(items: DynamoSessions(table, on: loop)) }
    self.keepers = keepers
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
    let kept = KeptSession(hash: token.hash, session: session, address: request.remoteAddress)
    guard try await placed({ try await $0.keepers.begin(kept) }) else { throw OutdatedCredentials() }
    try await end(of: request)
    return self.session(token, session)
  }

  /// The session that the request's cookie stands for; nil when there is none or it has ended.
  public func session(of request: Request) async throws -> Session? {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return nil }
    let now = nowMs()
    return try await placed { placed in
      guard let found = try await find(token, now, placed), !Self.isOver(found.session, now) else {
        return nil
      }
      if found.session.touchedAtMs < now - SessionStore.touchMs { await touch(found, now, placed) }
      return session(token, found.session)
    }
  }

  /// Whether a session has ended by itself.
  private static func isOver(_ session: StoredSession, _ nowMs: Int64) -> Bool {
    session.touchedAtMs <= nowMs - idleMs || session.begunAtMs <= nowMs - lifetimeMs
  }

  /// Ends the request's session, if it has one.
  public func end(of request: Request) async throws {
    guard let token = request.cookie(cookieName).flatMap(SessionToken.init) else { return }
    let hash = token.hash
    try await placed { placed in
      _ = try await placed.keepers.end(hash, token.shard, nowMs: nowMs())
      await forget([hash], placed)
    }
  }

  /// The sessions of the same account, the one used latest first, at most 50.
  public func all(of session: Session) async throws -> [SessionSummary] {
    let (now, own) = (nowMs(), session.token.hash)
    let found = try await placed {
      try await $0.keepers.all(
        of: session.accountID, usedAfter: now - SessionStore.idleMs,
        begunAfter: now - SessionStore.lifetimeMs, limit: SessionStore.shownSessions)
    }
    return found.filter { $0.session.credentials >= session.credentials }.map {
      SessionSummary(
        id: hexadecimal($0.hash), begunAtMs: $0.session.begunAtMs, usedAtMs: $0.session.touchedAtMs,
        address: $0.address, isCurrent: $0.hash == own)
    }
  }

  /// Ends a session of an account, known by its `SessionSummary.id`; what is none of the account's is left alone.
  public func end(_ id: String, of account: Identifier) async throws {
    guard let hash = bytes(ofHexadecimal: id, count: SessionToken.hashBytes) else { return }
    try await placed { placed in
      let isOurs: (StoredSession) -> Bool = { $0.account == account }
      if try await placed.keepers.end(hash, account.shard, nowMs: nowMs(), if: isOurs) {
        await forget([hash], placed)
      }
    }
  }

  /// Ends all sessions of an account that were begun with earlier credentials, and lets no such session begin any more:
  /// also not for somebody whose password was found right a moment before.
  public func endAll(of account: Identifier, before credentials: Int64) async throws {
    try await placed { placed in
      var ended: Set<[UInt8]> = []
      do {
        try await placed.keepers.endAll(of: account, before: credentials, nowMs: nowMs(), &ended)
      } catch {
        // Those of one keeper have ended, and nobody will find them a second time.
        await forget(Array(ended), placed)
        throw error
      }
      await forget(Array(ended), placed)
    }
  }

  private func session(_ token: SessionToken, _ stored: StoredSession) -> Session {
    Session(
      accountID: stored.account, credentials: stored.credentials, token: token, cookieName: cookieName,
      secure: secure)
  }

  /// Where sessions are for as long as one operation takes.
  private struct Placed {
    let names: [Placement.SessionStoreName]
    let keepers: SessionKeepers
  }

  /// Does something with the sessions where the placement has them. A later placement counts as adopted once this is over.
  private func placed<Result>(_ body: (Placed) async throws -> Result) async throws -> Result {
    let placement = place.enter()
    defer { place.leave(placement) }
    let parts = placement.sessions.compactMap { name in
      keepers[name].map {
        SessionKeepers.Part(name: name, keeper: $0, since: placement.sessionsSince[name] ?? 0)
      }
    }
    return try await body(Placed(names: placement.sessions, keepers: SessionKeepers(parts: parts)))
  }

  private func find(_ token: SessionToken, _ now: Int64, _ placed: Placed) async throws -> KeptSession? {
    let hash = token.hash
    func keepers() async throws -> KeptSession? {
      let result = try await placed.keepers.find(hash, token.shard) { Self.isOver($0, now) }
      found.count(result?.by ?? placed.keepers.parts[0].name)
      return result?.session
    }
    guard placed.names.first == .redis else { return try await keepers() }
    let copy = await copies.find(hash, ageLimitMs: SessionStore.copyMs)
    if case .copy(let bytes) = copy, let stored = StoredSession(bytes) {
      found.count(.redis)
      return KeptSession(hash: hash, session: stored, address: nil)
    }
    // Also who is said to have left: that is no more than the cache's word.
    guard let kept = try await keepers() else { return nil }
    if copy == .removed { return kept }
    await copies.keep(hash, kept.session.bytes, readAtMs: now, lifeMs: SessionStore.copyMs)
    return kept
  }

  /// Redis is told of what has ended as soon as any process may ask it.
  private func forget(_ hashes: [[UInt8]], _ placed: Placed) async {
    if placed.names.contains(.redis) { await copies.remove(hashes, waitMs: SessionStore.forgetMs) }
  }

  /// A session whose end can't be moved now is moved the next time.
  private func touch(_ kept: KeptSession, _ now: Int64, _ placed: Placed) async {
    var touched = kept.session
    touched.touchedAtMs = now
    try? await placed.keepers.touch(kept, now) { [copies, touched] in
      guard placed.names.first == .redis else { return }
      await copies.keep(kept.hash, touched.bytes, readAtMs: now, lifeMs: SessionStore.copyMs)
    }
  }

  /// Writes at once which sessions are in use, where that is put off.
  func writeTouches() async { for keeper in keepers.values { await keeper.writeTouches() } }

  // MARK: Moving

  /// Has the first keeper of the placement keep what the second has, for about so long. Sessions are used meanwhile.
  /// - Parameter start: where an earlier call ended.
  func copy(from start: String?, forMs: Int) async throws -> AdminAnswer.SessionsCopied {
    let end = Deadline.afterMs(forMs)
    var report = AdminAnswer.SessionsCopied(next: start)
    let now = nowMs()
    repeat {
      let page = try await placed { placed in
        try await placed.keepers.copyPage(from: report.next) { Self.isOver($0, now) }
      }
      report.seen += page.seen
      report.kept += page.kept
      report.next = page.next
    } while report.next != nil && !end.hasPassed
    return report
  }

  // MARK: Tidying up

  /// Removes what has ended, a batch a minute, for as long as the process runs.
  private func removeExpired(_ loop: EventLoop) async {
    while (try? await loop.sleep(ms: 60_000)) != nil {
      _ = try? await removeExpiredBatch()
      try? await attempts.deleteExpired()
    }
  }

  /// - Returns: how many sessions were removed.
  func removeExpiredBatch() async throws -> Int {
    var count = 0
    for keeper in keepers.values {
      count += try await keeper.deleteExpired(olderThan: nowMs() - SessionStore.idleMs)
    }
    return count
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
