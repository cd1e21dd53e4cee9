// The value that the lab runs, the console draws and the planner sizes.

/// What runs where at one stage. Always valid: every name used in it exists, and none is used twice.
///
/// As JSON: `{"stage": 2, "regions": [{code, name}], "zones": [{id, region}], "servers": [{id, title, zone}],
/// "nodes": [{id, kind, title, subtitle, zone?, server?}], "links": [{from, to, label}]}`.
public struct Topology: Codable, Equatable, Sendable {
  public let stage: Stage
  public let regions: [Region]
  public let zones: [Zone]
  public let servers: [Server]
  public let tiers: [Tier]
  public let links: [Link]

  /// Throws when a name is used twice or leads nowhere; the error names the element.
  public init(
    stage: Stage, regions: [Region], zones: [Zone], servers: [Server] = [], tiers: [Tier], links: [Link]
  ) throws(TopologyError) {
    self.stage = stage
    self.regions = regions
    self.zones = zones
    self.servers = servers
    self.tiers = tiers
    self.links = links
    try checkNames()
    try checkReferences()
  }

  enum CodingKeys: String, CodingKey {
    case stage, regions, zones, servers, links
    case tiers = "nodes"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      stage: values.decode(Stage.self, forKey: .stage),
      regions: values.decode([Region].self, forKey: .regions),
      zones: values.decode([Zone].self, forKey: .zones),
      servers: values.decode([Server].self, forKey: .servers),
      tiers: values.decode([Tier].self, forKey: .tiers),
      links: values.decode([Link].self, forKey: .links))
  }
}

/// Why a topology can't be: the element at fault and what is wrong with it.
public struct TopologyError: Error, Equatable, CustomStringConvertible {
  public let element: String
  public let problem: String

  public init(element: String, problem: String) {
    self.element = element
    self.problem = problem
  }

  public var description: String { "\(element): \(problem)" }
}

extension Topology {
  private func checkNames() throws(TopologyError) {
    try checkUnique("region", regions.map(\.code))
    try checkUnique("zone", zones.map(\.id))
    try checkUnique("server", servers.map(\.id))
    try checkUnique("tier", tiers.map(\.id))
    try checkUnique("link", links.map { "\($0.from) → \($0.to)" })
  }

  private func checkReferences() throws(TopologyError) {
    for zone in zones {
      try check("zone \(zone.id)", names: zone.region, among: regions.map(\.code), kind: "region")
    }
    for server in servers {
      try check("server \(server.id)", names: server.zone, among: zones.map(\.id), kind: "zone")
    }
    for tier in tiers { try checkPlace(of: tier) }
    for link in links {
      let element = "link \(link.from) → \(link.to)"
      try check(element, names: link.from, among: tiers.map(\.id), kind: "tier")
      try check(element, names: link.to, among: tiers.map(\.id), kind: "tier")
      if link.from == link.to { throw TopologyError(element: element, problem: "leads to itself") }
    }
  }

  private func checkPlace(of tier: Tier) throws(TopologyError) {
    let element = "tier \(tier.id)"
    if let zone = tier.zone { try check(element, names: zone, among: zones.map(\.id), kind: "zone") }
    guard let id = tier.server else { return }
    guard let server = servers.first(where: { $0.id == id }) else {
      throw TopologyError(element: element, problem: "names the server '\(id)', which does not exist")
    }
    if tier.zone != server.zone {
      let problem = "is in zone '\(tier.zone ?? "none")', its server '\(id)' in '\(server.zone)'"
      throw TopologyError(element: element, problem: problem)
    }
  }

  private func checkUnique(_ kind: String, _ names: [String]) throws(TopologyError) {
    var seen: Set<String> = []
    for name in names {
      if name.isEmpty { throw TopologyError(element: kind, problem: "has an empty name") }
      if !seen.insert(name).inserted {
        throw TopologyError(element: "\(kind) \(name)", problem: "is there twice")
      }
    }
  }

  private func check(
    _ element: String, names name: String, among known: [String], kind: String
  ) throws(TopologyError) {
    if !known.contains(name) {
      throw TopologyError(element: element, problem: "names the \(kind) '\(name)', which does not exist")
    }
  }
}
