// The verdict of a drill.

import Load

/// What came of a drill.
public struct DrillReport: Codable, Equatable, Sendable {
  public let drill: DrillKind
  public let stage: Int
  /// What was broken: a zone, a host, a process.
  public let target: String
  /// What was seen of the fault while it held.
  public let proof: String
  /// For how long the fault stayed.
  public let faultSeconds: Double
  public let reads: Impact
  public let writes: Impact
  /// How many requests failed, by kind.
  public let errors: [String: Int]
  /// From the end of the fault until everything was as before it: every process ready, every follower in step.
  /// Nil when that did not come to pass.
  public let recoverySeconds: Double?
  public let acknowledgedWrites: Int
  public let missingWrites: Int
  public let sessions: Int
  public let lostSessions: Int
  /// The first of what is missing.
  public let examples: [String]

  /// Nothing that was acknowledged is missing, nobody was logged out, and all is as before.
  public var isPassed: Bool { missingWrites == 0 && lostSessions == 0 && recoverySeconds != nil }
}
