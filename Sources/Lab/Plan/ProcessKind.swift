// What a process of a lab is, and what it says of its part: read from names and answers here, and nowhere else.

/// What a process is.
public enum ProcessKind: Hashable, Sendable {
  /// The program behind the launch page of stage 1.
  case launchPage
  /// The app's program: alone on the public port, or an instance behind balancers.
  case app
  /// A program of the app's that answers nobody, by the name that heights.json has for it.
  case worker(String)
  /// The HAProxy that has the public port.
  case frontDoor
  case dns
  case engine(EngineKind)
  case unknown(String)

  /// Whether it votes on who leads a store, and is no part of the store itself.
  public var isElector: Bool { self == .engine(.etcd) || self == .engine(.sentinel) }

  /// A process's name tells it: `HOST.ENGINE`, `HOST.worker-NAME`, one of the names that stand for themselves, or the id of a
  /// host, where only the app's program runs.
  public init(name: String) {
    switch name {
    case Role.launch.rawValue: self = .launchPage
    case LabPlan.frontDoor: self = .frontDoor
    case LabPlan.dns: self = .dns
    default:
      // Ids of hosts may have dots too: `service-web-a.us-east-1`.
      let suffix = name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? ""
      self =
        EngineKind(rawValue: suffix).map { .engine($0) }
        ?? WorkerProcess.worker(ofSuffix: suffix).map { .worker($0) }
        ?? (name.hasSuffix(ProcessTable.aside("")) ? .unknown(suffix) : .app)
    }
  }
}

/// What the processes of workers are called: `server-a.worker-mail`, and `server-a.worker2-mail` beside it.
enum WorkerProcess {
  private static let word = "worker"

  /// - Parameter index: from 0 on, of those of the same worker on the host.
  static func name(of worker: String, _ index: Int, on host: String) -> String {
    "\(host).\(word)\(index == 0 ? "" : String(index + 1))-\(worker)"
  }

  /// - Parameter suffix: what is behind the host's name and its dot.
  fileprivate static func worker(ofSuffix suffix: String) -> String? {
    guard suffix.hasPrefix(word) else { return nil }
    let rest = suffix.dropFirst(word.count).drop(while: \.isNumber)
    return rest.first == "-" && rest.count > 1 ? String(rest.dropFirst()) : nil
  }
}

/// The program of an engine. Its raw value is the last part of its process's name.
public enum EngineKind: String, Sendable {
  case postgres, patroni, etcd, redis, sentinel, haproxy, varnish, ministack, gdnsd

  /// What its process on a host is called.
  public func name(on host: String) -> String { "\(host).\(rawValue)" }
}

/// The part that a process says it has among those of its store.
public enum ProcessRole: Hashable, Sendable, RawRepresentable, Codable, CustomStringConvertible {
  case leader
  /// Follows, and has every write that was acknowledged.
  case synchronousFollower
  /// Follows as well as it can.
  case follower
  /// As the engine calls it.
  case unknown(String)

  public init(rawValue: String) {
    self =
      switch rawValue {
      case "leader": .leader
      case "sync_standby": .synchronousFollower
      case "follower": .follower
      default: .unknown(rawValue)
      }
  }

  /// As the engine says it.
  public var rawValue: String {
    switch self {
    case .leader: "leader"
    case .synchronousFollower: "sync_standby"
    case .follower: "follower"
    case .unknown(let raw): raw
    }
  }

  public var description: String { rawValue }
}
