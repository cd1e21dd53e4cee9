// More followers of the database inside a stage, or fewer, in the order in which it happens.
//
// They answer reads, and neither lead nor vote: whoever has to have a write before it is acknowledged is as before. The app is told
// of a follower when that has copied what the others have, and forgets one before that ends.

import Lab
import Topology

struct Followers {
  let change: StageChange

  var steps: [ClimbStep] {
    change.to.extraFollowers > change.from.extraFollowers
      ? [startFollowers, placeFollowers, .record(change)] : [forgetFollowers, stopFollowers, .record(change)]
  }

  private var startFollowers: ClimbStep {
    .bring(
      "start-followers", "start the new followers, which copy what the others have",
      [hosts(in: change.after).without(hosts(in: change.before))], at: change.to)
  }

  private var placeFollowers: ClimbStep {
    .placeClusters("place-followers", "tell the app of the new followers of the database", change)
  }

  private var forgetFollowers: ClimbStep {
    .placeClusters("forget-followers", "tell the app of the followers that are left", change)
  }

  private var stopFollowers: ClimbStep {
    .retire(
      "stop-followers", "end the followers that are to go; their data stays",
      hosts(in: change.before).without(hosts(in: change.after)), from: change.from)
  }

  private func hosts(in topology: Topology) -> HostSet {
    HostSet(union: topology.tiers.filter { $0.engine == .postgres }.map(HostSet.init))
  }
}
