// Where things are: regions, zones, edge locations and the servers in them.

/// A place under one law, with zones of its own.
public struct Region: Codable, Equatable, Sendable {
  /// Unique, such as `eu-central-1`.
  public let code: String
  /// For people, with the place in brackets: `Europe (Frankfurt)`.
  public let name: String
  /// The laws that hold there, from the widest: `["EU", "DE"]`. Data that is bound to one of them may lie here.
  public let jurisdictions: [String]
  /// The zones that one account can use, in order. AWS gives each account letters of its own, so these say first,
  /// second and third, not which building.
  public let zones: [Zone]

  /// - Parameters:
  ///   - jurisdictions: from the widest.
  ///   - zones: in order.
  public init(code: String, name: String, jurisdictions: [String] = [], zones: [Zone]) {
    self.code = code
    self.name = name
    self.jurisdictions = jurisdictions
    self.zones = zones
  }

  /// The region of a lab: the machine that it runs on.
  public static let local = Region(
    code: "local", name: "This machine",
    zones: ["a", "b", "c"].map { Zone(id: "local-\($0)", region: "local") })
}

/// A part of a region with power and network of its own: a fault can take exactly one zone.
public struct Zone: Codable, Equatable, Sendable {
  /// Unique, such as `eu-central-1a`. The last character tells it from the other zones of its region.
  public let id: String
  /// The code of its region.
  public let region: String

  /// - Parameters:
  ///   - id: unique; its last character is the zone's letter.
  ///   - region: the code.
  public init(id: String, region: String) {
    self.id = id
    self.region = region
  }

  /// `a` for the first zone of a region.
  public var letter: String { id.last.map(String.init) ?? "" }
}

/// A machine in a zone: what runs on it shares its cores, memory and disk, and is lost with it.
public struct Server: Codable, Equatable, Sendable {
  /// Unique in the topology.
  public let id: String
  /// For people.
  public let title: String
  /// The id of its zone.
  public let zone: String

  /// - Parameter zone: the id.
  public init(id: String, title: String, zone: String) {
    self.id = id
    self.title = title
    self.zone = zone
  }
}

/// A place near the users where a CDN keeps copies. It belongs to no region and holds nothing that can be lost.
public struct EdgeLocation: Codable, Equatable, Sendable {
  /// Unique, such as `edge-1`.
  public let id: String
  /// The city or country that it serves.
  public let place: String

  /// - Parameter place: the city or country that it serves.
  public init(id: String, place: String) {
    self.id = id
    self.place = place
  }
}
