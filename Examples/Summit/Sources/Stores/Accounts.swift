// Accounts: who there is, found by name or by identifier.

import HeightsKit

/// Somebody who uses Summit.
struct Account: Sendable {
  let id: Identifier
  let name: String
  let displayName: String
  let email: String
  let passwordHash: String
}

/// The database `accounts`.
struct Accounts: Sendable {
  /// How long a claimed address waits for its account before somebody else may claim it.
  private static let claimMs: Int64 = 60_000

  let database: Database

  func named(_ name: String) async throws -> Account? {
    let shard = Shard(of: name)
    return try await database.first(
      "SELECT id, name, display_name, email, password_hash FROM accounts WHERE shard = \(shard) AND name = \(name)",
      Account.init)
  }

  func with(id: Identifier) async throws -> Account? {
    try await database.first(
      "SELECT id, name, display_name, email, password_hash FROM accounts WHERE shard = \(id.shard) AND id = \(id)",
      Account.init)
  }

  /// Makes an account. The address is claimed in its own shard first, then the name in its own: two writes, since
  /// nothing promises that both shards stay in one database.
  /// - Throws: `Problem` (422) that names the field when the name or the address is taken.
  func create(_ signUp: SignUp, passwordHash: String) async throws -> Account {
    guard try await claim(signUp.email, for: signUp.name) else { throw Accounts.taken("email", "address") }
    do {
      return try await insert(signUp, passwordHash)
    } catch DatabaseError.conflict {
      try await release(signUp.email, of: signUp.name)
      throw Accounts.taken("name", "name")
    }
  }

  func setPasswordHash(_ hash: String, of id: Identifier) async throws {
    try await database.transaction {
      try await $0.execute(
        "UPDATE accounts SET password_hash = \(hash) WHERE shard = \(id.shard) AND id = \(id)")
    }
  }

  private static func taken(_ field: String, _ what: String) -> Problem {
    .invalid([Problem.Field(field, "This \(what) is taken.")])
  }

  private func insert(_ signUp: SignUp, _ passwordHash: String) async throws -> Account {
    let shard = Shard(of: signUp.name)
    return try await database.transaction { transaction in
      let account = try await transaction.first(
        """
        INSERT INTO accounts (shard, id, name, display_name, email, password_hash, created_at_ms)
        VALUES (\(shard), next_id(\(shard)), \(signUp.name), \(signUp.displayName), \(signUp.email),
          \(passwordHash), \(wallClockMs()))
        RETURNING id, name, display_name, email, password_hash
        """, Account.init)
      guard let account else { throw DatabaseError.gone("the new account was not returned") }
      return account
    }
  }

  /// Claims an address. A claim that never became an account may be taken over after a while.
  private func claim(_ email: String, for name: String) async throws -> Bool {
    let shard = Shard(of: email)
    let now = wallClockMs()
    let claimed = try await database.transaction { transaction in
      try await transaction.execute(
        """
        INSERT INTO emails (shard, email, account_name, claimed_at_ms) VALUES (\(shard), \(email), \(name), \(now))
        ON CONFLICT DO NOTHING
        """)
    }
    if claimed == 1 { return true }
    let claim = try await database.first(
      "SELECT account_name, claimed_at_ms FROM emails WHERE shard = \(shard) AND email = \(email)"
    ) { (name: try $0.text(0), atMs: try $0.int(1)) }
    guard let claim, claim.atMs < now - Accounts.claimMs else { return false }
    if let holder = try await named(claim.name), holder.email == email { return false }
    return try await database.transaction { transaction in
      try await transaction.execute(
        """
        UPDATE emails SET account_name = \(name), claimed_at_ms = \(now)
        WHERE shard = \(shard) AND email = \(email) AND claimed_at_ms = \(claim.atMs)
        """) == 1
    }
  }

  /// Gives up the claim of somebody who didn't get the name; not that of the account which has it.
  private func release(_ email: String, of name: String) async throws {
    if let holder = try await named(name), holder.email == email { return }
    let shard = Shard(of: email)
    try await database.transaction {
      try await $0.execute(
        "DELETE FROM emails WHERE shard = \(shard) AND email = \(email) AND account_name = \(name)")
    }
  }
}

extension Account {
  fileprivate init(row: Row) throws {
    id = try row.identifier(0)
    name = try row.text(1)
    displayName = try row.text(2)
    email = try row.text(3)
    passwordHash = try row.text(4)
  }
}
