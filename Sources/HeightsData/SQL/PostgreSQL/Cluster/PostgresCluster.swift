// A cluster: its servers, what is known of them, and the loops that go by it.

import Policies
import Synchronization

/// Servers of which one leads and the others follow. Shared by all databases of a process that are in it.
package final class PostgresCluster: Sendable {
  /// What a loop goes by.
  struct View: Sendable {
    var leader: ClusterMember?
    /// That of the leader: it changes with every promotion.
    var timeline: UInt32 = 0
    var followers: [ClusterMember] = []
    /// Members that don't answer.
    var silent: [ClusterMember] = []
    var members: [ClusterMember] = []
    /// Whether the last leader waited for a follower before it acknowledged.
    var waitedForFollower = false

    /// Whether what a session reads may come from more than one server.
    var isReplicated: Bool { members.count > 1 }
  }

  /// Monitors ask this often: while the cluster is in use, and while it isn't.
  private static let (busyMs, aloneMs, idleMs) = (75, 500, 1_000)
  /// And so often one that does not answer.
  private static let silent = BackOff(firstMs: 2 * busyMs, limitMs: aloneMs)
  /// A cluster that nobody has used for so long is idle.
  private static let idleAfterNs: UInt64 = 3_000_000_000

  private struct Uses {
    var count = 0
    var isRetired = false
    var isOver: Bool { isRetired && count == 0 }
  }

  /// As the placement calls it.
  package let name: String
  /// Stands for the name in what sessions carry; never 0.
  let id: UInt32
  let metrics = ClusterMetrics()
  private let url: Mutex<String>
  private let loop: EventLoop
  private let tracking: ReadTracking?
  private let state: Mutex<ClusterState>
  private let monitors = Mutex<[String: ClusterMonitor]>([:])
  private let listeners = Mutex<[LoopConnections]>([])
  /// By the index of the loop, and the member.
  private let uses = Mutex(Uses())
  private let budgets = Mutex<[Int: [UInt32: ConnectionBudget]]>([:])
  private let severalMembers = Atomic<Bool>(false)
  private let versionNumber = Atomic<Int>(0)
  private let fresh = Atomic<UInt64>(0)
  private let lastUseNs = Atomic<UInt64>(0)
  /// That of whichever member leads, by the uptime of this process; until one has told, its own is as good.
  private let clock = Mutex(FollowedClock(nowMs: wallClockMs(), uptimeMs: Deadline.now.uptimeMs))

  /// - Parameters:
  ///   - url: what all members have in common, as libpq takes it, and the members for whoever leaves the choice to it.
  ///   - loop: asks the members.
  ///   - tracking: is told whether sessions have to remember what they have read.
  package init(
    _ name: String, url: String, members: [ClusterMember], on loop: EventLoop, tracking: ReadTracking? = nil
  ) {
    self.name = name
    self.url = Mutex(url)
    self.loop = loop
    self.tracking = tracking
    id = max(FNV1a.shortHash(name.utf8), 1)
    state = Mutex(ClusterState(members))
    setReplicated(members.count > 1)
    watch(members)
  }

  /// Whether what a session reads may come from more than one server.
  var isReplicated: Bool { severalMembers.load(ordering: .relaxed) }

  private func setReplicated(_ isReplicated: Bool) {
    severalMembers.store(isReplicated, ordering: .relaxed)
    tracking?.set(isReplicated, for: ObjectIdentifier(self))
  }

  /// A database of it, at whichever member leads, for tools that block.
  func target(_ database: String) -> PostgresTarget {
    PostgresTarget(url: url.withLock { $0 }, database: database)
  }

  /// A database of it at one member.
  func target(_ database: String, at member: ClusterMember) -> PostgresTarget {
    PostgresTarget(url: url.withLock { $0 }, database: database, place: member.place)
  }

  // MARK: What loops go by

  /// Counts the changes of `view`.
  var version: Int { versionNumber.load(ordering: .acquiring) }

  var view: (View, version: Int) {
    state.withLock { state in
      let view = View(
        leader: state.leader, timeline: state.timeline, followers: state.followers, silent: state.silent,
        members: state.members, waitedForFollower: state.waitedForFollower)
      return (view, version)
    }
  }

  /// Whether every member has been asked since then who leads, and has answered.
  func isWholeSince(_ time: Deadline) -> Bool { state.withLock { $0.isWholeSince(time) } }

  /// What a follower must have replayed for anybody to be sent there.
  var freshPosition: LogPosition { LogPosition(bytes: fresh.load(ordering: .relaxed)) }

  /// Where the leader last said it was.
  var leaderPosition: LogPosition { state.withLock { $0.leaderPosition } }

  /// The latest moment for identifiers that are made now, in milliseconds since 1970, whatever the leader's clock shows.
  func latestIdentifierMs(_ now: Deadline) -> Int64 {
    clock.withLock { $0.latestMs(uptimeMs: now.uptimeMs) } ?? .max
  }

  /// Keeps the monitors busy. Cheap: called for each statement.
  func touch(_ now: Deadline) {
    let (now, last) = (now.uptimeNanoseconds, lastUseNs.load(ordering: .relaxed))
    guard now > last + 100_000_000 else { return }
    lastUseNs.store(now, ordering: .relaxed)
    if now > last + Self.idleAfterNs { askAtOnce() }
  }

  /// What the transactions of its databases share on a loop, of the connections to a member. (One that led before and hangs keeps
  /// its own.)
  func budget(of member: ClusterMember, on loop: EventLoop, _ limits: DatabaseLimits) -> ConnectionBudget {
    budgets.withLock { budgets in
      if let known = budgets[loop.index]?[member.id] { return known }
      let budget = ConnectionBudget(
        limits.clusterConnectionsPerLoop, waiterLimit: limits.queuedTransactions, on: loop)
      budgets[loop.index, default: [:]][member.id] = budget
      return budget
    }
  }

  /// What lies in it has come from elsewhere just now: no follower is read from that lacks any of it.
  func expectNewest() {
    state.withLock { state in
      state.expectNewest(since: .now)
      fresh.store(state.freshPosition.bytes, ordering: .relaxed)
    }
    askAtOnce()
  }

  /// Somebody had trouble with a server.
  func askAtOnce() {
    let all = monitors.withLock { Array($0.values) }
    loop.execute { for monitor in all { monitor.wake() } }
  }

  /// Tells a loop of changes until it is removed.
  func add(_ listener: LoopConnections) { listeners.withLock { $0.append(listener) } }

  func remove(_ listener: LoopConnections) { listeners.withLock { $0.removeAll { $0 === listener } } }

  // MARK: Members

  /// Goes by other members. When this returns, nothing new is asked of those that are gone.
  package func setMembers(_ members: [ClusterMember], url: String) async {
    let members = state.withLock { state in
      state.setMembers(members)
      return state.members
    }
    self.url.withLock { $0 = url }
    setReplicated(members.count > 1)
    watch(members)
    versionNumber.add(1, ordering: .acquiringAndReleasing)
    for listener in listeners.withLock({ $0 }) { try? await listener.loop.run { listener.look() } }
  }

  /// Call it: until then the monitors ask, and hold the cluster.
  /// Ends what watches its servers.
  package func close() {
    tracking?.set(false, for: ObjectIdentifier(self))
    watch([])
  }

  /// A database of it is open.
  func beginUse() { uses.withLock { $0.count += 1 } }

  /// One that was open is used by nobody any more.
  func endUse() {
    let isOver = uses.withLock { uses in
      uses.count -= 1
      return uses.isOver
    }
    if isOver { close() }
  }

  /// Closes it, as soon as none of its databases is used any more.
  package func retire() {
    let isOver = uses.withLock { uses in
      uses.isRetired = true
      return uses.isOver
    }
    if isOver { close() }
  }

  /// Starts and stops monitors.
  private func watch(_ members: [ClusterMember]) {
    monitors.withLock { monitors in
      for (name, monitor) in monitors where !members.contains(where: { $0.name == name }) {
        monitors[name] = nil
        loop.onLoop { monitor.stop() }
      }
      for member in members where monitors[member.name] == nil {
        let monitor = monitor(of: member)
        monitors[member.name] = monitor
        loop.spawn { await monitor.run() }
      }
    }
  }

  private func monitor(of member: ClusterMember) -> ClusterMonitor {
    ClusterMonitor(
      target("postgres", at: member), on: loop,
      pauseMs: { [self] in pauseMs(failures: $0) }, report: { [self] in take($0, of: member) })
  }

  private func pauseMs(failures: Int) -> Int {
    let unused = loop.lastNow.uptimeNanoseconds &- lastUseNs.load(ordering: .relaxed)
    if unused > Self.idleAfterNs { return Self.idleMs }
    let (needsLeader, isAlone) = state.withLock { ($0.leader == nil, $0.members.count == 1) }
    if failures > 0 { return Self.silent.ms(afterFailures: failures) }
    return needsLeader || !isAlone ? Self.busyMs : Self.aloneMs
  }

  private func take(_ report: ClusterMonitor.Report, of member: ClusterMember) {
    if case .answer(let answer, _) = report, case .leads = answer.standing {
      _ = clock.withLock { $0.follow(answer.clockMs, uptimeMs: Deadline.now.uptimeMs) }
    }
    typealias Change = (isNew: Bool, leader: ClusterMember?, old: ClusterMember?, copies: (Bool?, Bool?))
    let change = state.withLock { state -> Change in
      let (old, hadSecondCopy) = (state.leader, state.hasSecondCopy)
      let isNew: Bool
      switch report {
      case .answer(let answer, let askedAt):
        // Before, it may have been on its way what the leader had acknowledged.
        member.hasReplayedAll =
          answer.hasReplayedAll && (state.leaderlessSince.map { $0 < askedAt } ?? false)
        isNew = state.note(member, answer.standing, at: answer.position, askedAt: askedAt, now: loop.lastNow)
        if state.leader === member { state.waitedForFollower = answer.waitsForFollower }
      case .silence: isNew = state.noteSilence(member)
      }
      if state.leader != nil {
        state.leaderlessSince = nil
      } else if old != nil {
        state.leaderlessSince = .now
        for member in state.members { member.hasReplayedAll = false }
      }
      fresh.store(state.freshPosition.bytes, ordering: .relaxed)
      return (isNew, state.leader, old, (hadSecondCopy, state.hasSecondCopy))
    }
    guard change.isNew else { return }
    versionNumber.add(1, ordering: .acquiringAndReleasing)
    if let leader = change.leader, leader !== change.old {
      Log.info("leader found", [("cluster", name), ("server", leader.name)])
    }
    switch change.copies {
    case (true?, false?), (nil, false?):
      Log.warning("writes are acknowledged with one copy", [("cluster", name)])
    case (false?, true?): Log.info("writes are acknowledged with two copies again", [("cluster", name)])
    default: break
    }
    if case .silence(let error) = report {
      Log.warning("server doesn't answer", [("cluster", name), ("server", member.name), ("why", "\(error)")])
    }
    for listener in listeners.withLock({ $0 }) { listener.loop.onLoop { listener.look() } }
  }

  // MARK: Metrics

  /// Whether a write is acknowledged with two copies; nil where nobody leads, or there is one server.
  var hasSecondCopy: Bool? { state.withLock { $0.hasSecondCopy } }

  /// What `/metrics` shows of the servers.
  var figures: (leaderChanges: Int, lagBytes: [(member: String, bytes: Int)]) {
    state.withLock { state in
      let end = state.leaderPosition.bytes
      return (
        state.leaderChanges,
        state.followers.map { ($0.name, Int(clamping: end - min($0.replayed.bytes, end))) }
      )
    }
  }
}
