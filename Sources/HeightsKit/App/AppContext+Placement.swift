// How a process follows a new placement: its clusters, and the ranges of its databases.

import Foundation

extension AppContext {
  /// Between two tries of what a placement asks for.
  private static let patienceMs = 500

  /// Clusters go by their new members, databases by their new ranges, and clusters that nothing leads to any more are closed.
  /// Returns when that is so, however long it takes; or when a later placement waits.
  func follow(_ placement: Placement) async {
    for (name, cluster) in placement.clusters {
      await knownCluster(name)?.setMembers(
        cluster.members.map(ClusterMember.init), url: url(of: cluster))
    }
    for (database, migrations) in openDatabases { await follow(placement, database, migrations) }
    retireClusters(besides: placement)
  }

  /// Closes clusters that neither the placement nor a database leads to any more. A database that has given a placement up for
  /// a later one is where it was, and may be led back there.
  private func retireClusters(besides placement: Placement) {
    let (led, used) = (placement.usedClusters, openDatabases.flatMap(\.database.clusters))
    let others = forgetClusters { cluster in
      led.contains(cluster.name) || used.contains { $0 === cluster }
    }
    for cluster in others { cluster.retire() }
  }

  /// A placement that was adopted while a database was being opened had to do without it.
  func followWhatCame(since opened: Placement, _ database: Database, _ migrations: [Migration]) async {
    guard placement.epoch != opened.epoch else { return }
    await placements.inTurn { [self] in
      let placement = placement
      await follow(placement, database, migrations)
      retireClusters(besides: placement)
    }
  }

  private func follow(_ placement: Placement, _ database: Database, _ migrations: [Migration]) async {
    var reason = ""
    while true {
      do {
        guard let ranges = try ranges(of: database.name, placement) else { return }
        return try await database.follow(ranges, migrations: migrations, loops: loops)
      } catch {
        if "\(error)" != reason {
          reason = "\(error)"
          Log.warning(
            "a database can't go by its new ranges yet",
            [("database", database.name), ("epoch", String(placement.epoch)), ("reason", reason)])
        }
      }
      if placements.isOutdated(placement) || isClosing { return }
      try? await Task.sleep(for: .milliseconds(Self.patienceMs))
    }
  }
}

extension Placement {
  /// Those that a range leads to.
  fileprivate var usedClusters: Set<String> { Set(databases.values.flatMap { $0.map(\.cluster) }) }
}
