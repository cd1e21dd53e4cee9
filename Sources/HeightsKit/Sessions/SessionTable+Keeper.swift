// What the table of sessions does as a keeper.
//
// A session that was ended stays as a mark: a row that says it was begun in 1970. Every version of this code takes that for
// one that has ended by itself, and it is removed like any other that is out of use.

extension SessionTable: SessionKeeper {
  /// Of a page, from each cluster.
  private static let pageRows = 500

  /// As the leader knows it: a session that was ended is not found a moment longer.
  func find(_ hash: [UInt8], _ shard: Shard, since: Int) async throws -> SessionState {
    try await database.newest(
      """
      SELECT token_hash, account_id, credentials, COALESCE(begun_at_ms, touched_at_ms), touched_at_ms, address,
        since FROM sessions
      WHERE shard = \(shard) AND token_hash = \(hash)
      """
    ) { row -> SessionState in
      let found = try Self.kept(row)
      if found.session.begunAtMs == 0 { return .ended }
      return try row.int(6) == Int64(since) ? .live(found) : .unknown
    }.first ?? .unknown
  }

  private static func kept(_ row: Row) throws -> KeptSession {
    KeptSession(
      hash: try row.blob(0),
      session: StoredSession(
        account: try row.identifier(1), credentials: try row.int(2), begunAtMs: try row.int(3),
        touchedAtMs: try row.int(4)),
      address: try row.optionalText(5))
  }

  func admit(_ account: Identifier, credentials: Int64) async throws -> Bool {
    try await database.transaction { transaction in
      try await raise(account, to: credentials, transaction) == credentials
    }
  }

  func keep(_ kept: KeptSession, since: Int) async throws -> SessionKeeping {
    let session = kept.session
    return try await database.transaction { transaction in
      guard try await raise(session.account, to: session.credentials, transaction) == session.credentials
      else { return .outdated }
      try await transaction.execute(
        """
        INSERT INTO sessions
          (shard, token_hash, account_id, credentials, begun_at_ms, touched_at_ms, address, since)
        VALUES (\(session.account.shard), \(kept.hash), \(session.account), \(session.credentials),
          \(session.begunAtMs), \(session.touchedAtMs), \(kept.address), \(Int64(since)))
        ON CONFLICT (shard, token_hash) DO UPDATE SET account_id = excluded.account_id,
          credentials = excluded.credentials, begun_at_ms = excluded.begun_at_ms,
          touched_at_ms = excluded.touched_at_ms, address = excluded.address, since = excluded.since
        WHERE COALESCE(sessions.begun_at_ms, 1) <> 0
          AND (sessions.since <> excluded.since OR sessions.touched_at_ms < excluded.touched_at_ms)
        """)
      let ended = try await transaction.first(
        """
        SELECT COALESCE(begun_at_ms, 1) = 0 FROM sessions
        WHERE shard = \(session.account.shard) AND token_hash = \(kept.hash)
        """
      ) { try $0.bool(0) }
      return ended == false ? .kept : .ended
    }
  }

  func end(_ hash: [UInt8], _ shard: Shard, isKnown: Bool, nowMs: Int64) async throws -> Bool {
    try await database.transaction { transaction in
      let wasThere =
        try await transaction.execute(
          """
          UPDATE sessions SET begun_at_ms = 0, touched_at_ms = \(nowMs), address = NULL
          WHERE shard = \(shard) AND token_hash = \(hash)
          """) > 0
      if wasThere || !isKnown { return wasThere }
      // Another keeper's: whoever brings a copy of it finds the mark.
      try await transaction.execute(
        """
        INSERT INTO sessions (shard, token_hash, account_id, begun_at_ms, touched_at_ms)
        VALUES (\(shard), \(hash), 0, 0, \(nowMs))
        ON CONFLICT (shard, token_hash) DO UPDATE SET begun_at_ms = 0, touched_at_ms = \(nowMs), address = NULL
        """)
      return false
    }
  }

  func all(
    of account: Identifier, since: Int, usedAfter usedMs: Int64, begunAfter begunMs: Int64, limit: Int
  ) async throws -> [KeptSession] {
    try await database.newest(
      """
      SELECT token_hash, account_id, credentials, COALESCE(begun_at_ms, touched_at_ms), touched_at_ms, address
      FROM sessions
      WHERE shard = \(account.shard) AND account_id = \(account) AND since = \(Int64(since))
        AND touched_at_ms > \(usedMs) AND COALESCE(begun_at_ms, touched_at_ms) > \(begunMs)
      ORDER BY touched_at_ms DESC, token_hash LIMIT \(Int64(limit))
      """
    ) { try Self.kept($0) }
  }

