// What can be broken, and at which stages.

import Lab
import Topology

/// The drills there are. The raw values are what people type.
public enum DrillKind: String, CaseIterable, Codable, Sendable {
  case zoneOutage = "zone-outage"
  case instanceCrash = "instance-crash"
  case leaderCrash = "leader-crash"
  case hungHost = "hung-host"
  case hungService = "hung-service"
  case cacheLoss = "cache-loss"
  case slowDatabase = "slow-database"
  case diskFull = "disk-full"
  case switchover
  case partition
  case partitionOneWay = "partition-one-way"
  case partitionWitness = "partition-witness"
  case partitionApp = "partition-app"
  case diskLoss = "disk-loss"
  case clockJump = "clock-jump"
  case sessionsAway = "sessions-away"
  case sessionsThrottled = "sessions-throttled"
  case sessionsSlow = "sessions-slow"

  /// What it breaks, and how.
  var fault: any Fault.Type {
    switch self {
    case .zoneOutage: ZoneOutage.self
    case .instanceCrash: InstanceCrash.self
    case .leaderCrash: LeaderCrash.self
    case .hungHost: HungHost.self
    case .hungService: HungService.self
    case .cacheLoss: CacheLoss.self
    case .slowDatabase: SlowDatabase.self
    case .diskFull: DiskFull.self
    case .switchover: Switchover.self
    case .partition: ZonePartition.self
    case .partitionOneWay: OneWayPartition.self
    case .partitionWitness: WitnessPartition.self
    case .partitionApp: AppPartition.self
    case .diskLoss: DiskLoss.self
    case .clockJump: ClockJump.self
    case .sessionsAway: SessionsAway.self
    case .sessionsThrottled: SessionsThrottled.self
    case .sessionsSlow: SessionsSlow.self
    }
  }

  /// The stages whose lab has what the drill breaks.
  public var stages: ClosedRange<Stage> { fault.stages }
  /// What it does, in one line.
  public var summary: String { fault.summary }
  /// Why the other stages can't have it.
  var reason: String { fault.reason }
  /// For how long the fault stays when nobody says otherwise, in seconds; 0 where it is over at once.
  var holdSeconds: Int { fault.holdSeconds }

  /// Chooses what to break.
  /// - Throws: `DrillError` where this can't be broken.
  func fault(in lab: LabSnapshot, zone: String?, folder: AppFolder) throws -> any Fault {
    guard stages.contains(lab.stage) else { throw DrillError.notAtStage(self, at: lab.stage) }
    if zone != nil, self != .zoneOutage { throw DrillError.noZone(self) }
    return try fault.init(FaultScene(kind: self, lab: lab, zone: zone, folder: folder))
  }
}
