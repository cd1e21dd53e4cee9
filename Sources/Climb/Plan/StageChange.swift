// What a climb leads from and to: its steps are made of the difference.

import Lab
import Placement
import Topology

/// Two topologies of one app, and how the app is reached. The journal of a climb begins with it, so that one that was cut short
/// can be understood later.
public struct StageChange: Codable, Equatable, Sendable {
  /// Where the app stands when the climb begins.
  public let from: Level
  /// Where it stands when the climb has committed.
  public let to: Level
  /// What the app is at when the climb begins.
  public let before: Topology
  /// What it is at when the climb has committed.
  public let after: Topology
  /// The app is no program of HeightsKit's: it listens on a port itself, and goes by the variables that it was started with.
  public let listensOnPort: Bool

  /// - Parameter listensOnPort: whether the app has no admin socket.
  /// - Throws: `TopologyError` for a level that the app can't have.
  public init(of app: AppOutline, from: Level, to: Level, listensOnPort: Bool) throws(TopologyError) {
    (self.from, self.to) = (from, to)
    before = try .of(app, at: from)
    after = try .of(app, at: to)
    self.listensOnPort = listensOnPort
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    before = try values.decode(Topology.self, forKey: .before)
    after = try values.decode(Topology.self, forKey: .after)
    // What the first journals did not say: a stage was all that there was to a level.
    from = try values.decodeIfPresent(Level.self, forKey: .from) ?? Level(before.stage)
    to = try values.decodeIfPresent(Level.self, forKey: .to) ?? Level(after.stage)
    listensOnPort = try values.decode(Bool.self, forKey: .listensOnPort)
  }
}

extension StageChange {
  /// The tiers that do a job after the climb.
  func tiers(_ kind: Tier.Kind) -> [Tier] { after.tiers.filter { $0.kind == kind } }

  /// What a tier runs on after the climb.
  func hosts(_ kind: Tier.Kind) -> [HostSet] { tiers(kind).map(HostSet.init) }

  /// The app's servers after the climb.
  var servers: HostSet { HostSet(union: hosts(.service)) }

  /// Those that run on their own address already: an app that takes sockets has none before it has several servers.
  var formerServers: HostSet {
    guard listensOnPort || before.hasSeveralServers else { return HostSet(ids: [], ready: []) }
    return HostSet(union: before.tiers.filter { $0.kind == .service }.map(HostSet.init))
  }

  var newServers: HostSet { servers.without(formerServers) }

  /// The one cluster that all databases are in, after the climb; nil of an app without databases.
  var cluster: Tier? { after.tiers.first { $0.engine == .postgres } }

  /// Where everything is that a topology has, by the addresses of the provider's hosts.
  static func placement(of topology: Topology, in view: ProviderView) throws -> Placement {
    let servers = topology.tiers.filter { tier in
      [.postgres, .redis].contains(tier.engine) || !topology.callers(of: tier).isEmpty
    }.flatMap(\.members)
    let addresses = try servers.reduce(into: [:]) { $0[$1.server] = try view.address(of: $1.server) }
    let databases = topology.tiers.flatMap(\.databases) + Placement.ownDatabases
    return topology.placement(of: databases, keys: view.callerKeys) { server, engine in
      ServerAddress(host: addresses[server] ?? server, port: view.ports.port(of: engine))
    }
  }
}

/// Hosts that come and go together.
struct HostSet: Equatable, Sendable {
  let ids: [String]
  /// The processes that show that they do their work.
  let ready: [String]

  init(ids: [String], ready: [String]) {
    self.ids = ids
    self.ready = ready
  }

  init(union sets: [HostSet]) {
    self.init(ids: sets.flatMap(\.ids).unique, ready: sets.flatMap(\.ready).unique)
  }

  /// What a tier runs on; nothing for what runs in the app, or nowhere of ours.
  init(_ tier: Tier) {
    let all = tier.members.map(\.server)
    let holders = tier.members.filter { $0.role != .witness }.map(\.server)
    func named(_ kind: EngineKind, _ hosts: [String]) -> [String] { hosts.map(kind.name) }
    switch tier.engine {
    case .app: self.init(ids: all, ready: all)
    case .balancer: self.init(ids: all, ready: named(.haproxy, all))
    case .edges: self.init(ids: tier.edges, ready: named(.varnish, tier.edges))
    case .redis: self.init(ids: all, ready: named(.redis, holders))
    case .postgres: self.init(ids: all, ready: named(all.count == 1 ? .postgres : .patroni, holders))
    case .objectStore: self.init(ids: [SoleHost.objects.id], ready: named(.ministack, [SoleHost.objects.id]))
    case .table: self.init(ids: [SoleHost.sessions.id], ready: named(.ministack, [SoleHost.sessions.id]))
    case .nameServer:
      self.init(ids: [SoleHost.frontDoor.id, SoleHost.dns.id], ready: [SoleHost.frontDoor.id])
    case .people, .staticAddress, .hostedPages, .function, .sqlite, .folder, .sharedFolder:
      self.init(ids: [], ready: [])
    }
  }

  func without(_ others: HostSet) -> HostSet {
    HostSet(
      ids: ids.filter { !others.ids.contains($0) }, ready: ready.filter { !others.ready.contains($0) })
  }
}

extension Array where Element: Hashable {
  /// Each once, where it is first.
  fileprivate var unique: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