  /// In one transaction with noting the version, so that none is begun between the two.
  func endAll(of account: Identifier, before version: Int64, nowMs: Int64) async throws -> [[UInt8]] {
    try await database.transaction { transaction in
      _ = try await raise(account, to: version, transaction)
      return try await transaction.query(
        """
        DELETE FROM sessions
        WHERE shard = \(account.shard) AND account_id = \(account) AND credentials < \(version)
          AND COALESCE(begun_at_ms, 1) <> 0
        RETURNING token_hash
        """
      ) { try $0.blob(0) }
    }
  }

  /// A session from before it was noted when one begins counts from its first touch on.
  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws {
    let wasThere = try await database.transaction {
      try await $0.execute(
        """
        UPDATE sessions SET begun_at_ms = COALESCE(begun_at_ms, touched_at_ms), touched_at_ms = \(nowMs)
        WHERE shard = \(session.session.account.shard) AND token_hash = \(session.hash)
          AND since = \(Int64(since)) AND COALESCE(begun_at_ms, 1) <> 0
        """) > 0
    }
    if wasThere { await done() }
  }

  /// Nothing is put off.
  func writeTouches() async {}

  /// All versions of credentials, then all sessions, in the order of their keys.
  func page(from start: String?, since: Int) async throws -> SessionPage {
    let parts = (start ?? "credentials 0 -1").split(separator: " ").map(String.init)
    guard parts.count == 3, let shard = Int64(parts[1]) else {
      throw DatabaseError.invalid(sql: "", message: "no page begins there")
    }
    if parts[0] == "credentials" { return try await credentials(after: shard, Int64(parts[2]) ?? -1) }
    let after = bytes(ofHexadecimal: parts[2], count: SessionToken.hashBytes) ?? []
    let rows = try await database.everywhere.query(
      """
      SELECT token_hash, account_id, credentials, COALESCE(begun_at_ms, touched_at_ms), touched_at_ms, address, shard
      FROM sessions
      WHERE (shard, token_hash) > (\(shard), \(after)) AND since = \(Int64(since))
        AND COALESCE(begun_at_ms, 1) <> 0
      ORDER BY shard, token_hash LIMIT \(Int64(Self.pageRows))
      """,
      merging: {
        $0.shard == $1.shard
          ? $0.kept.hash.lexicographicallyPrecedes($1.kept.hash) : $0.shard < $1.shard
      }
    ) { (kept: try Self.kept($0), shard: try $0.int(6)) }
    let page = rows.prefix(Self.pageRows)
    let last = page.count < Self.pageRows ? nil : page.last
    return SessionPage(
      sessions: page.map(\.kept), next: last.map { "sessions \($0.shard) \(hexadecimal($0.kept.hash))" })
  }

  private func credentials(after shard: Int64, _ account: Int64) async throws -> SessionPage {
    let rows = try await database.everywhere.query(
      """
      SELECT account_id, version, shard FROM session_credentials WHERE (shard, account_id) > (\(shard), \(account))
      ORDER BY shard, account_id LIMIT \(Int64(Self.pageRows))
      """, merging: { ($0.shard, $0.account) < ($1.shard, $1.account) }
    ) { (account: try $0.identifier(0), version: try $0.int(1), shard: try $0.int(2)) }
    let page = rows.prefix(Self.pageRows)
    let last = page.count < Self.pageRows ? nil : page.last
    return SessionPage(
      credentials: page.map { ($0.account, $0.version) },
      next: last.map { "credentials \($0.shard) \($0.account)" } ?? "sessions -1 -")
  }

  /// Removes a batch of those that have ended by themselves, from each cluster.
  func deleteExpired(olderThan oldestMs: Int64) async throws -> Int {
    let counts = try await database.everywhere.transaction {
      try await $0.execute(
        """
        DELETE FROM sessions WHERE (shard, token_hash) IN
          (SELECT shard, token_hash FROM sessions WHERE touched_at_ms <= \(oldestMs) LIMIT \(Self.expiredBatch))
        """)
    }
    return counts.reduce(0, +)
  }
}
