// A topology in the making: what the stages share in how they name and place things.

/// A region in use at a stage, with the zones in use there.
struct Site {
  let region: Region
  let zones: [Zone]
  /// Where the app began: ids there stay what they were before other regions came.
  let isHome: Bool

  /// Throws when the region has fewer zones than the stage needs.
  init(_ region: Region, zones count: Int, isHome: Bool = true, for stage: Stage) throws(TopologyError) {
    guard region.zones.count >= count else {
      throw TopologyError(
        element: "region \(region.code)",
        problem:
          "has \(region.zones.count) zones that an account can use; stage \(stage.number) needs \(count)")
    }
    self.region = region
    self.zones = Array(region.zones.prefix(count))
    self.isHome = isHome
  }

  /// An id that is unique among regions: `cache`, and `cache.us-east-1` away from home.
  func id(_ name: String) -> String { isHome ? name : "\(name).\(region.code)" }
}

/// Collects what a stage puts where.
struct Draft {
  let stage: Stage
  var regions: [Region] = []
  var zones: [Zone] = []
  var edges: [EdgeLocation] = []
  var residency: [Residency] = []
  var servers: [Server] = []
  var tiers: [Tier] = []
  var links: [Link] = []

  init(_ stage: Stage) { self.stage = stage }

  mutating func use(_ site: Site) {
    regions.append(site.region)
    zones += site.zones
  }

  /// A server named after what it does and its zone: `cache-a`; `copy` tells servers of one zone apart.
  mutating func server(_ name: String, _ title: String, in zone: Zone, of site: Site, copy: Int = 0) -> Server
  {
    let suffix = copy == 0 ? "" : "\(copy + 1)"
    let server = Server(id: site.id("\(name)-\(zone.letter)\(suffix)"), title: title, zone: zone.id)
    servers.append(server)
    return server
  }

  /// One server in each zone of the site.
  mutating func servers(_ name: String, _ title: String, in site: Site) -> [Server] {
    site.zones.map { server(name, title, in: $0, of: site) }
  }

  mutating func add(_ tier: Tier) { tiers.append(tier) }

  mutating func link(_ from: String, _ to: String, _ kind: Link.Kind) {
    links.append(Link(from: from, to: to, kind: kind))
  }

  /// Where people come from and how they find the app.
  mutating func addUsers(of app: AppOutline) {
    let title = stage == .launchPage ? "Visitors" : "Users"
    add(Tier(id: "users", kind: .users, title: title, subtitle: stage.users))
    add(Tier(id: "dns", kind: .dns, title: "DNS", subtitle: app.dnsName))
    link("users", "dns", .names)
  }

  /// The addresses that DNS answers with, one for each server that people reach.
  mutating func addAddress(_ title: String, _ subtitle: String, in region: Region) {
    add(Tier(id: "address", kind: .address, title: title, subtitle: subtitle, regions: [region.code]))
    link("users", "address", .requests)
  }

  /// The services on the servers that people reach themselves, with one database server for all.
  mutating func addServices(of app: AppOutline, on members: [Member]) {
    if let service = app.together {
      let id = "service-\(service.name)"
      add(Tier(id: id, kind: .service, title: service.name, subtitle: "service", members: members))
      link("address", id, .requests)
      link(id, "objects", .files)
      if !service.databases.isEmpty { link(id, "database", .sql) }
    }
  }

  /// The law that binds all of the app's accounts while they have one home.
  mutating func bindAll(to jurisdictions: [String]) {
    residency = jurisdictions.map { Residency(jurisdiction: $0, shards: .all) }
  }

  func finish() throws(TopologyError) -> Topology {
    try Topology(
      stage: stage, regions: regions, zones: zones, edges: edges, residency: residency, servers: servers,
      tiers: tiers, links: links)
  }
}

extension Draft {
  /// A PostgreSQL cluster: the leader in the zone `leaderZone`, `followers` in the other zones in turn, and a witness
  /// where two zones hold data and the region has a third: it votes, so that neither side alone can lead. (Where AWS
  /// runs the engine it brings its own.)
  mutating func addCluster(
    _ name: String, _ title: String, holds: [Holding], in site: Site, leaderZone: Int = 0, followers: Int
  ) {
    let leader = server(name, title, in: site.zones[leaderZone % site.zones.count], of: site)
    var members = [Member(.leader, on: leader, in: site.region)]
    let others = site.zones.filter { $0.id != leader.zone }
    for index in 0..<followers {
      let zone = others[index % others.count]
      let follower = server(name, title, in: zone, of: site, copy: index / others.count)
      members.append(Member(.follower, on: follower, in: site.region))
    }
    if followers > 0, let witness = witness(for: name, in: site) { members.append(witness) }
    add(
      Tier(
        id: site.id(name), kind: .database, title: title, subtitle: "PostgreSQL", members: members,
        holds: holds,
        replication: followers > 0 ? .synchronous : nil))
  }

  /// A Redis leader and a follower in each other zone.
  mutating func addCache(_ subtitle: String, holds: [Holding] = [], in site: Site) {
    let servers = servers("cache", "Cache", in: site)
    var members = servers.enumerated().map { index, server in
      Member(index == 0 ? .leader : .follower, on: server, in: site.region)
    }
    if let witness = witness(for: "cache", in: site) { members.append(witness) }
    add(
      Tier(
        id: site.id("cache"), kind: .cache, title: "Cache", subtitle: subtitle, members: members,
        holds: holds,
        replication: .asynchronous))
  }

  /// Called as the server that has data there later, which takes its vote over.
  private mutating func witness(for name: String, in site: Site) -> Member? {
    guard site.zones.count == 2, site.region.zones.count > 2 else { return nil }
    let zone = site.region.zones[2]
    if !zones.contains(zone) { zones.append(zone) }
    return Member(.witness, on: server(name, "Witness", in: zone, of: site), in: site.region)
  }

  /// A load balancer with a node in each zone.
  mutating func addLoadBalancer(_ name: String, _ title: String, _ subtitle: String, in site: Site) {
    let members = servers(name, title, in: site).map { Member(.peer, on: $0, in: site.region) }
    add(Tier(id: site.id(name), kind: .loadBalancer, title: title, subtitle: subtitle, members: members))
  }
}
