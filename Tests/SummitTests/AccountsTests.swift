// An address belongs to one account, whoever races for it and whatever fails in between; and to nobody who got none.

import HeightsKit
import TestSupport
import Testing

@testable import Summit

@Suite struct AccountsTests {
  /// Who is called so gets no account: the second write fails.
  private static let unlucky = "Unlucky"

  /// What makes their row fail. SQLite can't make the lowest integer positive, PostgreSQL can't divide by zero.
  private static var badLuck: [SQL] {
    if TestEngine.Kind.chosen == .sqlite {
      return [
        """
        CREATE TRIGGER bad_luck BEFORE INSERT ON accounts WHEN NEW.display_name = 'Unlucky'
        BEGIN SELECT abs(-9223372036854775807 - 1); END
        """
      ]
    }
    return [
      """
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / 0; END $$
      """,
      """
      CREATE TRIGGER bad_luck BEFORE INSERT ON accounts FOR EACH ROW WHEN (NEW.display_name = 'Unlucky')
      EXECUTE FUNCTION fail()
      """,
    ]
  }

  /// A database of accounts in which the unlucky fail, and not by a conflict.
  private func withAccounts(_ body: (AccountsStore, Database) async throws -> Void) async throws {
    try await withSummitDatabase("accounts") { database, _ in
      try await database.everywhere.transaction {
        for statement in Self.badLuck { try await $0.execute(statement) }
      }
      try await body(AccountsStore(database: database), database)
    }
  }

  private func signUp(_ name: String, _ email: String, _ displayName: String = "Lucky") throws -> SignUp {
    try SignUp(name: name, displayName: displayName, email: email, password: RunningSummit.password)
  }

  @Test func aSignUpThatFailedLeavesTheAddressFree() async throws {
    try await withAccounts { accounts, _ in
      let unlucky = try signUp("mira", "mira@example.com", AccountsTests.unlucky)
      await #expect(throws: DatabaseError.self) { try await accounts.create(unlucky, passwordHash: "") }
      let account = try await accounts.create(signUp("other", "mira@example.com"), passwordHash: "")
      #expect(account.name == "other")
    }
  }

  @Test func aClaimThatWasLeftBehindLetsTheSameNameThrough() async throws {
    try await withAccounts { accounts, database in
      let email = "mira@example.com"
      try await database.transaction {
        try await $0.execute(
          """
          INSERT INTO emails (shard, email, account_name, claimed_at_ms)
          VALUES (\(Shard(of: email)), \(email), 'mira', \(wallClockMs()))
          """)
      }
      await #expect(throws: Problem.self) {
        try await accounts.create(signUp("other", email), passwordHash: "")
      }
      #expect(try await accounts.create(signUp("mira", email), passwordHash: "").name == "mira")
    }
  }

  @Test func whoMissesTheNameKeepsTheAddress() async throws {
    try await withAccounts { accounts, _ in
      _ = try await accounts.create(signUp("mira", "mira@example.com"), passwordHash: "")
      for _ in 0..<2 {
        await #expect(throws: Problem.self) {
          try await accounts.create(signUp("mira", "other@example.com"), passwordHash: "")
        }
      }
      _ = try await accounts.create(signUp("other", "other@example.com"), passwordHash: "")
      await #expect(throws: Problem.self) {
        try await accounts.create(signUp("third", "mira@example.com"), passwordHash: "")
      }
    }
  }

  @Test func anAddressBelongsToOneAccountWhoeverRacesForIt() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    try await withAccounts { accounts, database in
      for round in 0..<100 {
        let signUps = try (0..<12).map { _ in
          try signUp(
            "name\(round)_\(Int.random(in: 0..<3, using: &random))",
            "m\(round)_\(Int.random(in: 0..<2, using: &random))@example.com",
            Bool.random(using: &random) ? AccountsTests.unlucky : "Lucky")
        }
        await withTaskGroup(of: Void.self) { group in
          for signUp in signUps {
            group.addTask { _ = try? await accounts.create(signUp, passwordHash: "") }
          }
        }
      }
      // Names and addresses are each in their own shard.
      let claims = try await database.everywhere.query(
        "SELECT email, account_name FROM emails", merging: { $0.email < $1.email }
      ) { (email: try $0.text(0), name: try $0.text(1)) }
      let made = try await database.everywhere.query(
        "SELECT email, name FROM accounts", merging: { $0.name < $1.name }
      ) { (email: try $0.text(0), name: try $0.text(1)) }
      let holders = Dictionary(uniqueKeysWithValues: claims.map { ($0.email, $0.name) })
      let wrong = made.filter { holders[$0.email] != $0.name }
      #expect(wrong.isEmpty, "seed \(seed)")
      #expect(!made.isEmpty)
    }
  }
}
