// How many failed logins are borne: per account and per address.

import Synchronization

/// Counts failed logins in buckets that empty slowly. Of this process; a flood of keys pushes out the oldest.
public final class LogInLimits: Sendable {
  private struct Bucket {
    var failures: Double
    var at: Deadline
  }

  private struct State {
    var buckets: [String: Bucket] = [:]
  }

  /// After so many failures an account waits; one is forgotten every 30 s.
  static let perAccount = 10.0
  /// The same for an address, where many people may sit behind one.
  static let perAddress = 100.0
  private static let forgetPerSecond = 1.0 / 30
  private static let keyLimit = 100_000

  private let state = Mutex(State())

  public init() {}

  /// - Throws: `Problem` (429) when the account or the address has failed too often.
  public func check(name: String, address: String) throws {
    let wait = state.withLock { state in
      max(
        LogInLimits.waitSeconds(state.buckets["n" + name], LogInLimits.perAccount),
        LogInLimits.waitSeconds(state.buckets["a" + address], LogInLimits.perAddress))
    }
    guard wait > 0 else { return }
    throw Problem(
      .tooManyRequests, title: "Too many failed logins", detail: "Wait a little and try again.",
      retryAfterSeconds: wait)
  }

  public func countFailure(name: String, address: String) {
    state.withLock { state in
      for key in ["n" + name, "a" + address] {
        if state.buckets.count >= LogInLimits.keyLimit { LogInLimits.makeRoom(&state) }
        let left = state.buckets[key].map(LogInLimits.remaining) ?? 0
        state.buckets[key] = Bucket(failures: left + 1, at: .now)
      }
    }
  }

  private static func remaining(_ bucket: Bucket) -> Double {
    max(bucket.failures - Double(bucket.at.elapsedMs) / 1_000 * forgetPerSecond, 0)
  }

  private static func waitSeconds(_ bucket: Bucket?, _ limit: Double) -> Int {
    guard let bucket else { return 0 }
    let excess = remaining(bucket) + 1 - limit
    return excess > 0 ? Int((excess / forgetPerSecond).rounded(.up)) : 0
  }

  private static func makeRoom(_ state: inout State) {
    state.buckets = state.buckets.filter { remaining($0.value) > 0 }
    if state.buckets.count >= keyLimit { state.buckets.removeAll() }
  }
}
