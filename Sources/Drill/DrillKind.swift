// What can be broken, and at which stages.

import Topology

/// The drills there are. The raw values are what people type.
public enum DrillKind: String, CaseIterable, Codable, Sendable {
  case zoneOutage = "zone-outage"
  case instanceCrash = "instance-crash"
  case leaderCrash = "leader-crash"
  case hungHost = "hung-host"
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

  /// The stages whose lab has what the drill breaks.
  public var stages: ClosedRange<Stage> {
    switch self {
    case .instanceCrash, .clockJump: .singleServer ... .sharded
    case .diskFull: .singleServer ... .singleServer
    case .leaderCrash, .hungHost, .slowDatabase: .separateDatabase ... .sharded
    case .zoneOutage, .switchover, .diskLoss: .replicated ... .sharded
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp: .replicated ... .sharded
    case .cacheLoss: .stateless ... .sharded
    }
  }

  /// What it does, in one line.
  public var summary: String {
    switch self {
    case .zoneOutage: "the power of a zone is cut: every process in it is dead at once"
    case .instanceCrash: "an app server is killed with SIGKILL"
    case .leaderCrash: "every process on the database leader's host is killed with SIGKILL"
    case .hungHost:
      "every process on the database leader's host is stopped, and goes on later as if nothing had been"
    case .cacheLoss: "every process of the cache is killed with SIGKILL"
    case .slowDatabase: "the database leader stands still for four fifths of the time"
    case .diskFull: "the app's disk is filled to its last byte"
    case .switchover: "another server of the database is made its leader, as before maintenance"
    case .partition: "the network of the database leader's zone is cut off from all other hosts"
    case .partitionOneWay:
      "nothing that the database leader's zone sends arrives at other hosts, and what they send arrives there"
    case .partitionWitness: "the database leader's host and the witness hear nothing of each other"
    case .partitionApp:
      "the app's servers and the database leader's host hear nothing of each other, and all others hear both"
    case .clockJump:
      "the clock of an app server jumps an hour ahead, and back; then that of the database leader's host"
    case .diskLoss: "the database leader's host dies, and comes back with an empty disk"
    }
  }

  /// Why the other stages can't have it.
  var reason: String {
    switch self {
    case .instanceCrash, .clockJump: "the launch page has no server"
    case .diskFull: "from stage 3 on the rows are on the database's disk, whose size the lab does not limit"
    case .leaderCrash, .hungHost, .slowDatabase: "the database is a part of the app's process before stage 3"
    case .zoneOutage: "before stage 4 everything is in one zone, and nothing would be left to answer"
    case .switchover: "before stage 4 the database has one server"
    case .partition, .partitionOneWay, .partitionWitness, .partitionApp:
      "before stage 4 there is no link without which anything would be left to answer"
    case .cacheLoss: "there is no shared cache before stage 5"
    case .diskLoss:
      "before stage 4 there is one disk with what was acknowledged, and nothing to bring it back from"
    }
  }

  /// For how long the fault stays when nobody says otherwise, in seconds; 0 where it is over at once.
  public var holdSeconds: Int {
    switch self {
    case .zoneOutage, .hungHost, .partition, .partitionOneWay, .partitionWitness, .partitionApp: 15
    case .clockJump: 16
    case .slowDatabase, .diskFull: 8
    case .instanceCrash, .leaderCrash, .cacheLoss, .switchover, .diskLoss: 0
    }
  }
}
