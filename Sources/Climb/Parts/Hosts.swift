// The parts of climbs that start, renew and stop what runs on hosts.

import Lab
import Topology

extension ClimbStep {
  /// Brings hosts up that were not there before, one set after the other.
  static func bring(_ name: String, _ title: String, _ sets: [HostSet], at stage: Stage) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in
        for set in sets where !set.ids.isEmpty {
          try provider.carryOut(.start(set.ids, stage: stage.number), say)
        }
      },
      verify: { provider, _ in for set in sets { try provider.expectReady(set) } },
      undo: { provider, say in
        for id in sets.flatMap(\.ids).reversed() { try provider.carryOut(.stop(id), say) }
      })
  }

  /// Starts hosts anew as the next stage has them, one after the other, so that the others answer meanwhile.
  static func renew(
    _ name: String, _ title: String, _ hosts: HostSet, from former: Stage, to stage: Stage,
    expecting ready: HostSet? = nil
  ) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in
        for id in hosts.ids { try provider.carryOut(.start([id], stage: stage.number), say) }
      },
      verify: { provider, _ in try provider.expectReady(ready ?? hosts) },
      undo: { provider, say in
        for id in hosts.ids.reversed() { try provider.carryOut(.start([id], stage: former.number), say) }
        try provider.expectReady(hosts)
      })
  }

  /// The same of hosts that belong together.
  static func turn(_ name: String, _ title: String, _ hosts: HostSet, from former: Stage, to stage: Stage)
    -> ClimbStep
  {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in try provider.carryOut(.start(hosts.ids, stage: stage.number), say) },
      verify: { provider, _ in try provider.expectReady(hosts) },
      undo: { provider, say in try provider.carryOut(.start(hosts.ids, stage: former.number), say) })
  }

  /// What the app is said to be from now on, also after a restart.
  static func record(_ change: StageChange) -> ClimbStep {
    let (former, stage) = (change.before.stage.number, change.after.stage.number)
    return ClimbStep(
      name: "record-stage", title: "record that the app is at stage \(stage)",
      run: { provider, say in try provider.carryOut(.record(stage: stage), say) },
      verify: { provider, _ in try expect("the app is at stage \(stage)", provider.view().stage == stage) },
      undo: { provider, say in try provider.carryOut(.record(stage: former), say) })
  }
}
