// The table of sessions.

import CSodium

/// What is stored of a session, beside the hash of its token.
struct StoredSession: Equatable, Sendable {
  let account: Identifier
  /// The version of the account's credentials that it was begun with.
  let credentials: Int64
  /// In milliseconds since 1970.
  let begunAtMs: Int64
  /// When it was last written that it is in use, in milliseconds since 1970.
  var touchedAtMs: Int64
}

extension StoredSession {
  /// Reads what `bytes` writes.
  init?(_ bytes: [UInt8]) {
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
    guard parts.count == 4, let account = Identifier(parts[0]), let credentials = Int64(parts[1]),
      let begunAtMs = Int64(parts[2]), let touchedAtMs = Int64(parts[3])
    else { return nil }
    self.init(account: account, credentials: credentials, begunAtMs: begunAtMs, touchedAtMs: touchedAtMs)
  }

  var bytes: [UInt8] { Array("\(account) \(credentials) \(begunAtMs) \(touchedAtMs)".utf8) }
}

/// Sessions in SQL, by the hash of their token, in the shard of their account.
struct SessionTable: Sendable {
  static let expiredBatch = 500
  /// Where the secret of all is.
  private static let secretShard = Shard(0)!  // 0 is a shard

  static let migrations = [
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
        """),
    // Sessions from before have the first version of their account's credentials, as it has itself.
    Migration(
      number: 2, name: "credentials",
      sql: """
        ALTER TABLE sessions ADD COLUMN credentials BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE sessions ADD COLUMN begun_at_ms BIGINT;
        ALTER TABLE sessions ADD COLUMN address TEXT;
        CREATE TABLE session_credentials (
          shard BIGINT NOT NULL,
          account_id BIGINT NOT NULL,
          version BIGINT NOT NULL,
          PRIMARY KEY (shard, account_id)
        );
        """),
    Migration(
      number: 3, name: "secrets",
      sql: """
        CREATE TABLE session_secrets (
          shard BIGINT NOT NULL,
          name TEXT NOT NULL,
          secret BYTEA NOT NULL,
          PRIMARY KEY (shard, name)
        );
        """),
    AttemptTable.migration,
    // The epoch of the placement since which the database has been told of what ends.
    Migration(
      number: 5, name: "since", sql: "ALTER TABLE sessions ADD COLUMN since BIGINT NOT NULL DEFAULT 0;"),
  ]

  let database: Database

  init(_ database: Database) { self.database = database }

  /// 32 random bytes that all processes of the app have in common, and nobody else: made by the first that asks.
  func secret() async throws -> [UInt8] {
    let shard = Self.secretShard
    let stored: SQL = "SELECT secret FROM session_secrets WHERE shard = \(shard) AND name = 'copies'"
    if let secret = try await database.newest(stored, { try $0.blob(0) }).first { return secret }
    let secret = try await database.transaction { transaction in
      var bytes = [UInt8](repeating: 0, count: 32)
      randombytes_buf(&bytes, bytes.count)
      try await transaction.execute(
        """
        INSERT INTO session_secrets (shard, name, secret) VALUES (\(shard), 'copies', \(bytes))
        ON CONFLICT DO NOTHING
        """)
      return try await transaction.first(stored) { try $0.blob(0) }
    }
    guard let secret else { throw DatabaseError.gone("the secret of sessions was not stored") }
    return secret
  }

  /// Notes that an account has these credentials, or newer ones. Until the transaction ends nobody else gets past here:
  /// whoever begins a session sees that its credentials are out of date, or is seen by who ends all of those.
  /// - Returns: the newest that were noted.
  func raise(_ account: Identifier, to version: Int64, _ transaction: Transaction) async throws -> Int64? {
    try await transaction.first(
      """
      INSERT INTO session_credentials (shard, account_id, version)
      VALUES (\(account.shard), \(account), \(version))
      ON CONFLICT (shard, account_id) DO UPDATE SET version =
        CASE WHEN excluded.version > session_credentials.version THEN excluded.version
        ELSE session_credentials.version END
      RETURNING version
      """
    ) { try $0.int(0) }
  }
}
