// Stage 7, ten million users: one leader can't take the writes, and one region is far from most users. Each database
// gets clusters of its own (federation), and each cluster the leader of a range of shards (sharding). Every region has
// all layers; DNS leads to the nearest that is healthy. Accounts that a law binds have their shards, sessions and
// files within its jurisdiction, replicas included.

import Placement

extension Topology {
  static func stage7(
    of app: AppOutline, for extent: Extent, in regions: [Region]
  ) throws(TopologyError) -> Topology {
    guard regions.count >= 2 else {
      throw TopologyError(
        element: "stage 7", problem: "is in several regions, \(regions.count) was given; add one")
    }
    var draft = Draft(.sharded)
    draft.addUsers(of: app)
    draft.addEdges(near: regions)

    var sites: [Site] = []
    for (index, region) in regions.enumerated() {
      let site = try Site(region, zones: 3, isHome: index == 0, for: .sharded)
      draft.use(site)
      draft.addLayers(of: app, in: site)
      draft.addCache("popular reads", in: site)
      sites.append(site)
    }
    for home in try DataHome.all(in: sites, for: extent) { draft.add(home, of: app, for: extent) }
    draft.linkReads(of: app, in: sites)
    return try draft.finish()
  }
}

/// Regions that may share data, and the shards that live there.
struct DataHome {
  /// nil where no law binds the data.
  let jurisdiction: String?
  let sites: [Site]
  /// Of each site in turn, `rangesPerRegion` ranges.
  let ranges: [(site: Site, shards: ShardRange)]

  var shards: ShardRange {
    ShardRange(first: ranges[0].shards.first, last: ranges[ranges.count - 1].shards.last)
  }

  /// The homes of the 4,096 shards: the regions that no law binds first, then one home for each jurisdiction.
  /// Throws when a jurisdiction has no region among the sites, or there are more ranges than shards.
  static func all(in sites: [Site], for extent: Extent) throws(TopologyError) -> [DataHome] {
    var free = sites
    var groups: [(String?, [Site])] = []
    for jurisdiction in extent.residency {
      let bound = free.filter { $0.region.jurisdictions.contains(jurisdiction) }
      if bound.isEmpty {
        throw TopologyError(
          element: "residency \(jurisdiction)",
          problem: "has no region of its own among those chosen: add one")
      }
      free.removeAll { $0.region.jurisdictions.contains(jurisdiction) }
      groups.append((jurisdiction, bound))
    }
    if !free.isEmpty { groups.insert((nil, free), at: 0) }

    let total = sites.count * extent.rangesPerRegion
    guard total <= Shard.count else {
      throw TopologyError(
        element: "extent", problem: "asks for \(total) shard ranges; there are \(Shard.count) shards")
    }
    var ranges = ShardRange.all.split(into: total)[...]
    return groups.map { jurisdiction, sites in
      let own = sites.flatMap { site in Array(repeating: site, count: extent.rangesPerRegion) }
      defer { ranges = ranges.dropFirst(own.count) }
      return DataHome(
        jurisdiction: jurisdiction, sites: sites, ranges: Array(zip(own, ranges)).map { ($0, $1) })
    }
  }
}

extension Draft {
  /// The data of one home: its clusters, its table of sessions and its object store.
  fileprivate mutating func add(_ home: DataHome, of app: AppOutline, for extent: Extent) {
    if let jurisdiction = home.jurisdiction {
      residency.append(Residency(jurisdiction: jurisdiction, shards: home.shards))
    }
    for database in app.databases {
      for (index, range) in home.ranges.enumerated() {
        addCluster(of: database, of: app, range: range, index: index, in: home, for: extent)
      }
    }
    let suffix = home.jurisdiction.map { "-\($0.lowercased())" } ?? ""
    let regions = home.sites.map(\.region.code)
    let title = home.jurisdiction.map { " (\($0))" } ?? ""
    add(
      Tier(
        id: "sessions\(suffix)", kind: .sessions, title: "Sessions\(title)", subtitle: "table",
        regions: regions, holds: [Holding(.sessions, shards: home.shards)]))
    add(
      Tier(
        id: "objects\(suffix)", kind: .objects, title: "Objects\(title)", subtitle: "object store",
        regions: regions, holds: [Holding(.objects, shards: home.shards)]))
    link("cdn", "objects\(suffix)", .files)
    guard let front = app.services.first else { return }
    for site in home.sites {
      link(site.id("service-\(front.name)"), "sessions\(suffix)", .sessions)
      link(site.id("service-\(front.name)"), "objects\(suffix)", .files)
    }
  }

  /// A cluster of one database and range: its leader and followers in its region, and a replica in the home's next
  /// region, where there is one. Leaders take turns among the zones, so that a zone's end moves a third of them.
  private mutating func addCluster(
    of database: String, of app: AppOutline, range: (site: Site, shards: ShardRange), index: Int,
    in home: DataHome,
    for extent: Extent
  ) {
    let name = "database-\(database)-\(range.shards)"
    let title = "\(database) \(range.shards)"
    let site = range.site
    let zones = site.zones
    let leader = server(name, title, in: zones[index % zones.count], of: site)
    var members = [Member(.leader, on: leader, in: site.region)]
    for follower in 0..<(2 + extent.extraFollowers) {
      let zone = zones[(index + 1 + follower % 2) % zones.count]
      let copy = server(name, title, in: zone, of: site, copy: follower / 2)
      members.append(Member(.follower, on: copy, in: site.region))
    }
    if let other = home.site(after: site) {
      let replica = Server(
        id: "\(name)-replica.\(other.region.code)", title: title,
        zone: other.zones[index % other.zones.count].id)
      servers.append(replica)
      members.append(Member(.replica, on: replica, in: other.region))
    }
    add(
      Tier(
        id: name, kind: .database, title: title, subtitle: "PostgreSQL", members: members,
        holds: app.holdings(of: database, shards: range.shards, withSessions: false),
        replication: .synchronous))
  }

  /// Every service reads its region's cache, and reaches its databases' clusters that have a member in its region.
  fileprivate mutating func linkReads(of app: AppOutline, in sites: [Site]) {
    for site in sites {
      for service in app.services {
        let id = site.id("service-\(service.name)")
        link(id, site.id("cache"), .reads)
        let clusters = tiers.filter { tier in
          tier.kind == .database && tier.regions.contains(site.region.code)
            && tier.databases.contains(where: service.databases.contains)
        }
        for cluster in clusters { link(id, cluster.id, .sql) }
      }
    }
  }
}

extension DataHome {
  /// The region that keeps the replicas of `site`: the next of the home's; nil where it is alone.
  fileprivate func site(after site: Site) -> Site? {
    guard sites.count > 1, let index = sites.firstIndex(where: { $0.region.code == site.region.code }) else {
      return nil
    }
    return sites[(index + 1) % sites.count]
  }
}
