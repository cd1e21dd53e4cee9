// The hosts of a topology: each server with its address and zone, and what belongs to no zone.

import Topology

/// Which hosts a stage has.
struct LabHosts: Sendable {
  let topology: Topology
  let context: HostContext

  /// What leads people to the app: it has the public port.
  static let frontDoor = "front-door"
  static let dns = "dns"
  static let objects = "objects"

  /// The last number of the first host of its kind.
  enum Number {
    static let app = 10
    static let frontDoor = 20
    static let cache = 30
    static let loadBalancer = 40
    static let database = 50
    static let dns = 53
    static let edge = 60
    static let objects = 80
  }

  /// The servers of a tier, as hosts.
  func hosts(of tier: Tier) -> [(member: Member, host: Host)] {
    tier.members.map { ($0, host($0.server, in: $0.zone, first: Self.first(tier.kind))) }
  }

  /// `count` instances of a service, in its zones in turn: `server-a`, `server-b`, `server-a2`…
  func instances(of tier: Tier, count: Int) -> [Host] {
    let zones = tier.members.map(\.zone).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return (0..<count).map { index in
      let zone = zones[index % zones.count]
      let copy = index / zones.count
      let id = "server-\(zone.suffix(1))" + (copy == 0 ? "" : "\(copy + 1)")
      return host(id, in: zone, first: Number.app)
    }
  }

  var edges: [Host] {
    topology.edges.enumerated().map { index, edge in
      outside(edge.id, address: context.address(zone: 101 + index, host: Number.edge))
    }
  }

  var frontDoorHost: Host { outside(Self.frontDoor, number: Number.frontDoor) }
  var dnsHost: Host { outside(Self.dns, number: Number.dns) }
  var objectsHost: Host { outside(Self.objects, number: Number.objects) }

  private func outside(_ id: String, number: Int) -> Host {
    outside(id, address: context.address(zone: 0, host: number))
  }

  private func outside(_ id: String, address: String) -> Host {
    context.host(id, zone: Host.outside, address: address)
  }

  /// The number behind a server's name tells it from others of its zone: `database-a2` is the second.
  private func host(_ id: String, in zone: String, first: Int) -> Host {
    let copy = Int(String(id.reversed().prefix(while: \.isNumber).reversed())) ?? 1
    return context.host(
      id, zone: zone, address: context.address(zone: Self.number(of: zone), host: first + copy - 1))
  }

  /// 1 for zone a.
  private static func number(of zone: String) -> Int {
    guard let letter = zone.utf8.last, letter >= UInt8(ascii: "a") else { return 0 }
    return Int(letter - UInt8(ascii: "a")) + 1
  }

  private static func first(_ kind: Tier.Kind) -> Int {
    switch kind {
    case .cache: Number.cache
    case .loadBalancer: Number.loadBalancer
    case .database: Number.database
    default: Number.app
    }
  }
}
