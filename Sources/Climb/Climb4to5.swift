// From two app servers to as many stateless ones as there is need for, in the order in which it happens.
//
// What the servers held for themselves or shared on a disk goes to stores of its own first; then the way to them is
// laid anew, from the inside out: balancers, edges, and the front door last.

import Lab
import Placement

enum Climb4to5 {
  static let steps = [
    startStores, renewServers, shareCache, moveSessions, copyObjects, moveObjects, startEdges, turnFrontDoor,
    recordStage, leaveFolder,
  ]

  private static let sentinels = ["cache-a", "cache-b", "cache-witness-c"]
  private static let stores = sentinels + ["objects"]
  private static let servers = ["server-a", "server-b"]
  private static let balancers = ["load-balancer-a", "load-balancer-b"]
  private static let edges = ["edge-1", "edge-2"]
  private static let doors = ["front-door", "dns"]

  static let startStores = ClimbStep(
    name: "start-stores", title: "start the cache with its sentinels, and the object store",
    run: { lab, say in try lab.send(.startHosts(stores, stage: 5), say) },
    verify: { lab, _ in
      let view = try lab.view()
      try expect("the cache is ready", view.isReady("cache-a.redis") && view.isReady("cache-b.redis"))
      try expect("the object store is ready", view.isReady("objects.ministack"))
    },
    undo: { lab, say in for store in stores.reversed() { try lab.send(.stopHost(store), say) } })

  /// One after the other: the front door sends people to the one that is there.
  static let renewServers = ClimbStep(
    name: "renew-servers", title: "start the app servers anew, one by one, so that they know of the stores",
    run: { lab, say in for server in servers { try lab.send(.startHost(server, stage: 5), say) } },
    verify: { lab, _ in try expectServers(lab) },
    undo: { lab, say in
      for server in servers.reversed() { try lab.send(.startHost(server, stage: 4), say) }
      try expectServers(lab)
    })

  /// Sessions that end are told to the cache by every server before any server asks it who is logged in.
  static let shareCache = ClimbStep(
    name: "share-cache", title: "let the servers share a cache, and tell it of sessions that end",
    run: { lab, say in
      let view = try lab.view()
      let addresses = try sentinels.map {
        ServerAddress(host: try view.address(of: $0), port: view.ports.sentinel)
      }
      try Placements.change(lab, say) {
        $0.cache = .sentinels(addresses)
        $0.sessions = [.sql, .redis]
      }
    },
    verify: { lab, _ in
      guard case .sentinels(let placed, _) = try lab.placement()?.cache, placed.count == sentinels.count
      else {
        throw ClimbError.notSo("the placement names the sentinels")
      }
    },
    undo: { lab, say in
      try Placements.change(lab, say) {
        $0.sessions = [.sql]
        $0.cache = nil
      }
    })

  static let moveSessions = ClimbStep(
    name: "move-sessions", title: "ask the cache who is logged in, and the database where it doesn't know",
    run: { lab, say in try Placements.change(lab, say) { $0.sessions = [.redis, .sql] } },
    verify: { lab, _ in
      try expect("sessions are in the cache", lab.placement()?.sessions == [.redis, .sql])
    },
    undo: { lab, say in try Placements.change(lab, say) { $0.sessions = [.sql, .redis] } })

  /// What is sent from now on goes to both; what was sent before is copied, and read back.
  static let copyObjects = ClimbStep(
    name: "copy-objects", title: "copy what users have sent to the object store",
    run: { lab, say in
      try Placements.change(lab, say) { $0.objects = [.folder, .s3] }
      try Objects.copy(to: .s3, lab, say)
    },
    verify: { lab, say in
      try expect("the object store has every file", Objects.copy(to: .s3, lab, say) == 0)
    },
    undo: { lab, say in try Placements.change(lab, say) { $0.objects = [.folder] } })

  static let moveObjects = ClimbStep(
    name: "move-objects", title: "read from the object store, and from the folder what it does not have",
    run: { lab, say in try Placements.change(lab, say) { $0.objects = [.s3, .folder] } },
    verify: { lab, _ in
      try expect("files are read from the object store", lab.placement()?.objects == [.s3, .folder])
    },
    undo: { lab, say in
      // There may be some that went to the object store alone.
      try Objects.copy(to: .folder, lab, say)
      try Placements.change(lab, say) { $0.objects = [.folder, .s3] }
    })

  private static func expectServers(_ lab: any ClimbLab) throws {
    let view = try lab.view()
    for server in servers { try expect("\(server) is ready", view.isReady(server)) }
  }

  static let startEdges = ClimbStep(
    name: "start-edges", title: "start load balancers, and edges in front of them",
    run: { lab, say in
      try lab.send(.startHosts(balancers, stage: 5), say)
      try lab.send(.startHosts(edges, stage: 5), say)
    },
    verify: { lab, _ in
      let view = try lab.view()
      for balancer in balancers { try expect("\(balancer) is ready", view.isReady(balancer + ".haproxy")) }
      for edge in edges { try expect("\(edge) is ready", view.isReady(edge + ".varnish")) }
    },
    undo: { lab, say in for host in edges + balancers { try lab.send(.stopHost(host), say) } })

  /// The old one answers what it has accepted; both have the public sockets for a moment.
  static let turnFrontDoor = ClimbStep(
    name: "turn-front-door", title: "lead people to the edges",
    run: { lab, say in try lab.send(.startHosts(doors, stage: 5), say) },
    verify: { lab, _ in try expect("the front door is ready", lab.view().isReady("front-door")) },
    undo: { lab, say in try lab.send(.startHosts(doors, stage: 4), say) })

  static let recordStage = ClimbStep(
    name: "record-stage", title: "record that the app is at stage 5",
    run: { lab, say in try lab.send(.setStage(5), say) },
    verify: { lab, _ in try expect("the app is at stage 5", lab.view().stage == 5) },
    undo: { lab, say in try lab.send(.setStage(4), say) })

  /// The point of no return lies after this step.
  static let leaveFolder = ClimbStep(
    name: "leave-folder", title: "keep what users send in the object store alone",
    run: { lab, say in try Placements.change(lab, say) { $0.objects = [.s3] } },
    verify: { lab, _ in
      try expect("files are in the object store alone", lab.placement()?.objects == [.s3])
    },
    undo: { lab, say in try Placements.change(lab, say) { $0.objects = [.s3, .folder] } })
}
