// More followers of the database inside a stage, or fewer, in the order in which it happens.
//
// Whoever may lead is known to the app before it may: the app is told of a follower before that starts, and forgets one when
// it has ended. Nobody is acknowledged anything meanwhile that fewer servers have than before.

import Lab
import Placement
import Topology

struct Followers {
  let change: StageChange

  var steps: [ClimbStep] {
    change.to.extraFollowers > change.from.extraFollowers
      ? [placeFollowers, startFollowers, .record(change)]
      : [leadElsewhere, stopFollowers, forgetFollowers, .record(change)]
  }

  private var placeFollowers: ClimbStep {
    .placeClusters("place-followers", "tell the app of the new followers of the database", change)
  }

  /// The others are told of them too.
  private var startFollowers: ClimbStep {
    let (joining, before, level, former) = (joining, members(change.before), change.to, change.from)
    let all = HostSet(union: change.hosts(.database))
    return ClimbStep(
      name: "start-followers", title: "start the new followers, which copy what the others have",
      run: { provider, say in try provider.carryOut(.start(all.ids, at: level), say) },
      verify: { provider, _ in try provider.expectReady(all) },
      undo: { [change] provider, say in
        try Self.lead(in: change.before, insteadOf: joining, provider, say)
        for id in joining { try provider.carryOut(.stop(id), say) }
        try provider.carryOut(.start(before, at: former), say)
      })
  }

  private var leadElsewhere: ClimbStep {
    let leaving = leaving
    return ClimbStep(
      name: "lead-elsewhere", title: "let a server lead that stays",
      run: { [change] provider, say in
        try Self.lead(in: change.after, insteadOf: leaving, provider, say)
      },
      verify: { provider, _ in
        try expect("no server leads that is to go", provider.view().leader(among: leaving) == nil)
      },
      undo: { _, _ in })
  }

  /// One that has begun to lead meanwhile hands over as it ends.
  private var stopFollowers: ClimbStep {
    let (leaving, staying, all) = (leaving, members(change.after), members(change.before))
    let (level, former, ready) = (change.to, change.from, HostSet(union: change.hosts(.database)))
    return ClimbStep(
      name: "stop-followers", title: "end the followers that are to go; their data stays",
      run: { provider, say in
        for id in leaving { try provider.carryOut(.stop(id), say) }
        try provider.carryOut(.start(staying, at: level), say)
      },
      verify: { provider, _ in
        try provider.expectReady(ready)
        try expect(
          "the followers that are to go have ended",
          !provider.view().processes.contains { process in process.host.map(leaving.contains) ?? false })
      },
      undo: { provider, say in try provider.carryOut(.start(all, at: former), say) })
  }

  /// The point of no return lies after the next step.
  private var forgetFollowers: ClimbStep {
    .placeClusters("forget-followers", "tell the app of the followers that are left", change)
  }

  private var joining: [String] { members(change.after).filter { !members(change.before).contains($0) } }
  private var leaving: [String] { members(change.before).filter { !members(change.after).contains($0) } }

  private func members(_ topology: Topology) -> [String] {
    topology.tiers.filter { $0.engine == .postgres }.flatMap { HostSet($0).ids }
  }

  /// In each cluster that is led by one that is to go, the first of a topology leads.
  private static func lead(
    in topology: Topology, insteadOf leaving: [String], _ provider: any Provider, _ say: StepVoice
  ) throws {
    for tier in topology.tiers where tier.engine == .postgres {
      let members = leaving.filter { $0.hasPrefix(tier.id + "-") }
      guard let first = tier.leader?.server, try provider.view().leader(among: members) != nil else {
        continue
      }
      try provider.carryOut(.lead(first), say)
    }
  }
}
