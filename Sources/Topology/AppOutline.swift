// What a topology needs to know of an app, as plain values.

import Placement

/// An app's name, services and databases: the part of its manifest that shapes a topology.
public struct AppOutline: Codable, Equatable, Sendable {
  /// A program of the app's, which runs on one server or on many.
  public struct Service: Codable, Equatable, Sendable {
    /// Unique in the app.
    public let name: String
    /// The databases that it uses.
    public let databases: [String]

    /// - Parameter databases: those of the app that it uses.
    public init(name: String, databases: [String]) {
      self.name = name
      self.databases = databases
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
  /// An app's services from stage 6 on, each with servers of its own.
  struct Layers {
    /// Answers people.
    let front: Service
    /// Answer the front.
    let behind: [Service]

    var all: [Service] { [front] + behind }
  }

  /// The services as the manifest names them, the first in front. Where it names one that uses several databases,
  /// each database gets the service that owns it: what were local calls becomes calls over the network.
  var layers: Layers? {
    guard let first = services.first else { return nil }
    if services.count > 1 || first.databases.count < 2 {
      return Layers(front: first, behind: Array(services.dropFirst()))
    }
    let owners = first.databases.map {
      Service(name: $0 == first.name ? "\($0)-data" : $0, databases: [$0])
    }
    return Layers(front: Service(name: first.name, databases: []), behind: owners)
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
