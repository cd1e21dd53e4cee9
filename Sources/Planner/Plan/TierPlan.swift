// One tier of a plan: what it is asked for, and what it is given.

import Topology

/// A tier, or tiers that are the same in every region.
public struct TierPlan: Codable, Equatable, Sendable {
  /// What reaches a tier from all regions together. Rates are per second at the peak but for the mean.
  public struct Offered: Codable, Equatable, Sendable {
    /// Per second, over the whole day.
    public var requestsMean = 0.0
    /// Per second: reads and writes together, where they are told apart.
    public var requestsPeak = 0.0
    /// Statements and look-ups per second that only read; 0 where reads and writes are not told apart.
    public var readsPeak = 0.0
    /// Those per second that change something; 0 where reads and writes are not told apart.
    public var writesPeak = 0.0
    /// Per second; 0 where they are not counted.
    public var bytesPeak = 0.0
    /// What it keeps after the months that are planned for.
    public var storageGiB = 0.0
    /// Per month.
    public var growthGiB = 0.0
  }

  /// For people, such as `App servers`.
  public let title: String
  /// What the tiers are in the topology.
  public let kind: Tier.Kind
  /// What runs it on AWS, such as `EC2`.
  public let service: String
  /// Ids in the topology.
  public let tiers: [String]
  /// At the planned audience.
  public let offered: Offered
  /// nil where AWS chooses.
  public let instanceType: String?
  /// Of all regions and clusters; 0 where AWS chooses.
  public let count: Int
  /// Such as `3 in each of 3 zones`.
  public let arrangement: String
  /// At the peak, after the loss of a zone.
  public let uses: [ResourceUse]

  /// The resource that is nearest to its limit, or the first that is beyond it.
  public var tightest: ResourceUse? { uses.decisive }
}

/// Lists the tiers of a sized stage.
struct TierList {
  let sized: Sized

  private var demand: Demand { sized.audience }
  private var topology: Topology { sized.shape.base }
  private var regions: Int { sized.shape.regions.count }

  var tiers: [TierPlan] {
    let managed = topology.tiers.compactMap(managed)
    let front = managed.filter { [.dns, .address, .cdn, .launchPage, .waitlist].contains($0.kind) }
    let back = managed.filter { [.sessions, .objects].contains($0.kind) }
    return front + balancers + servers + machines + back
  }

  private var servers: [TierPlan] {
    zip(sized.shape.servers, sized.servers).map { group, choice in
      var offered = Self.requests(demand)
      // Behind the front each request is one call or more, shared by all layers there.
      if sized.servers.count > 1, group.title != sized.shape.servers[0].title {
        let calls = demand.catalog.value(.appCallsPerRequest) / Double(sized.servers.count - 1)
        offered.requestsMean *= calls
        offered.requestsPeak *= calls
        offered.bytesPeak *= calls
      }
      offered.storageGiB = group.sizing.diskGiB(demand)
      let zones = sized.shape.zones
      return TierPlan(
        title: group.title, kind: .service, service: "EC2", tiers: group.tiers, offered: offered,
        instanceType: choice.size.name, count: choice.count * regions,
        arrangement: place(perZone: choice.count / zones, zones: zones),
        uses: group.sizing.uses(choice, for: demand))
    }
  }

  private func place(perZone: Int, zones: Int) -> String {
    let each = zones > 1 ? "\(perZone) in each of \(zones) zones" : "in one zone"
    return regions > 1 ? "\(each), in \(regions) regions" : each
  }

  private static func requests(_ demand: Demand) -> TierPlan.Offered {
    var offered = TierPlan.Offered()
    offered.requestsMean = demand.meanRequests
    offered.requestsPeak = demand.peakRequests
    offered.bytesPeak = demand.peakRequests * demand.catalog.value(.contentBytesPerRequest)
    return offered
  }

  private var machines: [TierPlan] {
    [cache, database].compactMap { $0 }
  }

  private var cache: TierPlan? {
    guard let group = sized.shape.cache, let choice = sized.cache else { return nil }
    let perRequest = demand.profile.popularReads + (group.sizing.holdsSessions ? 1 : 0)
    var offered = TierPlan.Offered()
    offered.requestsMean = demand.meanRequests * perRequest
    offered.requestsPeak = demand.peakRequests * perRequest
    offered.readsPeak = offered.requestsPeak
    offered.bytesPeak = offered.requestsPeak * demand.catalog.value(.contentStatementBytes)
    return TierPlan(
      title: group.title, kind: .cache, service: "ElastiCache", tiers: group.tiers, offered: offered,
      instanceType: choice.size.name, count: choice.count * regions,
      arrangement: place(perZone: 1, zones: choice.count), uses: group.sizing.uses(choice, for: demand))
  }

