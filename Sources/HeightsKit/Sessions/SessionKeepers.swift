// The keepers that the placement names, as one.

/// One or two keepers in the order of the placement. The first begins sessions and answers; the second is asked for what the
/// first doesn't know, which then has it too, and is told of what ends. docs/decisions/026 has the reasons.
struct SessionKeepers: Sendable {
  /// One of them, and since which epoch it has been told of what ends.
  struct Part: Sendable {
    let name: Placement.SessionStoreName
    let keeper: any SessionKeeper
    let since: Int
  }

  /// One or two.
  let parts: [Part]

  private var first: Part { parts[0] }
  private var others: ArraySlice<Part> { parts.dropFirst() }

  /// - Parameter isOver: whether a session has ended by itself; another keeper may know that it was used later.
  /// - Returns: the session and whose word that is; nil when it has ended or is nobody's.
  func find(
    _ hash: [UInt8], _ shard: Shard, isOver: (StoredSession) -> Bool
  ) async throws -> (session: KeptSession, by: Placement.SessionStoreName)? {
    switch try await first.keeper.find(hash, shard, since: first.since) {
    case .ended: return nil
    case .live(let found) where !isOver(found.session): return (found, first.name)
    case .live, .unknown: break
    }
    for other in others {
      guard case .live(let found) = try await other.keeper.find(hash, shard, since: other.since),
        !isOver(found.session)
      else { continue }
      // It may have been ended there meanwhile: the first one's word is what counts.
      guard try await first.keeper.keep(found, since: first.since) == .kept else { return nil }
      return (found, other.name)
    }
    return nil
  }

  /// - Returns: false when the account has newer credentials.
  func begin(_ session: KeptSession) async throws -> Bool {
    for other in others {
      let (account, version) = (session.session.account, session.session.credentials)
      guard try await other.keeper.admit(account, credentials: version) else { return false }
    }
    return try await first.keeper.keep(session, since: first.since) == .kept
  }

  /// Ends a session, with all of them.
  /// - Parameter isWanted: whether a session that is there is to be ended.
  /// - Returns: whether one of them knew it.
  func end(
    _ hash: [UInt8], _ shard: Shard, nowMs: Int64, if isWanted: ((StoredSession) -> Bool)? = nil
  ) async throws -> Bool {
    if others.isEmpty, isWanted == nil {
      return try await first.keeper.end(hash, shard, isKnown: false, nowMs: nowMs)
    }
    var isKnown = false
    for part in parts {
      switch try await part.keeper.find(hash, shard, since: part.since) {
      case .live(let found): isKnown = isKnown || (isWanted?(found.session) ?? true)
      // Where it was left unfinished, it is to be finished; whose it was nobody knows.
      case .ended: isKnown = isKnown || isWanted == nil
      case .unknown: break
      }
    }
    if !isKnown { return false }
    for part in parts { try await part.keeper.end(hash, shard, isKnown: true, nowMs: nowMs) }
    return true
  }

  /// - Parameter ended: gets the hashes of those that have ended, also of those before one of them fails.
  func endAll(
    of account: Identifier, before version: Int64, nowMs: Int64, _ ended: inout Set<[UInt8]>
  ) async throws {
    for part in parts {
      ended.formUnion(try await part.keeper.endAll(of: account, before: version, nowMs: nowMs))
    }
  }

  func all(
    of account: Identifier, usedAfter usedMs: Int64, begunAfter begunMs: Int64, limit: Int
  ) async throws -> [KeptSession] {
    var found = try await first.keeper.all(
      of: account, since: first.since, usedAfter: usedMs, begunAfter: begunMs, limit: limit)
    for other in others {
      let known = Set(found.map(\.hash))
      let more = try await other.keeper.all(
        of: account, since: other.since, usedAfter: usedMs, begunAfter: begunMs, limit: limit)
      for session in more where !known.contains(session.hash) {
        let state = try await first.keeper.find(session.hash, account.shard, since: first.since)
        if state != .ended { found.append(session) }
      }
    }
    return Array(found.sorted { $0.session.touchedAtMs > $1.session.touchedAtMs }.prefix(limit))
  }

  func touch(
    _ session: KeptSession, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws {
    try await first.keeper.touch(session, since: first.since, nowMs, done: done)
  }

  /// Has the first keep a page of what the second has.
  /// - Returns: how many sessions were looked at, how many of them it has now, and where to go on.
  func copyPage(
    from start: String?, isOver: (StoredSession) -> Bool
  ) async throws -> (seen: Int, kept: Int, next: String?) {
    guard let other = others.first else { return (0, 0, nil) }
    let page = try await other.keeper.page(from: start, since: other.since)
    for (account, version) in page.credentials {
      _ = try await first.keeper.admit(account, credentials: version)
    }
    var kept = 0
    for session in page.sessions where !isOver(session.session) {
      if try await first.keeper.keep(session, since: first.since) == .kept { kept += 1 }
    }
    return (page.sessions.count, kept, page.next)
  }
}
