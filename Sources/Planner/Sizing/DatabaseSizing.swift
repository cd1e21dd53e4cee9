// Database clusters: leaders by writes, followers by reads, all by memory, disk, commits and connections.

import Topology

/// PostgreSQL clusters that share the load evenly: `clusters` of them in each region and shard range.
struct DatabaseSizing: Sizing {
  /// Of each region.
  let zones: Int
  let regions: Int
  /// Databases with a cluster of their own; 1 where one cluster has all.
  let clusters: Int
  /// Followers that a cluster has at least.
  let leastFollowers: Int
  /// Whether shards can be spread over several clusters.
  let isSharded: Bool
  let withCache: Bool
  /// Whether sizes may be used that can run out of CPU credits.
  let allowsBurstable: Bool
  /// vCPUs of the servers that connect to each cluster.
  let clientCPUs: Double

  private var followerRange: ClosedRange<Int> {
    // One zone has nothing to follow; and where there are ranges, one more leader carries more than one more follower.
    leastFollowers...(zones == 1 || isSharded ? leastFollowers : leastFollowers + Extent.mostExtraFollowers)
  }

  func choices(for audience: Demand) -> [Choice] {
    sizes(audience.catalog).compactMap { size in
      if isSharded {
        let most = mostRanges(of: size, audience.catalog)
        return Solver.least(in: 1...most) {
          uses(Choice(size: size, count: 1 + leastFollowers, ranges: $0), for: audience).fit
        }.map { Choice(size: size, count: 1 + leastFollowers, ranges: $0) }
      }
      return Solver.least(in: followerRange) {
        uses(Choice(size: size, count: 1 + $0), for: audience).fit
      }.map { Choice(size: size, count: 1 + $0) }
    }
  }

  private func sizes(_ catalog: Catalog) -> [MachineSize] {
    catalog.databaseSizes.allowed(burstable: allowsBurstable)
  }

  /// A small instance is replaced by a larger one before its shards are split.
  private func mostRanges(of size: MachineSize, _ catalog: Catalog) -> Int {
    size.virtualCPUs < catalog.value(.databaseLeastSplitVCPU) ? 1 : Extent.mostRangesPerRegion
  }

  /// What one cluster is asked for.
  func demand(of audience: Demand, ranges: Int) -> Demand {
    audience.scaled(by: 1 / Double(regions * ranges * clusters))
  }

  func uses(_ choice: Choice, for audience: Demand) -> [ResourceUse] {
    let catalog = audience.catalog
    let demand = demand(of: audience, ranges: choice.ranges)
    let target = catalog.value(.appUtilisation)
    let size = choice.size
    let data = demand.databaseGiB
    var uses = [
      ResourceUse(
        "leader's CPU", used: leaderCPUs(demand, demand.peakRequests, followers: followersLeft(choice)),
        of: size.virtualCPUs, "vCPU", target: target),
      ResourceUse(
        "leader's commits", used: demand.peakRequests * demand.profile.writes, of: iops(demand), "commits/s",
        target: target),
      ResourceUse(
        "memory", used: data * catalog.value(.databaseHotShare), of: size.memoryGiB, "GiB in use",
        target: target),
      ResourceUse(
        "disk", used: Double(storageGiB(demand)), of: catalog.value(.limitRdsStorageGiB), "GiB", target: 1),
      ResourceUse(
        "connections", used: clientCPUs * connectionsPerVCPU(catalog),
        of: connections(size, catalog), "connections",
        target: catalog.value(.databaseConnectionShare)),
    ]
    if isSharded {
      uses.append(
        ResourceUse(
          "data per leader", used: data, of: catalog.value(.needDataPerLeaderGiB), "GiB", target: 1))
    }
    if size.baselineShare < 1 {
      uses.append(
        ResourceUse(
          "CPU credits", used: leaderCPUs(demand, demand.meanRequests, followers: choice.count - 1),
          of: size.virtualCPUs * size.baselineShare, "vCPU all day", target: target))
    }
    return uses
  }

