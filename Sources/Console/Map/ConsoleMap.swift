// What the map shows: the parts of a topology, each where it stands, with what is known of it at this moment.

import Lab
import Topology

/// The topology that runs, with the one that is climbed to laid over it, and how each part is.
struct ConsoleMap {
  struct Node: Equatable {
    let id: String
    /// The id of its tier.
    let tier: String
    let kind: Tier.Kind
    let engine: Tier.Engine
    let title: String
    let subtitle: String
    /// The id of its server or edge location.
    var host: String?
    var zone: String?
    /// Of a node in a zone, or of one that the region as a whole has.
    var region: String?
    var address: String?
    /// What it does now: `leader` moves.
    var role: String?
    var lagBytes: Int?
    /// Nil for what no process of ours does.
    var health: LabSnapshot.Health?
    var requestsPerSecond: Double?
    var change: Change?
  }

  /// What a climb that is under way does to a node.
  enum Change: String {
    case comes, goes
  }

  struct Road: Equatable {
    let link: Link
    var requestsPerSecond: Double?
  }

  let lab: LabSnapshot
  /// What is drawn: the union of before and after while a climb is under way.
  let regions: [Region]
  let zones: [Zone]
  let tiers: [Tier]
  let nodes: [Node]
  let roads: [Road]

  /// - Parameters:
  ///   - before, after: the same but in a climb.
  ///   - rates: requests per second by the name of the process that answers them.
  init(_ lab: LabSnapshot, from before: Topology, to after: Topology, rates: [String: Double]) {
    self.lab = lab
    regions = after.regions + before.regions.filter { after.region($0.code) == nil }
    zones = after.zones + before.zones.filter { !after.zones.contains($0) }
    tiers = after.tiers + before.tiers.filter { after.tier($0.id) == nil }
    let processes = ProcessIndex(lab.processes, rates)
    let nodes = tiers.flatMap { tier in
      Self.nodes(of: tier, before.tier(tier.id), after.tier(tier.id), before, after)
    }
    self.nodes = (nodes + Self.further(than: nodes, processes)).map { processes.describe($0) }
    let links = after.links + before.links.filter { !after.links.contains($0) }
    roads = links.map { [nodes = self.nodes] in Road(link: $0, requestsPerSecond: Self.rate(of: $0, nodes)) }
  }

  /// Of a lab, and of both stages while one is climbed to.
  init(_ lab: LabSnapshot, climb: ConsoleClimb?, outline: AppOutline, rates: [String: Double]) {
    let at = { (number: Int) in Stage(rawValue: number).flatMap { try? Topology.of(outline, at: $0) } }
    if let climb, climb.from != climb.to, let before = at(climb.from), let after = at(climb.to) {
      self.init(lab, from: before, to: after, rates: rates)
    } else {
      self.init(lab, from: lab.topology, to: lab.topology, rates: rates)
    }
  }

  /// What reaches a service is what its processes answer; of other links nothing is known.
  private static func rate(of link: Link, _ nodes: [Node]) -> Double? {
    let rates = nodes.filter { $0.tier == link.to && $0.kind == .service }.compactMap(\.requestsPerSecond)
    return rates.isEmpty ? nil : rates.reduce(0, +)
  }
}

// Which nodes there are.
extension ConsoleMap {
  private static func nodes(
    of tier: Tier, _ old: Tier?, _ new: Tier?, _ before: Topology, _ after: Topology
  ) -> [Node] {
    let change: Change? = old == nil ? .comes : new == nil ? .goes : nil
    if !tier.edges.isEmpty { return edgeNodes(tier, change, after.edges + before.edges) }
    let members = (new?.members ?? []) + (old?.members ?? []).filter { new?.has(server: $0.server) != true }
    if members.isEmpty { return [node(tier, change)] }
    return members.map { member in
      let isOld = old?.has(server: member.server) ?? false
      let isNew = new?.has(server: member.server) ?? false
      return node(tier, member, !isOld ? .comes : !isNew ? .goes : nil)
    }
  }

  private static func node(_ tier: Tier, _ change: Change?) -> Node {
    Node(
      id: tier.id, tier: tier.id, kind: tier.kind, engine: tier.engine, title: tier.title,
      subtitle: tier.subtitle,
      region: tier.regions.count == 1 ? tier.regions[0] : nil, change: change)
  }

  private static func node(_ tier: Tier, _ member: Member, _ change: Change?) -> Node {
    Node(
      id: "\(tier.id)@\(member.server)", tier: tier.id, kind: tier.kind, engine: tier.engine,
      title: tier.title,
      subtitle: tier.subtitle, host: member.server, zone: member.zone, region: member.region,
      role: member.role == .witness ? member.role.rawValue : nil, change: change)
  }

  private static func edgeNodes(_ tier: Tier, _ change: Change?, _ edges: [EdgeLocation]) -> [Node] {
    tier.edges.map { id in
      let place = edges.first { $0.id == id }?.place ?? tier.subtitle
      return Node(
        id: id, tier: tier.id, kind: tier.kind, engine: tier.engine, title: "Edge", subtitle: place, host: id,
        change: change)
    }
  }

  /// Servers that no topology names: a service was scaled. `server-a2` does what `server-a` does.
  private static func further(than nodes: [Node], _ processes: ProcessIndex) -> [Node] {
    let known = Set(nodes.compactMap(\.host))
    return processes.hosts.filter { !known.contains($0) }.flatMap { host -> [Node] in
      let original = String(host.reversed().drop { $0.isNumber }.reversed())
      return nodes.filter { $0.host == original && $0.kind == .service }.map { like in
        var node = Node(
          id: "\(like.tier)@\(host)", tier: like.tier, kind: like.kind, engine: like.engine,
          title: like.title,
          subtitle: like.subtitle)
        (node.host, node.zone, node.region) = (host, like.zone, like.region)
        return node
      }
    }
  }
}

extension Tier {
  fileprivate func has(server: String) -> Bool { members.contains { $0.server == server } }
}
