// The seven stages of growth, and which of them Heights runs today.

/// A stage of an app's growth, from the launch page to many regions. Stages are ordered; a climb goes up one.
public enum Stage: Int, CaseIterable, Codable, Comparable, Sendable {
  case launchPage = 1
  case singleServer
  case separateDatabase
  case replicated
  case stateless
  case microservices
  case sharded

  /// 1 to 7.
  public var number: Int { rawValue }

  /// The one above; nil for the last.
  public var next: Stage? { Stage(rawValue: rawValue + 1) }

  /// The one below; nil for the first.
  public var previous: Stage? { Stage(rawValue: rawValue - 1) }

  /// Whether it is in several regions; the others are in one.
  public var spansRegions: Bool { self == .sharded }

  /// Whether `heights up --stage N` works.
  public var runsToday: Bool { self <= .microservices }

  /// For people: `single server`.
  public var name: String {
    switch self {
    case .launchPage: "launch page"
    case .singleServer: "single server"
    case .separateDatabase: "separate database"
    case .replicated: "replicated"
    case .stateless: "stateless"
    case .microservices: "microservices"
    case .sharded: "sharded"
    }
  }

  /// The audience that the stage is made for.
  public var users: String {
    switch self {
    case .launchPage: "before launch"
    case .singleServer: "the first users"
    case .separateDatabase: "ten"
    case .replicated: "a thousand"
    case .stateless: "ten thousand"
    case .microservices: "half a million"
    case .sharded: "ten million"
    }
  }

  /// The share of requests, 0 to 1, that is meant to succeed: the mission's 99.99 % from stage 6 on, and below it what the stage can
  /// keep (a single server is started by hand when it has failed; the launch page is AWS's to keep).
  public var availabilityTarget: Double {
    switch self {
    case .singleServer, .separateDatabase: 0.99
    case .launchPage, .replicated, .stateless: 0.999
    case .microservices, .sharded: 0.9999
    }
  }

  /// What the stage adds, in one line.
  public var summary: String {
    switch self {
    case .launchPage: "A static page and a waitlist; no server, no cost while idle."
    case .singleServer: "The app and its database on one instance with a static address and a DNS name."
    case .separateDatabase: "The database gets an instance of its own."
    case .replicated: "A second availability zone with a follower of the database; a zone may fail."
    case .stateless: "App servers behind a load balancer; sessions in a cache, files behind a CDN."
    case .microservices: "Services that scale on their own, every layer in several zones."
    case .sharded: "Federated and sharded databases in several regions."
    }
  }

  public static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
}
