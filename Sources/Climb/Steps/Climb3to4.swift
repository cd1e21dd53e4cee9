// From one database server and one app server to two of each in two zones, in the order in which it happens.
//
// Patroni takes the running PostgreSQL over without stopping it, and a follower in the second zone copies what it has.
// Then two app servers start behind a front door that listens on the same public sockets as the app alone did. An app that
// listens on a port itself has its first server already, and a front door: a second server joins it, and then the first is
// started anew, so that it knows of both database servers.

import Lab
import Topology

struct Climb3to4 {
  let change: StageChange

  var steps: [ClimbStep] {
    [
      placeFollower, replicate, startServers, openFrontDoor, renewServer, drainApp, .record(change),
      retireApp,
    ]
  }

  private var former: Level { change.from }
  private var level: Level { change.to }
  private var doors: HostSet { HostSet(union: change.hosts(.dns)) }

  /// Before there is a follower, so that a failover at any moment after finds the app prepared.
  private var placeFollower: ClimbStep {
    .placeClusters("place-follower", "tell the app of both servers of the database", change)
  }

  /// From now on a write is acknowledged when a second zone has it on disk.
  private var replicate: ClimbStep {
    ClimbStep(
      name: "replicate", title: "let Patroni take PostgreSQL over, and a follower copy it in a second zone",
      run: { [change, level] lab, say in
        for cluster in change.hosts(.database) {
          try lab.carryOut(.start(cluster.ids, at: level), say)
        }
      },
      verify: { [change] lab, _ in for cluster in change.hosts(.database) { try lab.expectReady(cluster) } },
      undo: { [change, former] lab, say in
        guard let cluster = change.cluster,
          let first = change.before.tier(cluster.id)?.leader?.server
        else { return }
        let joined = cluster.members.filter { $0.server != first }
        try lab.carryOut(.lead(first), say)
        // Followers go first: they must not take over when their leader ends. The witness goes last: without a majority
        // the leader would not lead any more.
        for follower in joined where follower.role != .witness {
          try lab.carryOut(.stop(follower.server), say)
        }
        try lab.carryOut(.start([first], at: former), say)
        for witness in joined where witness.role == .witness { try lab.carryOut(.stop(witness.server), say) }
      })
  }

  private var startServers: ClimbStep {
    .bring("start-servers", "start an app server in each zone", [change.newServers], at: level)
  }

  private var openFrontDoor: ClimbStep {
    let title = "open a front door that leads to both, beside the app's own"
    if change.listensOnPort { return .turn("open-front-door", title, doors, from: former, to: level) }
    return ClimbStep(
      name: "open-front-door", title: title,
      run: { [doors, level] lab, say in try lab.carryOut(.start(doors.ids, at: level), say) },
      verify: { [doors] lab, _ in try lab.expectReady(doors) },
      undo: { [doors] lab, say in
        // The app answers again before the front door goes: the undoing of the next step has seen to it.
        try expect("the app answers on the public port", lab.answersPublic(.app))
        for door in doors.ids { try lab.carryOut(.stop(door), say) }
      })
  }

  /// Others have just been started.
  private var renewServer: ClimbStep {
    .renew(
      "renew-server", "start a server anew that was there before", change.formerServers, from: former,
      to: level, expecting: change.servers)
  }

  private var drainApp: ClimbStep {
    ClimbStep(
      name: "drain-app", title: "let the app alone answer what it has accepted, and no more",
      run: { [change, doors] lab, say in
        try lab.expectReady(doors)
        if !change.listensOnPort { try lab.carryOut(.drain(.app), say) }
      },
      verify: { lab, _ in try expect("only the front door has the public port", lab.view().openDoors.isEmpty)
      },
      undo: { [change] lab, say in if !change.listensOnPort { try lab.openDoor(.app, say) } })
  }

  /// The point of no return lies after this step.
  private var retireApp: ClimbStep {
    ClimbStep(
      name: "retire-app", title: "end the process that was the app alone",
      run: { [change] lab, say in if !change.listensOnPort { try lab.carryOut(.retire(.app), say) } },
      verify: { lab, _ in try expect("the app's own process has ended", !lab.isAlive(.app)) },
      undo: { [change] lab, say in if !change.listensOnPort { try lab.ensureRunning(.app, say) } })
  }
}
