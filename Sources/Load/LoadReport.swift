// What a run found, as it goes on and at its end.

import Foundation

/// What one action did during a run.
public struct ActionReport: Sendable, Equatable, Codable {
  public let succeeded: Int
  public let failed: Int
  public let latency: LatencySummary
}

/// The result of a run. `due` is `succeeded + failed + shed`.
public struct LoadReport: Sendable, Equatable, Codable {
  public let target: String
  /// The stage at which the run began; at 1 the load was page views and waitlist entries.
  public let stage: Int
  public let seed: UInt64
  public let ratePerSecond: Double
  public let durationSeconds: Double
  /// Signed up before the run; 0 at stage 1.
  public let users: Int
  /// Whether the run was ended before its time.
  public let wasInterrupted: Bool

  /// Requests that became due.
  public let due: Int
  public let succeeded: Int
  public let failed: Int
  /// Due, but never sent, since as many as allowed were under way.
  public let shed: Int
  public let succeededPerSecond: Double
  /// From the moment each request was due to its answer: successes, and time-outs as long as they took.
  public let latency: LatencySummary
  /// The part of it before the request was sent. When this is not small, the generator was the bottleneck.
  public let generatorDelay: LatencySummary
  /// By `Action`'s name.
  public let actions: [String: ActionReport]
  /// How many requests failed or were shed, by kind: `connection refused`, `timeout`, `HTTP 503`…
  public let errors: [String: Int]
  /// Writes that this run appended to the ledger, those of setting up included.
  public let acknowledgedWrites: Int
  public let ledgerPath: String
  /// What became of the visitors' sessions; nil at stage 1, which has none, and of a run that was interrupted.
  public let sessions: SessionReport?
}

/// How far a run is. The description is a line for people.
public enum LoadProgress: Sendable, CustomStringConvertible {
  /// Accounts signed up, of how many.
  case settingUp(done: Int, total: Int)
  case second(LoadSecond)

  public var description: String {
    switch self {
    case .settingUp(let done, let total): "setting up: \(done) of \(total) users"
    case .second(let second): second.description
    }
  }
}

/// One second of a run.
public struct LoadSecond: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Seconds since requests began to be due.
  public let second: Int
  public let durationSeconds: Double
  /// Requests that ended, or were shed, within the second.
  public let succeeded: Int
  public let failed: Int
  public let shed: Int
  /// Under way at its end.
  public let inFlight: Int
  public let p50Ms: Double
  public let p99Ms: Double

  public var description: String {
    let latency = String(format: "p50 %.1f ms, p99 %.1f ms", p50Ms, p99Ms)
    return "\(second) of \(Int(durationSeconds.rounded(.up))) s: \(succeeded) ok, \(failed) failed"
      + (shed > 0 ? ", \(shed) shed" : "") + ", \(latency), \(inFlight) under way"
  }
}
