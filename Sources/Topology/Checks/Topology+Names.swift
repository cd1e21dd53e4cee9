// Names in a topology are unique and lead somewhere.

extension Topology {
  func checkNames() throws(TopologyError) {
    try checkUnique("region", regions.map(\.code))
    try checkUnique("zone", zones.map(\.id))
    try checkUnique("edge location", edges.map(\.id))
    try checkUnique("server", servers.map(\.id))
    try checkUnique("tier", tiers.map(\.id))
    try checkUnique("link", links.map { "\($0.from) → \($0.to)" })
  }

  func checkReferences() throws(TopologyError) {
    for zone in zones {
      try check("zone \(zone.id)", names: zone.region, among: regions.map(\.code), kind: "region")
    }
    for server in servers {
      try check("server \(server.id)", names: server.zone, among: zones.map(\.id), kind: "zone")
    }
    let servers = Dictionary(uniqueKeysWithValues: servers.map { ($0.id, $0) })
    let zones = Dictionary(uniqueKeysWithValues: zones.map { ($0.id, $0) })
    for tier in tiers {
      try checkReferences(of: tier)
      for member in tier.members { try checkPlace(of: member, in: tier, servers: servers, zones: zones) }
    }
    try checkLinks()
  }

  private func checkReferences(of tier: Tier) throws(TopologyError) {
    for code in tier.regions {
      try check("tier \(tier.id)", names: code, among: regions.map(\.code), kind: "region")
    }
    for edge in tier.edges {
      try check("tier \(tier.id)", names: edge, among: edges.map(\.id), kind: "edge location")
    }
  }

  private func checkPlace(
    of member: Member, in tier: Tier, servers: [String: Server], zones: [String: Zone]
  ) throws(TopologyError) {
    let element = "tier \(tier.id)"
    guard let server = servers[member.server] else {
      throw TopologyError(
        element: element, problem: "names the server '\(member.server)', which does not exist")
    }
    guard member.zone == server.zone, zones[member.zone]?.region == member.region else {
      let problem =
        "is in zone '\(member.zone)' of '\(member.region)', its server '\(server.id)' in '\(server.zone)'"
      throw TopologyError(element: element, problem: problem)
    }
  }

  private func checkLinks() throws(TopologyError) {
    let tiers = Set(tiers.map(\.id))
    for link in links {
      let element = "link \(link.from) → \(link.to)"
      for end in [link.from, link.to] where !tiers.contains(end) {
        throw TopologyError(element: element, problem: "names the tier '\(end)', which does not exist")
      }
      if link.from == link.to { throw TopologyError(element: element, problem: "leads to itself") }
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
