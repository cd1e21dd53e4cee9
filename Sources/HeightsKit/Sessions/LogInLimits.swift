// How many failed logins are borne: per account and per address.

import Synchronization

/// Counts failed logins in buckets that empty slowly. Of this process; a flood of keys pushes out those that were tried
/// longest ago.
public final class LogInLimits: Sendable {
  private struct Bucket {
    var failures: Double
    var at: Deadline
  }

  /// After so many failures an account waits; one is forgotten every 30 s.
  static let perAccount = 10.0
  /// The same for an address, where many people may sit behind one.
  static let perAddress = 100.0
  private static let forgetPerSecond = 1.0 / 30

  private let buckets = Mutex(LRUList<Bucket>())
  private let keyLimit: Int
  private let now: @Sendable () -> Deadline

  public convenience init() { self.init(keyLimit: 100_000, now: { .now }) }

  init(keyLimit: Int, now: @escaping @Sendable () -> Deadline) {
    self.keyLimit = keyLimit
    self.now = now
  }

  /// Checks a password, if the account and the address have attempts left. The attempt counts as failed from its
  /// beginning, so that many at once are not more than the limit; one that was right, or broke off, is taken back.
  /// - Parameter isRight: looks whether the password is right.
  /// - Throws: `Problem` (429) when the account or the address has failed too often, else what `isRight` throws.
  public func attempt(name: String, address: String, _ isRight: () async throws -> Bool) async throws -> Bool
  {
    try begin(name: name, address: address)
    do {
      let isRight = try await isRight()
      if isRight { takeBack(name: name, address: address) }
      return isRight
    } catch {
      takeBack(name: name, address: address)
      throw error
    }
  }

  /// Counts a failure, or refuses the attempt.
  func begin(name: String, address: String) throws {
    let wait = buckets.withLock { buckets in
      let now = now()
      // A refused attempt counts as a use: a flood of other keys must not make the one under attack forgotten.
      let wait = max(
        LogInLimits.waitSeconds(buckets.use("n" + name), LogInLimits.perAccount, now),
        LogInLimits.waitSeconds(buckets.use("a" + address), LogInLimits.perAddress, now))
      if wait == 0 {
        for key in ["n" + name, "a" + address] { add(1, to: key, of: &buckets, now) }
      }
      return wait
    }
    guard wait > 0 else { return }
    throw Problem(
      .tooManyRequests, title: "Too many failed logins", detail: "Wait a little and try again.",
      retryAfterSeconds: wait)
  }

  func takeBack(name: String, address: String) {
    buckets.withLock { buckets in
      let now = now()
      for key in ["n" + name, "a" + address] { add(-1, to: key, of: &buckets, now) }
    }
  }

  private func add(_ failures: Double, to key: String, of buckets: inout LRUList<Bucket>, _ now: Deadline) {
    let sum = (buckets[key].map { LogInLimits.remaining($0, now) } ?? 0) + failures
    guard sum > 0 else {
      buckets.remove(key)
      return
    }
    buckets.insert(key, Bucket(failures: sum, at: now))
    if buckets.count > keyLimit, let oldest = buckets.leastRecentlyUsed { buckets.remove(oldest) }
  }

  /// How many accounts and addresses are remembered.
  var keyCount: Int { buckets.withLock { $0.count } }

  private static func remaining(_ bucket: Bucket, _ now: Deadline) -> Double {
    max(bucket.failures - Double(bucket.at.microseconds(until: now)) / 1_000_000 * forgetPerSecond, 0)
  }

  private static func waitSeconds(_ bucket: Bucket?, _ limit: Double, _ now: Deadline) -> Int {
    guard let bucket else { return 0 }
    let excess = remaining(bucket, now) + 1 - limit
    return excess > 0 ? Int((excess / forgetPerSecond).rounded(.up)) : 0
  }
}
