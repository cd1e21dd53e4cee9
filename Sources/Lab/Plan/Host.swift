// A host of the lab: a server of the topology that has an address on this machine.

/// The hosts that a lab has once, in no zone.
public enum SoleHost: String, Sendable {
  /// Leads people to the app: it has the public port.
  case frontDoor = "front-door"
  case dns
  case objects
  /// The table that has them.
  case sessions

  /// As status and snapshots name it.
  public var id: String { rawValue }
}

/// Where an engine or an instance of the app runs.
struct Host: Equatable, Sendable {
  /// The zone of what belongs to no zone of the region: front door, edges, and the services that the cloud runs.
  static let outside = "outside"

  /// The server's id, such as `database-a`.
  let id: String
  /// The id of its zone, or `outside`.
  let zone: String
  /// `127.REGION.ZONE.HOST`.
  let address: String
  /// Its folder as its engines see it: in a zone with namespaces of its own that is not where it lies.
  let folder: String
  /// The same folder as the lab sees it.
  let outerFolder: String
}
