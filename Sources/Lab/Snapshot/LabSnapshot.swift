// The lab at one moment, for `status` and the console.

import Topology

/// What runs, where, and how it is. As JSON it is what `heights status --json` prints.
public struct LabSnapshot: Codable, Equatable, Sendable {
  /// What the supervisor knows of a process.
  public enum Health: String, Codable, Sendable {
    case stopped
    /// Started, not ready yet (or no longer).
    case starting
    case ready
    case stopping
    /// Ended by itself; will be started again.
    case waiting
    /// Will be started when its zone has power again.
    case noPower
  }

  /// A process that the lab runs, or would run.
  public struct Process: Codable, Equatable, Sendable {
    /// `HOST.ENGINE`, such as `database-a.patroni`, or the host's id alone where only one thing runs; `launch` and
    /// `app` are the roles that have the public port.
    public let name: String
    /// The id of its server, edge location or tier; nil before there are hosts.
    public var host: String?
    /// Nil for what lies in no zone.
    public var zone: String?
    /// Where others reach it; nil for what is reached on 127.0.0.1, and for workers, which nobody reaches.
    public var address: String?
    /// What it says that it is; nil when there are no roles.
    public var role: ProcessRole?
    /// How far it is behind its leader; nil when it follows none.
    public var lagBytes: Int?
    /// Nil when it does not run.
    public let pid: Int32?
    /// As it was when the supervisor last asked.
    public let health: Health
    /// Starts that nobody asked for.
    public let restarts: Int
    /// How it ended last.
    public let lastEnd: String?

    /// Read from its name.
    public var kind: ProcessKind { ProcessKind(name: name) }
    /// Whether it runs the app's program, as `app` alone or as an instance behind balancers.
    public var isApp: Bool { kind == .app }
    /// Which worker of heights.json it is; nil for everything else.
    public var worker: String? { if case .worker(let name) = kind { name } else { nil } }
  }

  /// What a server of stage 2 may use.
  public struct Instance: Codable, Equatable, Sendable {
    /// AWS's name of it.
    public let type: String
    /// As AWS counts them.
    public let virtualCPUs: Int
    /// Of the type, not of this machine.
    public let memoryBytes: Int
    /// What the type means on this machine.
    public let eventLoops: Int
    /// What the app's cache may hold.
    public let cacheBytes: Int
  }

  /// By which name the app is found, and who knows it.
  public struct DNS: Codable, Equatable, Sendable {
    /// `APP.test`.
    public let name: String
    /// The answer: the static address, or those of which the healthy ones are given.
    public let address: String
    /// Where to ask.
    public let server: String
    /// Nil when gdnsd is not installed.
    public let port: Int?
  }

  /// Something that happened in the lab.
  public struct Event: Codable, Equatable, Sendable {
    /// Since 1970.
    public let atMs: Int
    /// For people, in one line.
    public let text: String
  }

  /// The app's short name.
  public let name: String
  /// The app's name for people.
  public let title: String
  /// The app's folder.
  public let folder: String
  /// The process that runs the lab.
  public let supervisorPid: Int32
  /// Since 1970 (UTC), in milliseconds.
  public let startedAtMs: Int
  /// The one that the app stands at.
  public let stage: Stage
  /// Followers of the database beyond those of the stage; nil without any.
  public var extraFollowers: Int?
  /// What runs where.
  public let topology: Topology
  /// What the app's server may use.
  public let instance: Instance
  /// The public key of each service that calls others; nil where none does.
  public var callerKeys: [String: String]?
  /// The services that scale; nil where none does.
  public var services: [Service]?
  /// How many requests may fail, and how many have; nil from a lab of an earlier version.
  public var budget: Budget?
  /// Those that run, and those that would.
  public let processes: [Process]
  /// The addresses of the hosts of this stage and of the next one.
  public var addresses: [String: String] = [:]
  /// Where engines listen, each on its host's address.
  public var ports = LabPorts()
  /// The ids of the zones whose power is cut.
  public var cutZones: [String] = []
  /// The ids of the zones of which it is noted what they have not flushed.
  public var watchedZones: [String] = []
  /// By the zone: what its last power cut took that was not flushed. Only of those that were watched.
  public var unflushed: [String: Unflushed] = [:]
  /// By the host: how far its clock is ahead, in seconds; none that is right.
  public var clocks: [String: Int] = [:]
  /// What the table of sessions was told to do to requests; nil where nothing is broken.
  public var tableLimits: TableLimits?
  /// The roles that answer on the public port.
  public let openDoors: [Role]
  /// Whether the app's servers listen on a port themselves (`listens: "port"`), and read their variables at their start.
  public var listensOnPort = false
  /// Such as `http://127.0.0.1:8080`.
  public let appURL: String
  /// Nil when no console runs. Its fragment lets whoever has it press the console's buttons.
  public let consoleURL: String?
  /// By which name the app is found.
  public let dns: DNS
  /// Whether nobody else on the machine reaches its engines, and links can be cut.
  public var hasOwnNetwork = false
  /// The links that are cut.
  public var cuts: [Cut] = []
  /// How many packets those have cost.
  public var droppedPackets = 0
  /// Of the app's data folder.
  public let disk: DiskUsage
  /// What is under way, such as `resize`.
  public let operation: String?
  /// Whether the database's leader acknowledges writes alone, for want of a follower in step.
  public var hasOneCopy: Bool {
    let keepers = processes.filter { $0.kind == .engine(.patroni) }
    return keepers.contains { $0.role == .leader } && !keepers.contains { $0.role == .synchronousFollower }
  }
  /// Where the app stands.
  public var level: Level { Level(stage, extraFollowers: extraFollowers ?? 0) }
  /// Whether the lab is still on its way up.
  public var isStarting: Bool { operation == Operations.start }
  /// Which there are, and what runs which; nil from a lab of an earlier version.
  public var releases: ReleaseBook?
  /// The steps of what is tried on some of the app, or was last, the first one first; nil where nothing was since the lab came up.
  public var trials: [Trial]?
  /// The last 200, oldest first.
  public let events: [Event]
}
