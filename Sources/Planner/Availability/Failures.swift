// What fails, how often, and for how long people notice, by stage.

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
    switch sized.shape.stage {
    case .launchPage: [region(.recoveryRegionSeconds)]
    case .singleServer:
      [server(.recoveryByHandSeconds), zone(.recoveryZoneSeconds), region(.recoveryRegionSeconds)]
    case .separateDatabase:
      [
        server(.recoveryByHandSeconds), database(.recoveryRestoreSeconds), zone(.recoveryZoneSeconds),
        region(.recoveryRegionSeconds),
      ]
    case .replicated:
      [
        server(.recoveryDnsSeconds), database(.recoveryDatabaseFailoverSeconds), zone(.recoveryDnsSeconds),
        region(.recoveryRegionSeconds),
      ]
    case .stateless:
      [
        server(.recoveryTargetRemovalSeconds), database(.recoveryDatabaseFailoverSeconds), cache,
        zone(.recoveryDatabaseFailoverSeconds), region(.recoveryRegionSeconds),
      ]
    case .microservices:
      [
        server(.recoveryTargetRemovalSeconds), database(.recoveryDatabaseFailoverSeconds),
        zone(.recoveryDatabaseFailoverSeconds), region(.recoveryRegionSeconds),
      ]
    case .sharded:
      [
        server(.recoveryTargetRemovalSeconds), database(.recoveryDatabaseFailoverSeconds),
        zone(.recoveryDatabaseFailoverSeconds), region(.recoveryRestoreSeconds),
      ]
    }
  }

  /// One of many takes its part of the requests with it.
  private func server(_ recovery: Catalog.Key) -> Kind {
    let count = Double(max(1, sized.servers.reduce(0) { $0 + $1.count }) * regions)
    let affected = 1 / count
    return Kind(
      name: "a server fails", rate: .failuresInstance, count: count, recovery: recovery,
      affectedShare: affected)
  }

  private func database(_ recovery: Catalog.Key) -> Kind {
    let clusters =
      Double((sized.databaseGroup?.sizing.clusters ?? 1) * (sized.database?.ranges ?? 1) * regions)
    return Kind(
      name: "a database leader fails", rate: .failuresDatabase, count: clusters, recovery: recovery,
      affectedShare: 1 / clusters)
  }

  private var cache: Kind {
    Kind(
      name: "the cache fails over", rate: .failuresInstance, count: 1,
      recovery: .recoveryCacheFailoverSeconds,
      affectedShare: 1)
  }

  /// A zone takes its servers and, as often as it has one, the leader.
  private func zone(_ recovery: Catalog.Key) -> Kind {
    let zones = Double(sized.shape.zones)
    return Kind(
      name: "a zone loses its power", rate: .failuresZone, count: zones * Double(regions), recovery: recovery,
      affectedShare: 1 / zones / Double(regions))
  }

  private func region(_ recovery: Catalog.Key) -> Kind {
    Kind(
      name: regions > 1 ? "a region is lost; its data is led elsewhere" : "the region is lost",
      rate: .failuresRegion,
      count: Double(regions), recovery: recovery, affectedShare: 1 / Double(regions))
  }

  private var regions: Int { sized.shape.regions.count }
}

extension AvailabilityReport {
  init(_ sized: Sized) {
    let catalog = sized.audience.catalog
    let builder = PathBuilder(sized)
    let target = catalog.constants["availability/target/stage\(sized.shape.stage.number)"]?.value ?? 1
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
