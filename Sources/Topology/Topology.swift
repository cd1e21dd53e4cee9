// The value that the lab runs, the console draws, the planner sizes and CloudFormation exports.

import Errors

/// What runs where at one stage. Always valid: names are unique and lead somewhere, followers stand in other zones
/// than their leaders, every shard of every set of data is held once, and bound data stays within its jurisdiction.
///
/// As JSON: `{"stage": 2, "regions": […], "zones": [{id, region}], "edges": [{id, place}], "residency": […],
/// "servers": [{id, title, zone}], "nodes": [{id, kind, title, subtitle, …}], "links": [{from, to, label}]}`.
public struct Topology: Codable, Equatable, Sendable {
  /// What everything below is at.
  public let stage: Stage
  /// The first is where the app began.
  public let regions: [Region]
  /// Those in use.
  public let zones: [Zone]
  /// Those of its CDN.
  public let edges: [EdgeLocation]
  /// Which data is bound to a jurisdiction.
  public let residency: [Residency]
  /// All that members of tiers stand on.
  public let servers: [Server]
  /// Each with a job of its own.
  public let tiers: [Tier]
  /// Who calls whom.
  public let links: [Link]

  /// Throws when an invariant is broken; the error names the element.
  public init(
    stage: Stage, regions: [Region], zones: [Zone], edges: [EdgeLocation] = [], residency: [Residency] = [],
    servers: [Server] = [], tiers: [Tier], links: [Link]
  ) throws(TopologyError) {
    self.stage = stage
    self.regions = regions
    self.zones = zones
    self.edges = edges
    self.residency = residency
    self.servers = servers
    self.tiers = tiers
    self.links = links
    try checkNames()
    try checkReferences()
    try checkMembers()
    try checkZones()
    try checkShards()
    try checkResidency()
  }

  enum CodingKeys: String, CodingKey {
    case stage, regions, zones, edges, residency, servers, links
    case tiers = "nodes"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      stage: values.decode(Stage.self, forKey: .stage),
      regions: values.decode([Region].self, forKey: .regions),
      zones: values.decode([Zone].self, forKey: .zones),
      edges: values.decode([EdgeLocation].self, forKey: .edges),
      residency: values.decode([Residency].self, forKey: .residency),
      servers: values.decode([Server].self, forKey: .servers),
      tiers: values.decode([Tier].self, forKey: .tiers),
      links: values.decode([Link].self, forKey: .links))
  }
}

extension Topology {
  /// The topology of `app` at `stage` in `regions`, the first of them where the app began.
  ///
  /// - Throws: when the app names something twice or that does not exist, when a region has too few zones, when
  ///   there are too few or too many regions for the stage, or when bound data would leave its jurisdiction.
  public static func of(
    _ app: AppOutline, at stage: Stage, for extent: Extent = Extent(), in regions: [Region] = [.local]
  ) throws(TopologyError) -> Topology {
    try extent.check()
    if stage.spansRegions { return try stage7(of: app, for: extent, in: regions) }
    guard regions.count == 1 else {
      throw TopologyError(
        element: "stage \(stage.number)",
        problem: "is in one region, \(regions.count) were given; stage 7 has several")
    }
    let region = regions[0]
    return switch stage {
    case .launchPage: try stage1(of: app, for: extent, in: region)
    case .singleServer: try stage2(of: app, for: extent, in: region)
    case .separateDatabase: try stage3(of: app, for: extent, in: region)
    case .replicated: try stage4(of: app, for: extent, in: region)
    case .stateless: try stage5(of: app, for: extent, in: region)
    case .microservices, .sharded: try stage6(of: app, for: extent, in: region)
    }
  }

  /// The same with tiers sized: by the tier's id, what each member is given, and between which bounds it scales
  /// (nil leaves the bounds of the stage).
  ///
  /// - Throws: for a tier that does not exist, and for bounds or sizes that can't be.
  public func sized(_ sizes: [String: (capacity: Capacity, scaling: Scaling?)]) throws(TopologyError)
    -> Topology
  {
    for id in sizes.keys.sorted() where tier(id) == nil {
      throw TopologyError(element: "size of tier \(id)", problem: "names a tier that does not exist")
    }
    let tiers = tiers.map { tier in
      guard let size = sizes[tier.id] else { return tier }
      var sized = tier
      sized.capacity = size.capacity
      sized.scaling = size.scaling ?? tier.scaling
      return sized
    }
    return try Topology(
      stage: stage, regions: regions, zones: zones, edges: edges, residency: residency, servers: servers,
      tiers: tiers, links: links)
  }
}

/// Why a topology can't be: the element at fault and what is wrong with it.
public struct TopologyError: CodedError, Equatable {
  /// Which part of the topology is at fault.
  public let element: String
  /// The rest of the sentence that begins with the element.
  public let problem: String

  /// - Parameter problem: the rest of a sentence that begins with the element.
  public init(element: String, problem: String) {
    self.element = element
    self.problem = problem
  }

  public var code: String { "invalid_topology" }
  public var isMisuse: Bool { true }
  public var description: String { "\(element): \(problem)" }
}
