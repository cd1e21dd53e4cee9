// The verdict of a drill.

import History
import Load

/// What came of a drill.
public struct DrillReport: Codable, Equatable, Sendable {
  /// What was broken.
  public let drill: DrillKind
  /// 1 to 7: the one that the lab was at.
  public let stage: Int
  /// What was broken: a zone, a host, a process.
  public let target: String
  /// What was seen of the fault while it held.
  public let proof: String
  /// For how long the fault stayed.
  public let faultSeconds: Double
  /// What people noticed who only read.
  public let reads: Impact
  /// What people noticed who changed something.
  public let writes: Impact
  /// What did not need what was broken; nil where all may have, or nobody knows.
  public let bystanders: Bystanders?
  /// What share of requests succeeded, and what that makes of a month.
  public let availability: MeasuredAvailability
  /// Which failures the stage's promise leaves room for.
  public let allowed: Allowances
  /// How many requests failed, by kind.
  public let errors: [String: Int]
  /// From the end of the fault until everything was as before it: every process ready, every follower in step.
  /// Nil when that did not come to pass.
  public let recoverySeconds: Double?
  /// Those in the load's ledger whose effect must be there.
  public let acknowledgedWrites: Int
  /// Acknowledged, and not there: lost.
  public let missingWrites: Int
  /// What is there and should not be: a post twice, a like that nobody asked for, a count that is wrong.
  public let unexpectedRows: Int
  /// From where the writes were read back.
  public let readFrom: String
  /// Whether all that people were answered can be true together.
  public let history: Verdict
  /// Sessions that visitors held when all was over.
  public let sessions: Int
  /// Those of them that the app no longer knew, took for somebody else's, or could not tell of.
  public let lostSessions: Int
  /// Sessions that were over: signed out, or from before a new password or another log-in in the same browser.
  public let endedSessions: Int
  /// Those of them that have let somebody in.
  public let letInSessions: Int
  /// How far the latest identifier of an acknowledged post was ahead of the time when all was over, in seconds; below 0 when
  /// it was not.
  public let identifiersAheadSeconds: Double
  /// The first of what is missing, or should not be there.
  public let examples: [String]

  /// Identifiers follow a clock that jumps at twice the pace of time, and not for its hour; some seconds more are the
  /// tolerance of that.
  private var aheadLimitSeconds: Double { faultSeconds + 30 }

  /// Nothing that was acknowledged is missing, nothing is there that should not be, no two answers contradict each other,
  /// no more requests failed than the stage allows, what did not need what was broken went on as before, nobody was logged
  /// out or let in by a session that was over, identifiers are of this time, and all is as before.
  public var isPassed: Bool {
    bystanders?.areWell ?? true && missingWrites == 0 && unexpectedRows == 0 && history.isGood
      && isWithinAllowed && lostSessions == 0
      && letInSessions == 0 && identifiersAheadSeconds <= aheadLimitSeconds && recoverySeconds != nil
  }

  /// Whether no more requests failed than the stage allows.
  public var isWithinAllowed: Bool {
    allowed.reads.permits(reads, faultSeconds: faultSeconds)
      && allowed.writes.permits(writes, faultSeconds: faultSeconds)
  }
}
