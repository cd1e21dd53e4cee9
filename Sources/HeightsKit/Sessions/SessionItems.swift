// Sessions in single items, each of which is written as a whole and by nobody at the same time.

/// A store of items: what `ItemSessions` makes sessions of. Each operation is one write or one read of one item, on which all
/// agree in which order they happened.
protocol SessionItems: Sendable {
  /// A session of an account, as its list has it.
  typealias Entry = (hash: [UInt8], begunAtMs: Int64, credentials: Int64)

  func session(_ hash: [UInt8], since: Int) async throws -> SessionState

  /// Puts a session there, unless it was ended, or is there and in use until later.
  /// - Returns: false when it was ended.
  func put(_ session: KeptSession, since: Int) async throws -> Bool

  /// Puts a mark in the place of a session that says that it has ended.
  /// - Parameter isKnown: otherwise only where one is.
  /// - Returns: what was there, nil for nothing.
  func mark(_ hash: [UInt8], isKnown: Bool, nowMs: Int64) async throws -> SessionState?

  /// The same for several, whatever is there.
  func mark(_ hashes: [[UInt8]], nowMs: Int64) async throws

  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws

  /// Writes at once which sessions are in use.
  func writeTouches() async

  /// Adds a session to the list of its account.
  func list(_ session: KeptSession) async throws

  /// Removes entries from the list of an account.
  func unlist(_ entries: [Entry], of account: Identifier) async throws

  /// The list of an account, all of it, the one begun last first.
  func list(of account: Identifier) async throws -> [Entry]

  /// Those that are there and live, of many.
  func sessions(_ hashes: [[UInt8]], since: Int) async throws -> [KeptSession]

  /// Raises the version of an account's credentials, unless it is higher.
  /// - Returns: false when it is.
  func raise(_ account: Identifier, to version: Int64) async throws -> Bool

  func page(from start: String?, since: Int) async throws -> SessionPage
}

/// Sessions in items. There are no transactions: the order of single writes is what everything rests on.
///
/// - A session is first listed with its account, then its credentials are looked at, then it is put there; whoever ends all
///   raises the version first, and then reads the list. So either the one sees the version, or the other sees the entry.
/// - What has ended leaves a mark in its place, and nothing is put where a mark is.
struct ItemSessions: SessionKeeper {
  let items: any SessionItems

  func find(_ hash: [UInt8], _ shard: Shard, since: Int) async throws -> SessionState {
    let state = try await items.session(hash, since: since)
    // The shard is a part of the token: a session is its account's shard's.
    if case .live(let found) = state, found.session.account.shard != shard { return .unknown }
    return state
  }

  func admit(_ account: Identifier, credentials: Int64) async throws -> Bool {
    try await items.raise(account, to: credentials)
  }

  func keep(_ session: KeptSession, since: Int) async throws -> SessionKeeping {
    try await items.list(session)
    let stored = session.session
    // The entry stays: another process may be about to put the session there, for whoever ends all to find by it.
    guard try await items.raise(stored.account, to: stored.credentials) else { return .outdated }
    if try await items.put(session, since: since) { return .kept }
    try await unlist(session)
    return .ended
  }

  func end(_ hash: [UInt8], _ shard: Shard, isKnown: Bool, nowMs: Int64) async throws -> Bool {
    guard let former = try await items.mark(hash, isKnown: isKnown, nowMs: nowMs) else { return false }
    // An entry that is left leads to a mark, and goes by itself.
    if case .live(let session) = former { try? await unlist(session) }
    return true
  }

  func all(
    of account: Identifier, since: Int, usedAfter usedMs: Int64, begunAfter begunMs: Int64, limit: Int
  ) async throws -> [KeptSession] {
    let hashes = try await items.list(of: account).prefix { $0.begunAtMs > begunMs }.map(\.hash)
    let found = try await items.sessions(hashes, since: since).filter {
      $0.session.account == account && $0.session.touchedAtMs > usedMs && $0.session.begunAtMs > begunMs
    }
    return Array(found.sorted { $0.session.touchedAtMs > $1.session.touchedAtMs }.prefix(limit))
  }

  func endAll(of account: Identifier, before version: Int64, nowMs: Int64) async throws -> [[UInt8]] {
    _ = try await items.raise(account, to: version)
    let former = try await items.list(of: account).filter { $0.credentials < version }
    try await items.mark(former.map(\.hash), nowMs: nowMs)
    // Not before: who does this again finds those that are left.
    try await items.unlist(former, of: account)
    return former.map(\.hash)
  }

  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws {
    try await items.touch(session, since: since, nowMs, done: done)
  }

  func page(from start: String?, since: Int) async throws -> SessionPage {
    try await items.page(from: start, since: since)
  }

  func writeTouches() async { await items.writeTouches() }

  /// The store does it.
  func deleteExpired(olderThan oldestMs: Int64) async throws -> Int { 0 }

  private func unlist(_ session: KeptSession) async throws {
    let stored = session.session
    try await items.unlist([(session.hash, stored.begunAtMs, stored.credentials)], of: stored.account)
  }
}