  /// vCPUs that the leader works with when it and `followers` share the reads.
  private func leaderCPUs(_ demand: Demand, _ requests: Double, followers: Int) -> Double {
    let catalog = demand.catalog
    let reads = requests * demand.reads(withCache: withCache) / Double(1 + followers)
    let slower = zones > 1 ? catalog.value(.databaseSyncFactor) : 1
    return reads / catalog.value(.databaseReadsPerVCPU) + requests * demand.profile.writes * slower
      / catalog.value(.databaseWritesPerVCPU)
  }

  /// Followers when the zone with most of them is lost: they stand in the zones that the leader leaves.
  private func followersLeft(_ choice: Choice) -> Int {
    let followers = choice.count - 1
    return zones < 2 ? 0 : followers - (followers + zones - 2) / (zones - 1)
  }

  /// Commits that the disk takes, each one write at least.
  private func iops(_ demand: Demand) -> Double {
    let isLarge = Double(storageGiB(demand)) >= demand.catalog.value(.limitRdsLargeFromGiB)
    return demand.catalog.value(isLarge ? .limitRdsLargeIops : .limitRdsBaseIops)
  }

  /// The disk of each member: the data with a reserve, and large enough for what the leader commits.
  func storageGiB(_ demand: Demand) -> Int {
    let catalog = demand.catalog
    let data = demand.databaseGiB * catalog.value(.databaseStorageReserve)
    let commits = demand.peakRequests * demand.profile.writes
    let isBusy = commits > catalog.value(.limitRdsBaseIops) * catalog.value(.appUtilisation)
    let least = isBusy ? catalog.value(.limitRdsLargeFromGiB) : catalog.value(.limitRdsLeastStorageGiB)
    return Figures.whole(max(data, least))
  }

  /// What a loop of the app's opens to a cluster, which has all databases or one.
  private func connectionsPerVCPU(_ catalog: Catalog) -> Double {
    catalog.value(isSharded ? .appConnectionsPerVCPUToOneDatabase : .appConnectionsPerVCPU)
  }

  /// RDS's default of max_connections.
  func connections(_ size: MachineSize, _ catalog: Catalog) -> Double {
    let byMemory = size.memoryGiB * 0x1p30 / catalog.value(.limitRdsBytesPerConnection)
    return min(byMemory.rounded(.down), catalog.value(.limitRdsConnections))
  }

  /// Instances that are paid for, for each cluster: a leader in two zones is two, with each follower and replica.
  func instances(_ choice: Choice, _ catalog: Catalog) -> Double {
    let leader = zones > 1 ? catalog.value(.priceRdsMultiAZFactor) : 1
    return leader + Double(choice.count - 1) + (regions > 1 ? 1 : 0)
  }

  func cost(_ choice: Choice, for audience: Demand) -> Double {
    let catalog = audience.catalog
    let perInstance =
      choice.size.perHour.value * catalog.value(.sizingHoursPerMonth) + Double(
        storageGiB(demand(of: audience, ranges: choice.ranges))) * catalog.value(.priceRdsStoragePerGBMonth)
    return perInstance * instances(choice, catalog) * Double(choice.ranges)
  }

  /// Such as `leader in 2 zones and 1 follower of db.t4g.small`, or `6 clusters of db.r7g.xlarge`.
  func words(_ choice: Choice) -> String {
    let count = clusters * choice.ranges * regions
    if count > 1 { return "\(count) clusters of \(choice.size.name)" }
    let followers = choice.count - 1
    let more = followers == 0 ? "" : " and \(followers) follower\(followers == 1 ? "" : "s")"
    return followers == 0 && zones == 1 ? choice.size.name : "leader\(more) of \(choice.size.name)"
  }

  func greatest(_ catalog: Catalog) -> [Choice] {
    sizes(catalog).map {
      Choice(
        size: $0, count: 1 + followerRange.upperBound, ranges: isSharded ? mostRanges(of: $0, catalog) : 1)
    }
  }
}
