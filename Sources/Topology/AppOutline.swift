// What a topology needs to know of an app, as plain values.

import Placement

/// An app's name, services and databases: the part of its manifest that shapes a topology.
public struct AppOutline: Codable, Equatable, Sendable {
  /// A part of the app: in one process with the others up to stage 5, on servers of its own from stage 6 on.
  public struct Service: Codable, Equatable, Sendable {
    /// Unique in the app.
    public let name: String
    /// The databases that it uses.
    public let databases: [String]
    /// The services that it calls.
    public let calls: [String]
    /// How it scales where services scale; nil where nothing is said.
    public let scale: Scale?

    /// - Parameters:
    ///   - databases: those of the app that it uses.
    ///   - calls: names of services, never in a circle.
    ///   - scale: nil where nothing is said.
    public init(name: String, databases: [String], calls: [String] = [], scale: Scale? = nil) {
      self.name = name
      self.databases = databases
      self.calls = calls
      self.scale = scale
    }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      databases = try values.decode([String].self, forKey: .databases)
      // A journal of an earlier version knows of none.
      calls = try values.decodeIfPresent([String].self, forKey: .calls) ?? []
      scale = try values.decodeIfPresent(Scale.self, forKey: .scale)
    }
  }

  /// What an app says of the number of a service's instances. What it does not say is as with services that say nothing.
  public struct Scale: Codable, Equatable, Sendable {
    /// No fewer, and at least one in each zone.
    public let minimum: Int?
    /// No more.
    public let maximum: Int?
    /// The utilisation that is aimed at, 1 to 100.
    public let targetPercent: Int?

    /// - Parameters:
    ///   - minimum: 1 or more.
    ///   - maximum: no less than the zones of the largest stage that the app gets to, nor than `minimum`.
    ///   - targetPercent: 1 to 100.
    public init(minimum: Int? = nil, maximum: Int? = nil, targetPercent: Int? = nil) {
      self.minimum = minimum
      self.maximum = maximum
      self.targetPercent = targetPercent
    }
  }

  /// The app's short name; its DNS name is `NAME.test`.
  public let name: String
  /// For people.
  public let title: String
  /// The one that answers people first.
  public let services: [Service]
  /// The names of all that the app has.
  public let databases: [String]

  /// - Parameters:
  ///   - name: short; lower-case letters, digits and dashes.
  ///   - services: the one that answers people first.
  public init(name: String, title: String, services: [Service], databases: [String]) {
    self.name = name
    self.title = title
    self.services = services
    self.databases = databases
  }

  /// The name that DNS answers for; `.test` is reserved and never leaves this machine.
  public var dnsName: String { "\(name).test" }
}

extension AppOutline {
  /// All services as the one process that they are up to stage 5; nil where the app has none.
  var together: Service? {
    let used = services.flatMap(\.databases)
    return services.first.map {
      Service(name: $0.name, databases: databases.filter(used.contains), scale: $0.scale)
    }
  }

  /// What a database holds: its own data, and in the first one the waitlist, and the sessions while they live in SQL.
  func holdings(of database: String, shards: ShardRange = .all, withSessions: Bool) -> [Holding] {
    let own = Holding(.database(database), shards: shards)
    guard database == databases.first else { return [own] }
    return [own, Holding(.waitlist, shards: shards)]
      + (withSessions ? [Holding(.sessions, shards: shards)] : [])
  }

  /// What one server or cluster holds that has all databases.
  func allHoldings(withSessions: Bool) -> [Holding] {
    databases.flatMap { holdings(of: $0, withSessions: withSessions) }
  }
}
