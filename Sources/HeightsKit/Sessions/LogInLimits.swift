// How many failed logins are borne, and how many new accounts of one address.

/// Counts failed logins and sign-ups in SQL, for all processes of the app: each is forgotten after a while.
///
/// A login counts for the account at the address that it comes from, where few are borne; so somebody who guesses shuts
/// out nobody but those behind the same address. Many are borne for an account from everywhere, and for an address.
public final class LogInLimits: Sendable {
  /// So many may come at once; one is forgotten every so many milliseconds.
  struct Limit: Sendable {
    let count: Int64
    let forgetMs: Int64
  }

  static let perAccountAndAddress = Limit(count: 10, forgetMs: 30_000)
  static let perAccount = Limit(count: 100, forgetMs: 30_000)
  static let perAddress = Limit(count: 100, forgetMs: 30_000)
  static let signUps = Limit(count: 20, forgetMs: 60_000)

  private let table: AttemptTable

  /// Counts where the sessions are.
  public init(_ sessions: SessionStore) { table = sessions.attempts }

  /// Checks a password, if the account and the address have attempts left. The attempt counts as failed from its
  /// beginning, so that many at once are not more than the limit; one that was right, or broke off, is taken back.
  /// - Parameter found: what there is when the password is right; nil when it isn't.
  /// - Throws: `Problem` (429) when the account or the address has failed too often, else what `found` throws.
  public func attempt<Found>(
    name: String, address: String, _ found: () async throws -> Found?
  ) async throws -> Found? {
    // Two writes: nothing promises that both shards stay in one database.
    let ofAccount = AttemptCounters(
      shard: Shard(of: name),
      [
        (["account at address", name, address], Self.perAccountAndAddress),
        (["account", name], Self.perAccount),
      ])
    let ofAddress = AttemptCounters(shard: Shard(of: address), [(["address", address], Self.perAddress)])
    try await count(ofAccount, "Too many failed logins")
    do {
      try await count(ofAddress, "Too many failed logins")
    } catch {
      await takeBack(ofAccount)
      throw error
    }
    let result: Result<Found?, any Error>
    do { result = .success(try await found()) } catch { result = .failure(error) }
    if case .success(nil) = result { return nil }
    await takeBack(ofAccount)
    await takeBack(ofAddress)
    return try result.get()
  }

  /// Counts a sign-up. Addresses of the machine itself have no limit: everybody comes from there where a proxy stands
  /// before the app that it was not told of.
  /// - Throws: `Problem` (429) when there were too many from this address.
  public func signUp(from address: String) async throws {
    if address.hasPrefix("127.") || address == "::1" { return }
    let counters = AttemptCounters(shard: Shard(of: address), [(["sign-up", address], Self.signUps)])
    try await count(counters, "Too many new accounts")
  }

  private func count(_ counters: AttemptCounters, _ title: String) async throws {
    guard let waitMs = try await table.count(counters) else { return }
    throw Problem(
      .tooManyRequests, title: title, detail: "Wait a little and try again.",
      retryAfterSeconds: Int((waitMs + 999) / 1_000))
  }

  /// An attempt that can't be taken back is forgotten later.
  private func takeBack(_ counters: AttemptCounters) async { try? await table.takeBack(counters) }
}
