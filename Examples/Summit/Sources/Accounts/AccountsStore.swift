// The rows of accounts, and the addresses that belong to them.

import HeightsKit

/// The database `accounts`.
struct AccountsStore: Sendable {
  /// How long a claimed address waits for its account before somebody else may claim it.
  private static let claimMs: Int64 = 60_000

  /// Somebody's hold on an address, until the account is there.
  private struct Claim: Sendable {
    let email: String
    let name: String
    /// When it was made, and which one it is: no two of an address have the same.
    let atMs: Int64
    /// Whether the same name held the address already: then another attempt may be under way.
    let isRenewed: Bool
  }

  let database: Database

  private static let columns: SQL = "id, name, display_name, email, credentials"

  func named(_ name: String) async throws -> Account? {
    try await database.first(AccountsStore.isNamed(name), Account.init)
  }

  func with(id: Identifier) async throws -> Account? {
    try await database.first(
      "SELECT \(sql: AccountsStore.columns) FROM accounts WHERE shard = \(id.shard) AND id = \(id)",
      Account.init)
  }

  /// The account as it is now and the hash of its password, for who wants to log in: a follower may not know of a new password
  /// yet.
  func newest(named name: String) async throws -> (account: Account, passwordHash: String)? {
    try await database.newest(AccountsStore.isNamed(name)) { (try Account(row: $0), try $0.text(5)) }.first
  }

  private static func isNamed(_ name: String) -> SQL {
    "SELECT \(sql: columns), password_hash FROM accounts WHERE shard = \(Shard(of: name)) AND name = \(name)"
  }

  /// Makes an account. The address is claimed in its own shard first, then the name in its own: two writes, since
  /// nothing promises that both shards stay in one database.
  ///
  /// An address stays with one account because nobody is inserted without holding its claim, and no claim goes away
  /// while its holder may still be inserted, or is (see `release`).
  /// - Throws: `Problem` (422) that names the field when the name or the address is taken.
  func create(_ signUp: SignUp, passwordHash: String) async throws -> Account {
    guard let claim = try await claim(signUp.email, for: signUp.name) else {
      throw AccountsStore.taken("email", "address")
    }
    do {
      return try await insert(signUp, passwordHash)
    } catch {
      await release(claim, after: error)
      if case DatabaseError.conflict = error { throw AccountsStore.taken("name", "name") }
      throw error
    }
  }

  /// Changes the password, unless somebody else has since `account` was read.
  /// - Returns: the account with the new version of its credentials; nil when nothing was changed.
  func setPasswordHash(_ hash: String, of account: Account) async throws -> Account? {
    try await database.transaction {
      try await $0.first(
        """
        UPDATE accounts SET password_hash = \(hash), credentials = credentials + 1
        WHERE shard = \(account.id.shard) AND id = \(account.id) AND credentials = \(account.credentials)
        RETURNING \(sql: AccountsStore.columns)
        """, Account.init)
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
        RETURNING \(sql: AccountsStore.columns)
        """, Account.init)
      guard let account else { throw DatabaseError.gone("the new account was not returned") }
      return account
    }
  }

  /// Claims an address, if it is free or claimed for the same name: of those, the index of names lets one through.
  private func claim(_ email: String, for name: String) async throws -> Claim? {
    let shard = Shard(of: email)
    let now = wallClockMs()
    let own: Claim? = try await database.transaction { transaction in
      let isNew =
        try await transaction.execute(
          """
          INSERT INTO emails (shard, email, account_name, claimed_at_ms) VALUES (\(shard), \(email), \(name), \(now))
          ON CONFLICT DO NOTHING
          """) == 1
      if isNew { return Claim(email: email, name: name, atMs: now, isRenewed: false) }
      let renewedAtMs = try await transaction.first(
        """
        UPDATE emails SET claimed_at_ms = CASE WHEN claimed_at_ms < \(now) THEN \(now) ELSE claimed_at_ms + 1 END
        WHERE shard = \(shard) AND email = \(email) AND account_name = \(name) RETURNING claimed_at_ms
        """
      ) { try $0.int(0) }
      return renewedAtMs.map { Claim(email: email, name: name, atMs: $0, isRenewed: true) }
    }
    if let own { return own }
    return try await takeOver(email, for: name)
  }

  /// Takes the claim of somebody else that never became an account, after a while.
  private func takeOver(_ email: String, for name: String) async throws -> Claim? {
    let shard = Shard(of: email)
    let now = wallClockMs()
    let former = try await database.first(
      "SELECT account_name, claimed_at_ms FROM emails WHERE shard = \(shard) AND email = \(email)"
    ) { (name: try $0.text(0), atMs: try $0.int(1)) }
    guard let former, former.atMs < now - AccountsStore.claimMs else { return nil }
    if let holder = try await named(former.name), holder.email == email { return nil }
    let isTaken = try await database.transaction { transaction in
      try await transaction.execute(
        """
        UPDATE emails SET account_name = \(name), claimed_at_ms = \(now)
        WHERE shard = \(shard) AND email = \(email) AND claimed_at_ms = \(former.atMs)
        """) == 1
    }
    return isTaken ? Claim(email: email, name: name, atMs: now, isRenewed: false) : nil
  }

  /// Gives up the claim of a sign-up that failed, as best it can. Not that of an account, and not one that another
  /// sign-up with the same name may be using: that was renewed, before or since, and the name is still free. Such a
  /// claim is left to its time, and to the same name.
  private func release(_ claim: Claim, after error: any Error) async {
    // Whether the account is there may not be known.
    if case DatabaseError.unknown = error { return }
    do {
      let holder = try await named(claim.name)
      if let holder, holder.email == claim.email { return }
      if holder == nil && claim.isRenewed { return }
      let shard = Shard(of: claim.email)
      try await database.transaction {
        try await $0.execute(
          """
          DELETE FROM emails WHERE shard = \(shard) AND email = \(claim.email)
          AND account_name = \(claim.name) AND claimed_at_ms = \(claim.atMs)
          """)
      }
    } catch {
      Log.warning("an address stays claimed for a minute", [("error", "\(error)")])
    }
  }
}

extension Account {
  fileprivate init(row: Row) throws {
    id = try row.identifier(0)
    name = try row.text(1)
    displayName = try row.text(2)
    email = try row.text(3)
    credentials = try row.int(4)
  }
}
