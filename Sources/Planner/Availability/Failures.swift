// What fails, how often, and for how long people notice.

import Topology

/// The failures that a sized stage is expected to see.
struct Failures {
  /// One kind: how often, how long, and for which share of requests.
  struct Kind {
    let name: String
    let rate: Catalog.Key
    /// How many of them can fail.
    let count: Double
    let recovery: Catalog.Key
    let affectedShare: Double
  }

  let sized: Sized

  var kinds: [Kind] {
    topology.has(.hostedPages) ? [region] : [server] + database + cache + [zone, region]
  }

  /// One of many takes its part of the requests with it.
  private var server: Kind {
    let count = Double(max(1, sized.servers.reduce(0) { $0 + $1.count }) * regions)
    let affected = 1 / count
    return Kind(
      name: "a server fails", rate: .failuresInstance, count: count, recovery: serverRecovery,
      affectedShare: affected)
  }

  /// Until nobody is led to a server that fails; where there is no other, until somebody has made one.
  private var serverRecovery: Catalog.Key {
    if topology.has(.balancer) { return .recoveryTargetRemovalSeconds }
    return topology.hasSeveralServers ? .recoveryDnsSeconds : .recoveryByHandSeconds
  }

  /// A leader without followers comes back from its backup.
  private var database: [Kind] {
    guard topology.has(.postgres) else { return [] }
    let clusters =
      Double((sized.databaseGroup?.sizing.clusters ?? 1) * (sized.database?.ranges ?? 1) * regions)
    return [
      Kind(
        name: "a database leader fails", rate: .failuresDatabase, count: clusters,
        recovery: sized.shape.zones > 1 ? .recoveryDatabaseFailoverSeconds : .recoveryRestoreSeconds,
        affectedShare: 1 / clusters)
    ]
  }

  /// One that has the sessions takes everybody's requests with it; popular reads alone go to the database meanwhile.
  private var cache: [Kind] {
    guard topology.keeper(of: .sessions)?.engine == .redis else { return [] }
    return [
      Kind(
        name: "the cache fails over", rate: .failuresInstance, count: 1,
        recovery: .recoveryCacheFailoverSeconds, affectedShare: 1)
    ]
  }

  /// A zone takes its servers and, as often as it has one, the leader.
  private var zone: Kind {
    let zones = Double(sized.shape.zones)
    return Kind(
      name: "a zone loses its power", rate: .failuresZone, count: zones * Double(regions),
      recovery: zoneRecovery, affectedShare: 1 / zones / Double(regions))
  }

  /// Until people are led to another zone and its database leads; where there is no other, until the power is back.
  private var zoneRecovery: Catalog.Key {
    if sized.shape.zones == 1 { return .recoveryZoneSeconds }
    return topology.has(.balancer) ? .recoveryDatabaseFailoverSeconds : .recoveryDnsSeconds
  }

  private var region: Kind {
    Kind(
      name: regions > 1 ? "a region is lost; its data is led elsewhere" : "the region is lost",
      rate: .failuresRegion,
      count: Double(regions), recovery: regions > 1 ? .recoveryRestoreSeconds : .recoveryRegionSeconds,
      affectedShare: 1 / Double(regions))
  }

  private var topology: Topology { sized.shape.base }
  private var regions: Int { sized.shape.regions.count }
}

extension AvailabilityReport {
  init(_ sized: Sized) {
    let catalog = sized.audience.catalog
    let builder = PathBuilder(sized)
    let target = sized.shape.stage.availabilityTarget
    let minutesPerMonth = catalog.value(.sizingDaysPerMonth) * 24 * 60
    let allowed = 1 - target
    let paths = builder.paths.map { name, members in
      let promised = builder.availability(.series(members.map(\.composition)))
      return Path(
        name: name, promised: promised, promisedDowntimeMinutes: (1 - promised) * minutesPerMonth,
        budgetShare: (1 - promised) / allowed,
        members: members.map { member in
          let availability = builder.availability(member.composition)
          return Member(
            name: member.name, availability: availability, constants: member.constants,
            budgetShare: (1 - availability) / allowed)
        })
    }
    let events = Failures(sized: sized).kinds.map { kind in
      let perYear = catalog.value(kind.rate) * kind.count
      let minutes = perYear * catalog.value(kind.recovery) * kind.affectedShare / 60 / 12
      return Event(
        name: kind.name, perYear: perYear, seconds: catalog.value(kind.recovery),
        affectedShare: kind.affectedShare,
        minutesPerMonth: minutes, constants: [kind.rate, kind.recovery].named(catalog),
        budgetShare: minutes / (allowed * minutesPerMonth))
    }
    let downtime = events.reduce(0) { $0 + $1.minutesPerMonth }
    self.init(
      target: target, budgetMinutes: allowed * minutesPerMonth, paths: paths, events: events,
      expected: 1 - downtime / minutesPerMonth, expectedDowntimeMinutes: downtime,
      budgetShare: downtime / (allowed * minutesPerMonth))
  }
}
