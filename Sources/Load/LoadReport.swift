// What a run found, as it goes on and at its end.

import Foundation

/// What one action did during a run.
public struct ActionReport: Sendable, Equatable, Codable {
  /// Requests that were answered as a visitor expects.
  public let succeeded: Int
  /// Requests that were answered otherwise, or not in time.
  public let failed: Int
  /// As the whole run's, of this action alone.
  public let latency: LatencySummary
}

/// The result of a run. `due` is `succeeded + failed + shed`.
public struct LoadReport: Sendable, Equatable, Codable {
  /// `http://HOST:PORT` of the app.
  public let target: String
  /// The stage at which the run began; at 1 the load was page views and waitlist entries.
  public let stage: Int
  /// With which the same decisions can be made again.
  public let seed: UInt64
  /// As it was asked for.
  public let ratePerSecond: Double
  /// As it was asked for; a run that was interrupted took less.
  public let durationSeconds: Double
  /// Signed up before the run; 0 at stage 1.
  public let users: Int
  /// Whether the run was ended before its time.
  public let wasInterrupted: Bool

  /// Requests that became due.
  public let due: Int
  /// Answered as a visitor expects.
  public let succeeded: Int
  /// Answered otherwise, or not in time.
  public let failed: Int
  /// Due, but never sent, since as many as allowed were under way.
  public let shed: Int
  /// On average over the run.
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
  /// The file that has them.
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
  /// Of the whole run.
  public let durationSeconds: Double
  /// Requests that ended, or were shed, within the second.
  public let succeeded: Int
  /// Answered otherwise than a visitor expects, or not in time.
  public let failed: Int
  /// Due within the second, and never sent.
  public let shed: Int
  /// Under way at its end.
  public let inFlight: Int
  /// The latency that half of what ended in the second did not exceed.
  public let p50Ms: Double
  /// The latency that 99 in 100 of what ended in the second did not exceed.
  public let p99Ms: Double

  public var description: String {
    let latency = String(format: "p50 %.1f ms, p99 %.1f ms", p50Ms, p99Ms)
    return "\(second) of \(Int(durationSeconds.rounded(.up))) s: \(succeeded) ok, \(failed) failed"
      + (shed > 0 ? ", \(shed) shed" : "") + ", \(latency), \(inFlight) under way"
  }
}
