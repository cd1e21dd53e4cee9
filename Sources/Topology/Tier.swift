// What a topology is made of: tiers, and the links between them.

/// A part of the system that does one job.
public struct Tier: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable {
    case users, dns, address, launchPage, waitlist, service, database, objects
  }

  /// Unique in the topology.
  public let id: String
  public let kind: Kind
  public let title: String
  /// What does the job, such as `SQLite`.
  public let subtitle: String
  /// The zone that it runs in; nil for what belongs to no single zone, such as DNS.
  public let zone: String?
  /// The server that it runs on; nil for a managed service.
  public let server: String?

  /// A tier on a server, in the server's zone.
  public init(id: String, kind: Kind, title: String, subtitle: String, on server: Server) {
    self.init(id: id, kind: kind, title: title, subtitle: subtitle, zone: server.zone, server: server.id)
  }

  /// A tier without a server of ours.
  public init(
    id: String, kind: Kind, title: String, subtitle: String, zone: String? = nil, server: String? = nil
  ) {
    self.id = id
    self.kind = kind
    self.title = title
    self.subtitle = subtitle
    self.zone = zone
    self.server = server
  }
}

/// One tier calls another.
public struct Link: Codable, Equatable, Sendable {
  /// Ids of tiers.
  public let from: String
  public let to: String
  /// What travels, such as `HTTP`.
  public let label: String

  public init(from: String, to: String, label: String) {
    self.from = from
    self.to = to
    self.label = label
  }
}
