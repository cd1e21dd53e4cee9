// Where things are: regions, zones and the instances in them.

/// A place with a jurisdiction and one or more zones.
public struct Region: Codable, Equatable, Sendable {
  /// Unique, such as `eu-central-1`.
  public let code: String
  public let name: String

  public init(code: String, name: String) {
    self.code = code
    self.name = name
  }

  /// The region of a lab: the machine that it runs on.
  public static let local = Region(code: "local", name: "This machine")
}

/// A part of a region with power and network of its own: a fault can take exactly one zone.
public struct Zone: Codable, Equatable, Sendable {
  /// Unique, such as `eu-central-1a`.
  public let id: String
  /// The code of its region.
  public let region: String

  public init(id: String, region: String) {
    self.id = id
    self.region = region
  }
}

/// A machine in a zone: what runs on it shares its cores, memory and disk, and is lost with it.
public struct Server: Codable, Equatable, Sendable {
  /// Unique in the topology.
  public let id: String
  public let title: String
  /// The id of its zone.
  public let zone: String

  public init(id: String, title: String, zone: String) {
    self.id = id
    self.title = title
    self.zone = zone
  }
}
