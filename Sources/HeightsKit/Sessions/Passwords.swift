// Passwords: hashed by Argon2id, off the event loops, a bounded number at once.

import CSodium

/// Hashes and checks passwords.
public final class Passwords: Sendable {
  /// OWASP's minimum for Argon2id (Password Storage Cheat Sheet, 2024): 19 MiB, two passes, one lane.
  static let memoryBytes = 19 << 20
  static let passes: UInt64 = 2

  /// Who wants something hashed. Each group waits by itself: however many sign up, people can log in.
  public enum Group: Sendable {
    case newcomers
    case members
  }

  private let newcomers: BlockingPool
  private let members: BlockingPool
  /// What a name without an account is checked against, so that the time tells nothing.
  private let nobody: String

  /// - Parameters:
  ///   - parallel: how many are hashed at once for members, half as many for newcomers; each takes 19 MiB.
  ///   - queueLimit: how many of each group may wait; the next one is refused with 503.
  public init(parallel: Int, queueLimit: Int = 64) throws {
    guard sodium_init() >= 0 else { throw SystemError(call: "sodium_init", code: 0) }
    members = try BlockingPool(name: "passwords", threads: parallel, queueLimit: queueLimit)
    newcomers = try BlockingPool(name: "new-passwords", threads: parallel / 2, queueLimit: queueLimit)
    nobody = try Passwords.hash("nobody has this password")
  }

  /// - Throws: `Overloaded` when too many wait.
  public func hash(_ password: String, for group: Group = .members) async throws -> String {
    let pool = group == .newcomers ? newcomers : members
    return try await pool.run { try Passwords.hash(password) }
  }

  /// Whether `password` is the one that `hash` was made of. Without a hash the answer is no, after the same work.
  /// - Throws: `Overloaded` when too many wait.
  public func verify(_ password: String, hash: String?) async throws -> Bool {
    let expected = hash ?? nobody
    let matches = try await members.run {
      crypto_pwhash_str_verify(expected, password, UInt64(password.utf8.count)) == 0
    }
    return matches && hash != nil
  }

  private static func hash(_ password: String) throws -> String {
    var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    guard crypto_pwhash_str(&text, password, UInt64(password.utf8.count), passes, memoryBytes) == 0 else {
      throw Overloaded()  // libsodium fails for want of memory only
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
