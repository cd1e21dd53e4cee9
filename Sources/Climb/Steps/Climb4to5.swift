// From two app servers to as many stateless ones as there is need for, in the order in which it happens.
//
// What the servers held for themselves or shared on a disk goes to stores of its own first; then the way to them is
// laid anew, from the inside out: balancers, edges, and the front door last.

import Lab
import Placement
import Topology

struct Climb4to5 {
  let change: StageChange

  var steps: [ClimbStep] {
    [
      startStores, renewServers, shareCache, moveSessions, copyObjects, moveObjects, startEdges,
      turnFrontDoor, .record(change), leaveFolder,
    ]
  }

  private var former: Level { change.from }
  private var level: Level { change.to }

  private var startStores: ClimbStep {
    .bring(
      "start-stores", "start the cache with its sentinels, and the object store",
      [HostSet(union: change.hosts(.cache) + change.hosts(.objects))], at: level)
  }

  /// One after the other: the front door sends people to the one that is there.
  private var renewServers: ClimbStep {
    .renew(
      "renew-servers", "start the app servers anew, one by one, so that they know of the stores",
      change.formerServers, from: former, to: level)
  }

  /// Sessions that end are told to the cache by every server before any server asks it who is logged in.
  private var shareCache: ClimbStep {
    .place(
      "share-cache", "let the servers share a cache, and tell it of sessions that end",
      to: { [change] in
        $0.cache = try StageChange.placement(of: change.after, in: $1).cache
        $0.sessions = [.sql, .redis]
      },
      back: { placement, _ in
        placement.sessions = [.sql]
        placement.cache = nil
      },
      expecting: "the placement names the cache's sentinels"
    ) { [change] placement in
      guard case .sentinels(let placed, _) = placement.cache else { return false }
      return placed.count == change.hosts(.cache).flatMap(\.ids).count
    }
  }

  private let moveSessions = ClimbStep.place(
    "move-sessions", "ask the cache who is logged in, and the database where it doesn't know",
    to: { placement, _ in placement.sessions = [.redis, .sql] },
    back: { placement, _ in placement.sessions = [.sql, .redis] },
    expecting: "sessions are in the cache"
  ) { $0.sessions == [.redis, .sql] }

  /// What is sent from now on goes to both; what was sent before is copied, and read back.
  private let copyObjects = ClimbStep(
    name: "copy-objects", title: "copy what users have sent to the object store",
    run: { lab, say in
      try Placements.change(lab, say) { $0.objects = [.folder, .s3] }
      try Objects.copy(to: .s3, lab, say)
    },
    verify: { lab, say in
      try expect("the object store has every file", Objects.copy(to: .s3, lab, say) == 0)
    },
    undo: { lab, say in try Placements.change(lab, say) { $0.objects = [.folder] } })

  private let moveObjects = ClimbStep(
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

  private var startEdges: ClimbStep {
    .bring(
      "start-edges", "start load balancers, and edges in front of them",
      [HostSet(union: change.hosts(.loadBalancer)), HostSet(union: change.hosts(.cdn))], at: level)
  }

  /// The old one answers what it has accepted; both have the public sockets for a moment.
  private var turnFrontDoor: ClimbStep {
    .turn(
      "turn-front-door", "lead people to the edges", HostSet(union: change.hosts(.dns)), from: former,
      to: level)
  }

  /// The point of no return lies after this step.
  private let leaveFolder = ClimbStep.place(
    "leave-folder", "keep what users send in the object store alone",
    to: { placement, _ in placement.objects = [.s3] },
    back: { placement, _ in placement.objects = [.s3, .folder] },
    expecting: "files are in the object store alone"
  ) { $0.objects == [.s3] }
}
