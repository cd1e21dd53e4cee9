// How many requests may fail in a drill: what each stage promises, in one table.

import Policies
import Topology

/// Which failures a promise leaves room for.
public enum Allowance: Codable, Equatable, Sendable, CustomStringConvertible {
  case none
  /// Those that were under way on a process as it died: nobody else can answer them.
  case underWay
  /// Any that were sent within so many seconds of the fault, before those who lead people on had noticed it: they may take
  /// long to end.
  case sent(seconds: Int)
  /// Any that end within so many seconds of the fault.
  case seconds(Int)
  /// Any while the fault lasts, and so many seconds more.
  case whileBroken(plusSeconds: Int)

  /// At a hundred requests a second one or two are on a process; a burst may be four times as many.
  static let underWayLimit = 8

  public var description: String {
    switch self {
    case .none: "none"
    case .underWay: "under way on it, at most \(Self.underWayLimit)"
    case .sent(let seconds): "sent in the first \(seconds) s"
    case .seconds(let seconds): "for \(seconds) s"
    case .whileBroken(let seconds): "while it lasts, and \(seconds) s"
    }
  }

  /// Whether what was seen stays within it.
  func permits(_ impact: Impact, faultSeconds: Double) -> Bool {
    switch self {
    case .none: impact.failed == 0
    case .underWay: impact.failed <= Self.underWayLimit
    case .sent(let seconds): impact.lastFailureDueSeconds <= Double(seconds)
    case .seconds(let seconds): impact.lastFailureSeconds <= Double(seconds)
    case .whileBroken(let seconds): impact.lastFailureSeconds <= faultSeconds + Double(seconds)
    }
  }
}

/// What reads and writes may suffer in a drill.
public struct Allowances: Codable, Equatable, Sendable {
  /// Of requests that change nothing.
  public let reads: Allowance
  /// Of requests that change what is stored.
  public let writes: Allowance
}

extension DrillKind {
  /// What a stage promises. With one server of the database all waits for it; with two, reads go on and writes wait for the
  /// new leader for up to five seconds each.
  func allowances(atStage stage: Int) -> Allowances {
    let failover = Failover.lab
    return switch self {
    case .instanceCrash: Allowances(reads: .underWay, writes: .underWay)
    case .diskFull: Allowances(reads: .none, writes: .whileBroken(plusSeconds: 3))
    case .leaderCrash: Allowances(reads: .none, writes: stage < 4 ? .none : .seconds(failover.longestSeconds))
    case .hungHost where stage < 4:
      Allowances(reads: .whileBroken(plusSeconds: 5), writes: .whileBroken(plusSeconds: 5))
    case .hungHost: Allowances(reads: .none, writes: .seconds(failover.longestWhenHungSeconds))
    // What needs the service fails, and that alone.
    case .hungService:
      Allowances(reads: .whileBroken(plusSeconds: 5), writes: .whileBroken(plusSeconds: 5))
    case .slowDatabase where stage < 4: Allowances(reads: .none, writes: .none)
    case .slowDatabase:
      Allowances(reads: .none, writes: .whileBroken(plusSeconds: failover.longestSeconds))
    case .zoneOutage: Allowances(reads: .underWay, writes: .seconds(failover.longestSeconds))
    case .partition, .partitionOneWay:
      // Until the front door has noticed the edges that it does not reach any more.
      Allowances(
        reads: .sent(seconds: HealthChecks.proxy.noticeSeconds),
        writes: .seconds(failover.longestWhenHungSeconds))
    case .partitionWitness: Allowances(reads: .none, writes: .none)
    // Patroni sees a leader that works, so nobody takes its place.
    case .partitionApp: Allowances(reads: .none, writes: .whileBroken(plusSeconds: 5))
    case .clockJump: Allowances(reads: .none, writes: .none)
    case .diskLoss: Allowances(reads: .none, writes: .seconds(failover.longestSeconds))
    // The cache has copies of the sessions in use. Who logs in or out is told to come back, and so is who reads with a session
    // that the cache does not know: nobody knows whether it is over.
    case .sessionsAway, .sessionsThrottled:
      Allowances(reads: .whileBroken(plusSeconds: 5), writes: .whileBroken(plusSeconds: 5))
    case .sessionsSlow: Allowances(reads: .none, writes: .none)
    case .cacheLoss, .switchover: Allowances(reads: .none, writes: .none)
    }
  }

  /// The table, as docs/drills.md shows it.
  static var allowanceTable: String {
    let lines = allCases.flatMap { kind in
      (2...6).filter { Stage(rawValue: $0).map(kind.stages.contains) == true }.map { stage in
        let allowed = kind.allowances(atStage: stage)
        return "| \(stage) | `\(kind.rawValue)` | \(allowed.reads) | \(allowed.writes) |"
      }
    }
    return
      (["| stage | drill | failed reads | failed writes |", "| --- | --- | --- | --- |"] + lines.sorted())
      .joined(separator: "\n")
  }
}
