// What of a stage has to be sized: its machines in groups, each with its part of the work.

import Topology

/// The machines of an app at a stage, before anybody knows how many people come.
struct StageShape: Sendable {
  /// Machines that are the same: their tiers, and what sizes them.
  struct Group<Method: Sizing & Sendable>: Sendable {
    let title: String
    /// Ids of tiers of the topology, in every region.
    let tiers: [String]
    let sizing: Method
  }

  let stage: Stage
  let app: AppOutline
  let regions: [Region]
  /// With the stage's own numbers of followers and ranges.
  let base: Topology
  /// The first answers people.
  let servers: [Group<ServerSizing>]
  let cache: Group<CacheSizing>?
  /// In how many zones of a region the app's machines stand.
  let zones: Int

  /// - Throws: `TopologyError` when the stage can't be in these regions.
  init(
    _ app: AppOutline, at stage: Stage, in regions: [Region], _ catalog: Catalog, _ profile: RequestProfile
  )
    throws(TopologyError)
  {
    self.stage = stage
    self.app = app
    self.regions = regions
    base = try Topology.of(app, at: stage, in: regions)
    let zones = max(1, base.zonesPerRegion)
    self.zones = zones
    servers = Self.servers(of: base, zones, catalog, profile)
    let caches = base.tiers.filter { $0.kind == .cache }
    cache = caches.first.map { first in
      Group(
        title: first.title, tiers: caches.map(\.id),
        sizing: CacheSizing(
          zones: first.zoneCount(in: regions[0]), share: 1 / Double(regions.count),
          holdsSessions: first.holds.contains { $0.data == .sessions }, allowsBurstable: stage.allowsBurstable
        ))
    }
  }

  private static func servers(
    of topology: Topology, _ zones: Int, _ catalog: Catalog, _ profile: RequestProfile
  ) -> [Group<ServerSizing>] {
    let tiers = topology.tiers.filter { $0.kind == .service }
    let titles = topology.hasLayers ? tiers.map(\.title).unique : []
    let share = 1 / Double(topology.regions.count)
    let work = Work(topology: topology, layers: titles.count, catalog: catalog, profile: profile)
    func sizing(_ layer: Int) -> ServerSizing {
      ServerSizing(
        zones: zones, share: share, scales: tiers.contains { $0.scaling != nil },
        allowsBurstable: topology.stage.allowsBurstable, msPerRequest: work.ms(ofLayer: layer),
        sendsFiles: !topology.has(.objectStore), diskGiB: work.disk)
    }
    if titles.isEmpty {
      return tiers.isEmpty
        ? [] : [Group(title: "App servers", tiers: topology.tiersOnServers, sizing: sizing(0))]
    }
    return titles.enumerated().map { layer, title in
      Group(title: title, tiers: tiers.filter { $0.title == title }.map(\.id), sizing: sizing(layer))
    }
  }

  /// The clusters, for servers with `clientCPUs` vCPUs in each region that connect to them.
  func database(clientCPUs: Double) -> Group<DatabaseSizing>? {
    guard let first = base.clusters.first else { return nil }
    let isSharded = base.soleCluster == nil
    return Group(
      title: isSharded ? "Database clusters" : first.title, tiers: base.clusters.map(\.id),
      sizing: DatabaseSizing(
        zones: zones, regions: regions.count, clusters: isSharded ? app.databases.count : 1,
        leastFollowers: first.members.count { $0.role == .follower }, isSharded: isSharded,
        withCache: cache != nil, allowsBurstable: stage.allowsBurstable, clientCPUs: clientCPUs))
  }
}

/// How the work of a request is shared out among the layers of services.
private struct Work {
  let topology: Topology
  /// 0 or 1 where all services are in one.
  let layers: Int
  let catalog: Catalog
  let profile: RequestProfile

  /// ms of CPU of a layer for the average request; layer 0 answers people.
  func ms(ofLayer layer: Int) -> Double {
    let base = catalog.value(.appMsPerRequest)
    let passwords = profile.passwords * catalog.value(.appMsPerPassword)
    guard layers > 1 else { return base + passwords + (topology.has(.sqlite) ? sql : 0) }
    let calls = catalog.value(.appCallsPerRequest) * catalog.value(.appMsPerCall)
    let front = catalog.value(.appFrontShare)
    if layer == 0 { return base * front + calls }
    return (base * (1 - front) + passwords + calls) / Double(layers - 1)
  }

  /// ms that the embedded database takes on the same CPU.
  private var sql: Double {
    (profile.reads + profile.popularReads) * 1000 / catalog.value(.databaseReadsPerVCPU)
      + profile.writes * 1000 / catalog.value(.databaseWritesPerVCPU)
  }

  /// The data disk of a server: for databases and files, as long as they lie there.
  var disk: @Sendable (Demand) -> Double {
    let reserve = catalog.value(.databaseStorageReserve)
    let least = catalog.value(.limitEbsLeastDataGiB)
    guard topology.has(.folder) else { return { _ in 0 } }
    if topology.has(.sqlite) { return { max(($0.databaseGiB + $0.objectGiB) * reserve, least) } }
    return { max($0.objectGiB * reserve, least) }
  }
}

extension Topology {
  /// Every tier on the servers of the app: they are given the same.
  fileprivate var tiersOnServers: [String] {
    let servers = Set(tiers.filter { $0.kind == .service }.flatMap { $0.members.map(\.server) })
    return tiers.filter { $0.members.contains { servers.contains($0.server) } }.map(\.id)
  }
}

extension Stage {
  /// Up to stage 5 machines are idle for most of the day.
  fileprivate var allowsBurstable: Bool { self < .microservices }
}

extension [String] {
  /// Without repetitions, in order.
  fileprivate var unique: [String] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
