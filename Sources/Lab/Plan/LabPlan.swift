// What a lab should run of a topology: its hosts, each with its address and zone, and what runs on them.

import Topology

/// A topology on this machine, as values: nothing here runs, or asks what runs.
struct LabPlan: Sendable {
  let topology: Topology
  let context: HostContext
  /// Knows all of them.
  let book: AddressBook

  static let frontDoor = SoleHost.frontDoor.id
  static let dns = SoleHost.dns.id
  static let objects = SoleHost.objects.id
  static let sessions = SoleHost.sessions.id

  /// Where the numbers of hosts of a kind begin.
  enum Number {
    static let app = 10
    static let frontDoor = 20
    static let cache = 30
    static let loadBalancer = 40
    static let database = 50
    static let dns = 53
    static let edge = 60
    static let objects = 80
    static let sessions = 81
    static let firstZone = 1
    static let firstEdgeZone = 101
  }

  /// - Parameter book: what was allotted before; hosts that it does not know are added to it, in the order of the topology.
  init(topology: Topology, context: HostContext, book: AddressBook = AddressBook()) {
    self.topology = topology
    self.context = context
    var book = book
    for zone in topology.zones {
      for server in topology.servers where server.zone == zone.id {
        book.allot(server.id, in: zone.id, from: Self.first(server, topology), zoneFirst: Number.firstZone)
      }
    }
    for tier in topology.tiers where tier.kind == .service {
      for (id, zone) in Self.instances(of: tier, count: Self.maximum(of: tier)) {
        book.allot(id, in: zone, from: Number.app, zoneFirst: Number.firstZone)
      }
    }
    for edge in topology.edges {
      book.allot(edge.id, in: edge.id, from: Number.edge, zoneFirst: Number.firstEdgeZone)
    }
    self.book = book
  }

  /// Of an app on some level, both of which were checked.
  init(_ manifest: Manifest, at level: Level, _ context: HostContext, _ book: AddressBook) {
    do {
      self.init(topology: try Topology.of(manifest.outline, at: level), context: context, book: book)
    } catch {
      // The manifest was checked for names that are there twice or lead nowhere, the level when it was set.
      preconditionFailure("a checked manifest has no topology: \(error)")
    }
  }

  /// Those of all hosts, by their ids.
  var addresses: [String: String] {
    let servers = topology.tiers.flatMap(hosts).map(\.host)
    let services = topology.tiers.filter { $0.kind == .service }
    let spare = services.flatMap { instances(of: $0, count: Self.maximum(of: $0)) }
    let all = servers + spare + edges + [frontDoorHost, dnsHost, objectsHost, sessionsHost]
    return Dictionary(all.map { ($0.id, $0.address) }) { first, _ in first }
  }

  /// The servers of a tier, as hosts.
  func hosts(of tier: Tier) -> [(member: Member, host: Host)] {
    tier.members.map { ($0, host($0.server, in: $0.zone)) }
  }

  /// `count` instances of a service, in its zones in turn: `server-a`, `server-b`, `server-a2`…
  func instances(of tier: Tier, count: Int) -> [Host] {
    Self.instances(of: tier, count: count).map { host($0.id, in: $0.zone) }
  }

  /// How many instances of a service there can be.
  static func maximum(of tier: Tier) -> Int { tier.scaling?.maximum ?? tier.members.count }

  /// Named after the first server of their zone.
  private static func instances(of tier: Tier, count: Int) -> [(id: String, zone: String)] {
    let firsts = tier.members.reduce(into: [Member]()) { firsts, member in
      if !firsts.contains(where: { $0.zone == member.zone }) { firsts.append(member) }
    }
    return (0..<count).map { index in
      let first = firsts[index % firsts.count]
      let copy = index / firsts.count
      return (copy == 0 ? first.server : numbered(first.server, copy + 1), first.zone)
    }
  }

  /// `server-a2` is the second of `server-a`, `cache-a2.us-east-1` that of `cache-a.us-east-1`.
  private static func numbered(_ server: String, _ number: Int) -> String {
    let end = server.firstIndex(of: ".") ?? server.endIndex
    return "\(server[..<end])\(number)\(server[end...])"
  }

  var edges: [Host] { topology.edges.map { host($0.id, in: $0.id, zone: Host.outside) } }

  var frontDoorHost: Host { outside(Self.frontDoor, number: Number.frontDoor) }
  var dnsHost: Host { outside(Self.dns, number: Number.dns) }
  var objectsHost: Host { outside(Self.objects, number: Number.objects) }
  var sessionsHost: Host { outside(Self.sessions, number: Number.sessions) }

  private func outside(_ id: String, number: Int) -> Host {
    context.host(id, zone: Host.outside, address: context.address(zone: 0, host: number))
  }

  /// - Parameters:
  ///   - place: under which its address was allotted.
  ///   - zone: nil: the same.
  func host(_ id: String, in place: String, zone: String? = nil) -> Host {
    guard let numbers = book.numbers(of: id, in: place) else {
      preconditionFailure("\(id) is no host of the topology that the book was made for")
    }
    return context.host(
      id, zone: zone ?? place, address: context.address(zone: numbers.zone, host: numbers.host))
  }

  private static func first(_ server: Server, _ topology: Topology) -> Int {
    let tier = topology.tiers.first { tier in
      tier.members.contains { $0.server == server.id } && tier.kind != .service && tier.kind != .objects
    }
    return switch tier?.engine {
    case .redis: Number.cache
    case .balancer: Number.loadBalancer
    case .postgres: Number.database
    default: Number.app
    }
  }
}
