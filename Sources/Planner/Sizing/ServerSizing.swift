// Servers that run services: by CPU and waiting time, by what burstable sizes may use for long, by network and memory.

/// The servers of one or more services.
struct ServerSizing: Sizing {
  /// In how many zones of each region they stand.
  let zones: Int
  /// The share of the whole audience that a region serves.
  let share: Double
  /// Whether their number moves with the load; else there is one in each zone, and only its size can.
  let scales: Bool
  /// Whether sizes may be used that can run out of CPU credits.
  let allowsBurstable: Bool
  /// ms of CPU that the average request takes here.
  let msPerRequest: Double
  /// Whether they send the files too.
  let sendsFiles: Bool
  /// GiB of disk; 0 where the disk holds nothing that counts.
  let diskGiB: @Sendable (Demand) -> Double

  func choices(for audience: Demand) -> [Choice] {
    let most = mostPerZone(audience.catalog)
    return sizes(audience.catalog).compactMap { size in
      Solver.least(in: 1...most) {
        uses(Choice(size: size, count: $0 * zones), for: audience).fit
      }.map { Choice(size: size, count: $0 * zones) }
    }
  }

  func uses(_ choice: Choice, for audience: Demand) -> [ResourceUse] {
    let catalog = audience.catalog
    let demand = audience.scaled(by: share)
    let target = catalog.value(.appUtilisation)
    let left = Double(choice.count - (zones > 1 ? choice.count / zones : 0))
    let size = choice.size
    let seconds = msPerRequest / 1000

    let queue = ErlangQueue(
      servers: Int(size.virtualCPUs), arrivalsPerSecond: demand.peakRequests / left, serviceSeconds: seconds)
    let waiting = queue.waiting(longerThan: catalog.value(.appWaitMs) / 1000)
    var uses = [
      ResourceUse("CPU", used: queue.offeredLoad * left, of: size.virtualCPUs * left, "vCPU", target: target),
      ResourceUse(
        "waiting time", used: waiting, of: catalog.value(.appWaitingShare), "share of requests that wait",
        target: 1),
    ]
    if size.baselineShare < 1 {
      uses.append(
        ResourceUse(
          "CPU credits", used: demand.meanRequests * seconds,
          of: size.virtualCPUs * size.baselineShare * Double(choice.count), "vCPU all day", target: target))
    }
    if let gbps = size.networkGbps {
      uses.append(
        ResourceUse(
          "network", used: demand.peakGbps(withFiles: sendsFiles), of: gbps * left, "Gbit/s", target: target))
    }
    let disk = diskGiB(demand)
    if disk > 0 {
      uses.append(ResourceUse("disk", used: disk, of: catalog.value(.limitEbsVolumeGiB), "GiB", target: 1))
    }
    return uses
  }

  func cost(_ choice: Choice, for audience: Demand) -> Double {
    Double(choice.count) * choice.size.perHour.value * audience.catalog.value(.sizingHoursPerMonth)
  }

  func greatest(_ catalog: Catalog) -> [Choice] {
    sizes(catalog).map { Choice(size: $0, count: mostPerZone(catalog) * zones) }
  }

  private func sizes(_ catalog: Catalog) -> [MachineSize] {
    catalog.computeSizes.allowed(burstable: allowsBurstable).filter {
      $0.memoryGiB >= catalog.value(.appLeastMemoryGiB)
    }
  }

  private func mostPerZone(_ catalog: Catalog) -> Int {
    scales ? Int(catalog.value(.limitAlbTargets)) / zones : 1
  }
}
