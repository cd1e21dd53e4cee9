// The table of sessions.

/// What is stored of a session, beside the hash of its token.
struct StoredSession: Equatable, Sendable {
  let account: Identifier
  /// When it was last written that it is in use, in milliseconds since 1970.
  let touchedAtMs: Int64
}

extension StoredSession {
  /// Reads what `bytes` writes.
  init?(_ bytes: [UInt8]) {
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
    guard parts.count == 2, let account = Identifier(parts[0]), let touchedAtMs = Int64(parts[1]) else {
      return nil
    }
    self.init(account: account, touchedAtMs: touchedAtMs)
  }

  var bytes: [UInt8] { Array("\(account) \(touchedAtMs)".utf8) }
}

/// Sessions in SQL, by the hash of their token, in the shard of their account.
struct SessionTable: Sendable {
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

  init(_ context: AppContext) async throws {
    database = try await context.database("sessions", migrations: Self.migrations)
  }

  func find(_ hash: [UInt8], _ shard: Shard) async throws -> StoredSession? {
    try await database.first(
      "SELECT account_id, touched_at_ms FROM sessions WHERE shard = \(shard) AND token_hash = \(hash)"
    ) { StoredSession(account: try $0.identifier(0), touchedAtMs: try $0.int(1)) }
  }

  func insert(_ hash: [UInt8], _ session: StoredSession) async throws {
    try await database.transaction {
      try await $0.execute(
        """
        INSERT INTO sessions (shard, token_hash, account_id, touched_at_ms)
        VALUES (\(session.account.shard), \(hash), \(session.account), \(session.touchedAtMs))
        """)
    }
  }

  func delete(_ hash: [UInt8], _ shard: Shard) async throws {
    try await database.transaction {
      try await $0.execute("DELETE FROM sessions WHERE shard = \(shard) AND token_hash = \(hash)")
    }
  }

  /// - Returns: the hashes of those that have ended.
  func deleteAll(of account: Identifier, except kept: [UInt8]) async throws -> [[UInt8]] {
    try await database.transaction {
      try await $0.query(
        """
        DELETE FROM sessions WHERE shard = \(account.shard) AND account_id = \(account) AND token_hash <> \(kept)
        RETURNING token_hash
        """
      ) { try $0.blob(0) }
    }
  }

  /// - Returns: whether it was still there.
  func touch(_ hash: [UInt8], _ shard: Shard, _ nowMs: Int64) async throws -> Bool {
    try await database.transaction {
      try await $0.execute(
        "UPDATE sessions SET touched_at_ms = \(nowMs) WHERE shard = \(shard) AND token_hash = \(hash)") > 0
    }
  }

  /// Removes a batch of those that have ended by themselves.
  /// - Returns: how many.
  func deleteExpired(olderThan oldestMs: Int64) async throws -> Int {
    try await database.transaction {
      try await $0.execute(
        """
        DELETE FROM sessions WHERE (shard, token_hash) IN
          (SELECT shard, token_hash FROM sessions WHERE touched_at_ms <= \(oldestMs) LIMIT \(Self.expiredBatch))
        """)
    }
  }
}
