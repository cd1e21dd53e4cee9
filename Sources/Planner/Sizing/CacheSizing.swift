// Cache nodes: by operations and by what they keep.

/// A leader that answers, with a follower in each other zone that takes over.
struct CacheSizing: Sizing {
  let zones: Int
  /// The share of the whole audience that a region serves.
  let share: Double
  let holdsSessions: Bool
  /// Whether sizes may be used that can run out of CPU credits.
  let allowsBurstable: Bool

  func choices(for audience: Demand) -> [Choice] {
    greatest(audience.catalog).filter { uses($0, for: audience).fit }
  }

  func greatest(_ catalog: Catalog) -> [Choice] {
    catalog.cacheSizes.allowed(burstable: allowsBurstable).map { Choice(size: $0, count: zones) }
  }

  func uses(_ choice: Choice, for audience: Demand) -> [ResourceUse] {
    let catalog = audience.catalog
    let demand = audience.scaled(by: share)
    let target = catalog.value(.appUtilisation)
    let perRequest = demand.profile.popularReads + (holdsSessions ? 1 : 0)
    // What was written in a day is what is popular.
    let popular = demand.databaseGrowthGiB / catalog.value(.sizingDaysPerMonth)
    let sessions = holdsSessions ? demand.sessionBytes / 0x1p30 : 0
    return [
      ResourceUse(
        "operations", used: demand.peakRequests * perRequest, of: operations(choice.size, catalog),
        "operations/s",
        target: target),
      ResourceUse(
        "memory", used: popular + sessions, of: choice.size.memoryGiB * catalog.value(.cacheUsableMemory),
        "GiB",
        target: target),
    ]
  }

  /// A node executes commands on one thread; larger nodes have more of them for the network.
  private func operations(_ size: MachineSize, _ catalog: Catalog) -> Double {
    if size.name.contains(".t4g.") { return catalog.value(.cacheSmallOperations) }
    if size.virtualCPUs <= 2 { return catalog.value(.cacheLargeOperations) }
    return catalog.value(size.virtualCPUs <= 4 ? .cacheXlargeOperations : .cacheBiggestOperations)
  }

  func cost(_ choice: Choice, for audience: Demand) -> Double {
    Double(choice.count) * choice.size.perHour.value * audience.catalog.value(.sizingHoursPerMonth)
  }
}
