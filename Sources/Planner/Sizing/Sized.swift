// A stage with its machines chosen for an audience.

import Topology

/// What was chosen for each group of a shape, for one audience.
struct Sized: Sendable {
  let shape: StageShape
  let audience: Demand
  /// In the order of the shape's servers.
  let servers: [Choice]
  let cache: Choice?
  let database: Choice?
  let databaseGroup: StageShape.Group<DatabaseSizing>?

  /// Sizes everything; what nothing is large enough for gets what comes nearest.
  init(_ shape: StageShape, for audience: Demand) {
    self.shape = shape
    self.audience = audience
    servers = shape.servers.compactMap { $0.sizing.choice(for: audience) }
    cache = shape.cache.flatMap { $0.sizing.choice(for: audience) }
    let group = shape.database(clientCPUs: Self.clientCPUs(shape, servers))
    databaseGroup = group
    database = group.flatMap { $0.sizing.choice(for: audience) }
  }

  /// vCPUs of a region's servers that connect to databases: where there are layers, those behind the front.
  private static func clientCPUs(_ shape: StageShape, _ servers: [Choice]) -> Double {
    let clients = servers.count > 1 ? servers.dropFirst() : servers[...]
    return clients.reduce(0) { $0 + Double($1.count) * $1.size.virtualCPUs }
  }

  /// What does not fit, one resource of each group.
  var shortfalls: [(group: String, use: ResourceUse)] {
    groups.compactMap { group in
      group.uses(audience).decisive.flatMap { $0.fits ? nil : (group.title, $0) }
    }
  }

  /// A group with its choice, whatever it is sized by.
  struct Chosen {
    let title: String
    let tiers: [String]
    /// What was chosen, in words.
    let words: String
    let uses: (Demand) -> [ResourceUse]
    /// Whether any size of the tier fits an audience.
    let canFit: (Demand) -> Bool
    /// What the nearest size uses for an audience.
    let nearestUses: (Demand) -> [ResourceUse]
  }

  var groups: [Chosen] {
    zip(shape.servers, servers).map { Self.chosen($0, $1) }
      + [shape.cache.flatMap { group in cache.map { Self.chosen(group, $0) } }].compactMap { $0 }
      + [databaseGroup.flatMap { group in database.map { Self.chosen(group, $0) } }].compactMap { $0 }
  }

  private static func chosen(_ group: StageShape.Group<some Sizing>, _ choice: Choice) -> Chosen {
    let sizing = group.sizing
    return Chosen(
      title: group.title, tiers: group.tiers, words: sizing.words(choice),
      uses: { sizing.uses(choice, for: $0) },
      canFit: { sizing.fits($0) },
      nearestUses: { audience in sizing.choice(for: audience).map { sizing.uses($0, for: audience) } ?? [] })
  }
}

extension Sized {
  /// The topology with everything that was chosen filled in.
  /// - Throws: `TopologyError` when the topology can't be what was chosen.
  func topology() throws(TopologyError) -> Topology {
    let followers = databaseGroup.map { (database?.count ?? 1) - 1 - $0.sizing.leastFollowers } ?? 0
    let extent = Extent(extraFollowers: followers, rangesPerRegion: database?.ranges ?? 1)
    let topology = try Topology.of(
      shape.app, at: shape.stage, for: extent, in: shape.regions)
    var sizes: [String: (capacity: Capacity, scaling: Scaling?)] = [:]
    for (group, choice) in zip(shape.servers, servers) {
      let disk = group.sizing.diskGiB(audience)
      let capacity = Capacity(
        instanceType: choice.size.name, storageGiB: disk > 0 ? Figures.whole(disk) : nil)
      for id in group.tiers { sizes[id] = (capacity, scaling(choice, group.sizing)) }
    }
    if let group = shape.cache, let cache {
      for id in group.tiers { sizes[id] = (Capacity(instanceType: cache.size.name), nil) }
    }
    if let group = databaseGroup, let database {
      let demand = group.sizing.demand(of: audience, ranges: database.ranges)
      let capacity = Capacity(
        instanceType: database.size.name, storageGiB: group.sizing.storageGiB(demand))
      for tier in topology.tiers where tier.kind == .database { sizes[tier.id] = (capacity, nil) }
    }
    return try topology.sized(sizes)
  }

  private func scaling(_ choice: Choice, _ sizing: ServerSizing) -> Scaling? {
    guard sizing.scales else { return nil }
    let targets = Int(audience.catalog.value(.limitAlbTargets))
    return Scaling(
      minimum: sizing.zones, desired: choice.count,
      maximum: max(choice.count, min(choice.count * 2, targets)),
      targetPercent: Int((audience.catalog.value(.appUtilisation) * 100).rounded()))
  }
}
