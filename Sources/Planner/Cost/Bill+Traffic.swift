// What traffic costs: to people, between zones and regions, through load balancers and gateways.

import Topology

extension Bill {
  mutating func addTraffic(of sized: Sized, in region: Region) {
    let demand = sized.audience.scaled(by: 1 / Double(sized.shape.regions.count))
    addAddresses(of: sized, in: region)
    if sized.shape.base.has(.edges) {
      addBalancers(of: sized, demand, in: region)
      addGateways(of: sized, demand, in: region)
    } else {
      addInternet(demand, in: region)
    }
    if sized.shape.zones > 1 { addCrossZone(of: sized, demand, in: region) }
    if sized.shape.regions.count > 1 { addCrossRegion(demand, in: region) }
  }

  /// Every public address costs: of servers up to stage 4, then of load balancers and NAT gateways.
  private mutating func addAddresses(of sized: Sized, in region: Region) {
    let zones = sized.shape.zones
    let count = sized.shape.base.has(.edges) ? 2 * zones : zones
    add(
      .network, "\(count) public IPv4 address\(count == 1 ? "" : "es")",
      Double(count) * catalog.value(.sizingHoursPerMonth), "hours", at: .priceIpv4PerHour, in: region.code)
  }

  /// From servers to people, where no CDN is in between.
  private mutating func addInternet(_ demand: Demand, in region: Region) {
    let gigabytes = (demand.answerBytesPerMonth + demand.fileBytesPerMonth) / 1e9
    let columns: [(String, Double)] = [
      ("internetFirst10TBPerGB", 10_000), ("internetNext40TBPerGB", 40_000),
      ("internetNext100TBPerGB", 100_000),
      ("internetOver150TBPerGB", .infinity),
    ]
    var constants: [String: Constant] = [:]
    let steps = columns.compactMap { column, units -> (Double, Double)? in
      guard let price = catalog.regional(column, of: region.code) else { return nil }
      constants["regions/aws/\(region.code)/\(column)"] = price
      return (units, price.value)
    }
    let free = catalog.value(.priceTransferFreeGBPerMonth)
    add(
      .network, "to the internet", gigabytes, "GB", amount: PriceSteps(steps: steps).amount(gigabytes - free),
      in: region.code, from: Self.traffic + [.contentBytesPerRequest, .priceTransferFreeGBPerMonth],
      and: constants,
      hasRegionalPrice: false)
  }

  private mutating func addBalancers(of sized: Sized, _ demand: Demand, in region: Region) {
    let hours = catalog.value(.sizingHoursPerMonth)
    let layers = sized.shape.servers.count
    add(
      .balancing, "\(layers) load balancer\(layers == 1 ? "" : "s")", Double(layers) * hours, "hours",
      at: .priceAlbPerHour, in: region.code)
    let calls = layers > 1 ? 1 + catalog.value(.appCallsPerRequest) : 1
    add(
      .balancing, "capacity units (LCU)", capacityUnits(demand, calls) * hours, "LCU-hours",
      at: .priceAlbPerUnitHour, in: region.code,
      from: Self.traffic + [.contentRequestsPerConnection, .contentBytesPerRequest])
  }

  /// The largest of what ELB counts, on average over the month.
  private func capacityUnits(_ demand: Demand, _ calls: Double) -> Double {
    let connections = demand.meanRequests * calls / catalog.value(.contentRequestsPerConnection)
    let gigabytesPerHour = demand.answerBytesPerMonth * calls / 1e9 / catalog.value(.sizingHoursPerMonth)
    return max(
      connections / catalog.value(.limitAlbUnitNewConnectionsPerSecond),
      // A connection stays for about a minute.
      connections * 60 / catalog.value(.limitAlbUnitActiveConnections),
      gigabytesPerHour / catalog.value(.limitAlbUnitGBPerHour),
      demand.meanRequests * calls / catalog.value(.limitAlbUnitRulesPerSecond))
  }

  /// One NAT gateway in each zone, through which servers send their logs. S3 and DynamoDB have gateways that are free.
  private mutating func addGateways(of sized: Sized, _ demand: Demand, in region: Region) {
    let zones = sized.shape.zones
    add(
      .network, "\(zones) NAT gateways", Double(zones) * catalog.value(.sizingHoursPerMonth), "hours",
      at: .priceNatPerHour, in: region.code)
    add(
      .network, "through NAT gateways", logGB(demand), "GB", at: .priceNatPerGB, in: region.code,
      from: Self.traffic + [.contentLogBytesPerRequest])
  }

  func logGB(_ demand: Demand) -> Double {
    demand.requestsPerMonth * catalog.value(.contentLogBytesPerRequest) / 1e9
  }

  /// Statements, cache operations and calls whose ends are in different zones; both ends pay.
  private mutating func addCrossZone(of sized: Sized, _ demand: Demand, in region: Region) {
    let zones = Double(sized.shape.zones)
    let calls = sized.shape.servers.count > 1 ? catalog.value(.appCallsPerRequest) : 0
    let cached = sized.cache == nil ? 0 : demand.profile.popularReads + 1
    let perRequest =
      demand.reads(withCache: sized.cache != nil) + demand.profile.writes + cached + calls
    let bytes = demand.requestsPerMonth * perRequest * catalog.value(.contentStatementBytes)
    add(
      .network, "between zones, both ways", 2 * bytes / 1e9 * (zones - 1) / zones, "GB",
      at: .priceTransferCrossZonePerGB, in: region.code, from: Self.traffic + [.contentStatementBytes])
  }

  /// What replicas in the next region follow: what is written to databases and object stores.
  private mutating func addCrossRegion(_ demand: Demand, in region: Region) {
    guard let price = catalog.regional("otherRegionsPerGB", of: region.code) else { return }
    let gigabytes = (demand.databaseGrowthGiB + demand.objectGrowthGiB) * 0x1p30 / 1e9
    add(
      .network, "to the next region", gigabytes, "GB", amount: gigabytes * price.value, in: region.code,
      from: Self.traffic, and: ["regions/aws/\(region.code)/otherRegionsPerGB": price],
      hasRegionalPrice: false)
  }
}