  private var database: TierPlan? {
    guard let group = sized.databaseGroup, let choice = sized.database else { return nil }
    var offered = TierPlan.Offered()
    let reads = demand.reads(withCache: sized.cache != nil)
    offered.requestsMean = demand.meanRequests * (reads + demand.profile.writes)
    offered.requestsPeak = demand.peakRequests * (reads + demand.profile.writes)
    offered.readsPeak = demand.peakRequests * reads
    offered.writesPeak = demand.peakRequests * demand.profile.writes
    offered.bytesPeak = offered.requestsPeak * demand.catalog.value(.contentStatementBytes)
    offered.storageGiB = demand.databaseGiB
    offered.growthGiB = demand.databaseGrowthGiB
    let clusters = group.sizing.clusters * choice.ranges * regions
    let instances = Int(group.sizing.instances(choice, demand.catalog)) * clusters
    return TierPlan(
      title: group.title, kind: .database, service: "RDS for PostgreSQL",
      tiers: group.tiers, offered: offered, instanceType: choice.size.name, count: instances,
      arrangement: arrangement(choice, group.sizing, clusters: clusters),
      uses: group.sizing.uses(choice, for: demand))
  }

  private func arrangement(_ choice: Choice, _ sizing: DatabaseSizing, clusters: Int) -> String {
    var parts = [sizing.zones > 1 ? "leader and standby" : "one instance"]
    let followers = choice.count - 1
    if followers > 0 { parts.append("\(followers) follower\(followers == 1 ? "" : "s")") }
    if regions > 1 { parts.append("1 replica") }
    return (clusters > 1 ? "\(clusters) × (" : "") + parts.joined(separator: ", ") + (clusters > 1 ? ")" : "")
  }

  private var balancers: [TierPlan] {
    let balancers = topology.tiers.filter { $0.kind == .loadBalancer }
    guard !balancers.isEmpty else { return [] }
    var offered = Self.requests(demand)
    if sized.servers.count > 1 {
      let calls = 1 + demand.catalog.value(.appCallsPerRequest)
      offered.requestsMean *= calls
      offered.requestsPeak *= calls
      offered.bytesPeak *= calls
    }
    let count = balancers.count
    return [
      TierPlan(
        title: count > 1 ? "Load balancers" : "Load balancer", kind: .loadBalancer, service: "ALB",
        tiers: balancers.map(\.id), offered: offered, instanceType: nil, count: 0,
        arrangement: count > 1 ? "\(count), in every zone" : "in every zone", uses: [])
    ]
  }

  /// What AWS runs without a size that we choose.
  private func managed(_ tier: Tier) -> TierPlan? {
    let catalog = demand.catalog
    var offered = TierPlan.Offered()
    var uses: [ResourceUse] = []
    let service: String
    switch tier.kind {
    case .dns:
      service = "Route 53"
      offered.requestsMean = demand.activeUsers * catalog.value(.contentQueriesPerUserDay) / 86_400
      offered.requestsPeak = offered.requestsMean * demand.peakToMean
    case .cdn:
      service = "CloudFront"
      let views = demand.pictureViewsPerMonth / demand.secondsPerMonth
      offered.requestsMean = demand.meanRequests + views
      offered.requestsPeak = offered.requestsMean * demand.peakToMean
      offered.bytesPeak = demand.peakGbps(withFiles: true) * 1e9 / 8
      uses = [
        ResourceUse(
          "requests", used: offered.requestsPeak, of: catalog.value(.limitCloudFrontRequestsPerSecond),
          "requests/s",
          target: 1)
      ]
    case .sessions:
      service = "DynamoDB"
      offered.requestsMean = demand.meanRequests
      offered.readsPeak = demand.peakRequests
      offered.writesPeak = demand.peakRequests * demand.profile.passwords
      offered.requestsPeak = offered.readsPeak + offered.writesPeak
      offered.storageGiB = demand.sessionBytes / 0x1p30
      uses = [
        ResourceUse(
          "units", used: offered.readsPeak / Double(regions), of: catalog.value(.limitDynamoDBUnitsPerSecond),
          "reads/s", target: 1)
      ]
    case .objects where tier.engine != .folder:
      service = tier.engine == .objectStore ? "S3" : "EFS"
      let month = demand.secondsPerMonth
      let misses = tier.engine == .objectStore ? 1 - catalog.value(.contentEdgeHitShare) : 1
      offered.requestsMean = (demand.pictureViewsPerMonth * misses + demand.picturesPerMonth) / month
      offered.requestsPeak = offered.requestsMean * demand.peakToMean
      offered.readsPeak = demand.pictureViewsPerMonth * misses / month * demand.peakToMean
      offered.writesPeak = demand.picturesPerMonth / month * demand.peakToMean
      offered.storageGiB = demand.objectGiB
      offered.growthGiB = demand.objectGrowthGiB
    case .launchPage: service = "Amplify Hosting"
    case .waitlist: service = "Lambda, DynamoDB"
    case .address:
      service = "Elastic IP"
      offered = Self.requests(demand)
    default: return nil
    }
    return TierPlan(
      title: tier.title, kind: tier.kind, service: service, tiers: [tier.id], offered: offered,
      instanceType: nil,
      count: 0, arrangement: regions > 1 && !tier.regions.isEmpty ? "in \(regions) regions" : "", uses: uses)
  }
}
