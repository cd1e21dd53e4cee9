// From one database server and one app server to two of each in two zones, in the order in which it happens.
//
// Patroni takes the running PostgreSQL over without stopping it, and a follower in the second zone copies what it has.
// Then two app servers start behind a front door that listens on the same public sockets as the app alone did. An app that
// listens on a port itself has its first server already, and a front door: a second server joins it, and then the first is
// started anew, so that it knows of both database servers.

import Lab
import Placement

enum Climb3to4 {
  static let steps = [
    placeFollower, replicate, startServers, openFrontDoor, renewServer, drainApp, recordStage, retireApp,
  ]

  private static let first = "database-a"
  private static let (follower, witness) = ("database-b", "database-witness-c")
  private static let servers = ["server-a", "server-b"]
  private static let doors = ["front-door", "dns"]

  /// Before there is a follower, so that a failover at any moment after finds the app prepared.
  static let placeFollower = ClimbStep(
    name: "place-follower", title: "tell the app of both servers of the database",
    run: { lab, say in try place([first, follower], lab, say) },
    verify: { lab, _ in
      try expect("the placement names two servers", lab.placement()?.clusters["main"]?.members.count == 2)
    },
    undo: { lab, say in try place([first], lab, say) })

  private static func place(_ hosts: [String], _ lab: any ClimbLab, _ say: StepVoice) throws {
    let view = try lab.view()
    let members = try hosts.map { ServerAddress(host: try view.address(of: $0), port: view.ports.postgres) }
    try Placements.change(lab, say) { $0.clusters["main"]?.members = members }
  }

  /// From now on a write is acknowledged when a second zone has it on disk.
  static let replicate = ClimbStep(
    name: "replicate", title: "let Patroni take PostgreSQL over, and a follower copy it in a second zone",
    run: { lab, say in try lab.send(.startHosts([first, follower, witness], stage: 4), say) },
    verify: { lab, _ in
      let view = try lab.view()
      try expect("the leader is ready", view.isReady(first + ".patroni"))
      try expect("the follower is ready", view.isReady(follower + ".patroni"))
    },
    undo: { lab, say in
      try lab.send(.switchover(to: first), say)
      // The follower goes first: it must not take over when its leader ends. The witness goes last: without a majority the
      // leader would not lead any more.
      try lab.send(.stopHost(follower), say)
      try lab.send(.startHost(first, stage: 3), say)
      try lab.send(.stopHost(witness), say)
    })

  static let startServers = ClimbStep(
    name: "start-servers", title: "start an app server in each zone",
    run: { lab, say in try lab.send(.startHosts(newServers(lab), stage: 4), say) },
    verify: { lab, _ in
      let view = try lab.view()
      for server in servers { try expect("\(server) is ready", view.isReady(server)) }
    },
    undo: { lab, say in for server in try newServers(lab).reversed() { try lab.send(.stopHost(server), say) }
    })

  private static func newServers(_ lab: any ClimbLab) throws -> [String] {
    try lab.view().listensOnPort ? Array(servers.dropFirst()) : servers
  }

  static let openFrontDoor = ClimbStep(
    name: "open-front-door", title: "open a front door that leads to both, beside the app's own",
    run: { lab, say in try lab.send(.startHosts(doors, stage: 4), say) },
    verify: { lab, _ in try expect("the front door is ready", lab.view().isReady("front-door")) },
    undo: { lab, say in
      if try lab.view().listensOnPort { return try lab.send(.startHosts(doors, stage: 3), say) }
      // The app answers again before the front door goes: the undoing of the next step has seen to it.
      try expect("the app answers on the public port", lab.answersPublic(.app))
      for door in doors { try lab.send(.stopHost(door), say) }
    })

  static let renewServer = ClimbStep(
    name: "renew-server", title: "start a server anew that was there before",
    run: { lab, say in
      // Others have just been started.
      if try lab.view().listensOnPort { try lab.send(.startHost(servers[0], stage: 4), say) }
    },
    verify: { lab, _ in
      let view = try lab.view()
      for server in servers { try expect("\(server) is ready", view.isReady(server)) }
    },
    undo: { lab, say in
      if try lab.view().listensOnPort { try lab.send(.startHost(servers[0], stage: 3), say) }
    })

  static let drainApp = ClimbStep(
    name: "drain-app", title: "let the app alone answer what it has accepted, and no more",
    run: { lab, say in
      let view = try lab.view()
      try expect("the front door is ready", view.isReady("front-door"))
      if !view.listensOnPort { try lab.send(.drain(role: .app), say) }
    },
    verify: { lab, _ in try expect("only the front door has the public port", lab.view().openDoors.isEmpty) },
    undo: { lab, say in if try !lab.view().listensOnPort { try lab.openDoor(.app, say) } })

  static let recordStage = ClimbStep(
    name: "record-stage", title: "record that the app is at stage 4",
    run: { lab, say in try lab.send(.setStage(4), say) },
    verify: { lab, _ in try expect("the app is at stage 4", lab.view().stage == 4) },
    undo: { lab, say in try lab.send(.setStage(3), say) })

  /// The point of no return lies after this step.
  static let retireApp = ClimbStep(
    name: "retire-app", title: "end the process that was the app alone",
    run: { lab, say in if try !lab.view().listensOnPort { try lab.send(.retire(role: .app), say) } },
    verify: { lab, _ in try expect("the app's own process has ended", !lab.isAlive(.app)) },
    undo: { lab, say in if try !lab.view().listensOnPort { try lab.ensureRunning(.app, say) } })
}
