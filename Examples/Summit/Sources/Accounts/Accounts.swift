// The service `accounts`: who there is, and who knows whose password.

import HeightsKit

/// Somebody who uses Summit.
struct Account: Codable, Sendable {
  let id: Identifier
  let name: String
  let displayName: String
  let email: String
  /// How often the password was changed. A session that was begun with an earlier one is over.
  let credentials: Int64
}

/// What the rest of Summit asks of accounts. Hashes of passwords never leave it.
protocol Accounts: Sendable {
  func named(_ name: String) async throws -> Account?
  func with(id: Identifier) async throws -> Account?
  /// - Throws: `Problem` (422) that names the field when the name or the address is taken.
  func create(_ signUp: SignUp) async throws -> Account
  /// The account as it is now; nil when `password` is not its own, or there is none, after the same work.
  func logIn(_ name: String, password: String) async throws -> Account?
  /// Changes the password, and so the version of the credentials.
  /// - Returns: the account as it is then; nil when `old` isn't its password (any more).
  func changePassword(of name: String, from old: String, to new: String) async throws -> Account?
}

/// Does the work.
struct AccountsService: Accounts {
  let store: AccountsStore
  let passwords: Passwords

  func named(_ name: String) async throws -> Account? { try await store.named(name) }

  func with(id: Identifier) async throws -> Account? { try await store.with(id: id) }

  func create(_ signUp: SignUp) async throws -> Account {
    let hash = try await passwords.hash(signUp.password, for: .newcomers)
    return try await store.create(signUp, passwordHash: hash)
  }

  func logIn(_ name: String, password: String) async throws -> Account? {
    let found = try await store.newest(named: name)
    // Without an account the work is the same, so that its time doesn't tell which names exist.
    return try await passwords.verify(password, hash: found?.passwordHash) ? found?.account : nil
  }

  func changePassword(of name: String, from old: String, to new: String) async throws -> Account? {
    guard let account = try await logIn(name, password: old) else { return nil }
    return try await store.setPasswordHash(passwords.hash(new), of: account)
  }
}
