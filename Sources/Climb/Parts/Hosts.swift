// The parts of climbs that start, renew and stop what runs on hosts.

import Lab
import Topology

extension ClimbStep {
  /// Brings hosts up that were not there before, one set after the other.
  static func bring(_ name: String, _ title: String, _ sets: [HostSet], at level: Level) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in
        for set in sets where !set.ids.isEmpty {
          try provider.carryOut(.start(set.ids, at: level), say)
        }
      },
      verify: { provider, _ in for set in sets { try provider.expectReady(set) } },
      undo: { provider, say in
        for id in sets.flatMap(\.ids).reversed() { try provider.carryOut(.stop(id), say) }
      })
  }

  /// Ends what runs on hosts that are there no more after the climb; their data stays.
  static func retire(_ name: String, _ title: String, _ hosts: HostSet, from former: Level) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in for id in hosts.ids { try provider.carryOut(.stop(id), say) } },
      verify: { provider, _ in
        try expect(
          "what is to go has ended",
          !provider.view().processes.contains { process in process.host.map(hosts.ids.contains) ?? false })
      },
      undo: { provider, say in
        if !hosts.ids.isEmpty { try provider.carryOut(.start(hosts.ids, at: former), say) }
        try provider.expectReady(hosts)
      })
  }

  /// Starts hosts anew as the level has them that the climb leads to, one after the other, so that the others answer meanwhile.
  static func renew(
    _ name: String, _ title: String, _ hosts: HostSet, from former: Level, to level: Level,
    expecting ready: HostSet? = nil
  ) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in
        for id in hosts.ids { try provider.carryOut(.start([id], at: level), say) }
      },
      verify: { provider, _ in try provider.expectReady(ready ?? hosts) },
      undo: { provider, say in
        for id in hosts.ids.reversed() { try provider.carryOut(.start([id], at: former), say) }
        try provider.expectReady(hosts)
      })
  }

  /// The same of hosts that belong together.
  static func turn(_ name: String, _ title: String, _ hosts: HostSet, from former: Level, to level: Level)
    -> ClimbStep
  {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in try provider.carryOut(.start(hosts.ids, at: level), say) },
      verify: { provider, _ in try provider.expectReady(hosts) },
      undo: { provider, say in try provider.carryOut(.start(hosts.ids, at: former), say) })
  }

  /// What the app is said to be from now on, also after a restart.
  static func record(_ change: StageChange) -> ClimbStep {
    let (former, level) = (change.from, change.to)
    return ClimbStep(
      name: "record-stage", title: "record that the app is at \(level)",
      run: { provider, say in try provider.carryOut(.record(level), say) },
      verify: { provider, _ in try expect("the app is at \(level)", provider.view().level == level) },
      undo: { provider, say in try provider.carryOut(.record(former), say) })
  }
}
