// What is known of a cluster's servers, and what follows from it: who leads, and who may be read from. No I/O.

/// A cluster as its servers have told it.
struct ClusterState {
  /// What a server is.
  enum Standing: Equatable {
    /// It takes writes. Each promotion begins a timeline, so of two that say so the higher one was elected later.
    case leads(timeline: UInt32, hasSecondCopy: Bool = true)
    case follows
    /// It has no leader itself, and takes no writes.
    case refusesWrites
  }

  private struct Server {
    let member: ClusterMember
    /// Nil while it doesn't answer.
    var standing: Standing?
    /// When it was asked what it has answered last.
    var askedAt: Deadline?
  }

  /// How far behind its leader a follower may be to be read from, in milliseconds.
  static let lagLimitMs = 1_000

  private var servers: [Server] = []
  private(set) var leader: ClusterMember?
  /// The highest timeline of a leader so far: one that has been replaced, and comes back without knowing, is below it.
  private(set) var timeline: UInt32 = 0
  /// Since when there is none; nil while there is one, or has been none.
  var leaderlessSince: Deadline?
  /// How often another leader was found.
  private(set) var leaderChanges = 0
  /// Where the leader was at some moments of the last `lagLimitMs`, oldest first.
  private var track: [(at: Deadline, position: LogPosition)] = []
  private var lastLeader: ClusterMember?
  /// Since when it isn't known what followers must have, until the leader has been asked.
  private var newestSince: Deadline?
  /// Whether the last leader waited for a follower, as it said itself.
  var waitedForFollower = false

  init(_ members: [ClusterMember]) { setMembers(members) }

  var members: [ClusterMember] { servers.map(\.member) }

  /// Those that answer and follow.
  var followers: [ClusterMember] { servers.filter { $0.standing == .follows }.map(\.member) }

  /// Those that don't answer.
  var silent: [ClusterMember] { servers.filter { $0.standing == nil }.map(\.member) }

  /// Whether the leader waits for a follower before it acknowledges; nil without a leader, or where it has none.
  var hasSecondCopy: Bool? {
    guard servers.count > 1, let server = servers.first(where: { $0.member === leader }),
      case .leads(_, let hasSecondCopy) = server.standing
    else { return nil }
    return hasSecondCopy
  }

  /// What a follower must have replayed to be read from: what the leader had written `lagLimitMs` before it was last
  /// heard of, or somewhat more. When the leader is gone, that is as much as can be asked for.
  var freshPosition: LogPosition { newestSince == nil ? track.first?.position ?? .start : .end }

  /// From now on no follower is read from that lacks anything which the leader has now.
  mutating func expectNewest(since now: Deadline) { newestSince = now }

  /// Where the leader last said it was.
  var leaderPosition: LogPosition { track.last?.position ?? .start }

  /// Servers that stay keep what is known of them.
  mutating func setMembers(_ members: [ClusterMember]) {
    servers = members.map { member in
      servers.first { $0.member.name == member.name } ?? Server(member: member)
    }
    elect()
  }

  /// Whether every server has been asked since then, and has answered: none that was elected before is unknown.
  func isWholeSince(_ time: Deadline) -> Bool {
    servers.allSatisfy { server in server.standing != nil && server.askedAt.map { $0 > time } ?? false }
  }

  /// - Parameter askedAt: when it was asked.
  /// - Returns: whether it is another standing than before.
  mutating func note(
    _ member: ClusterMember, _ standing: Standing, at position: LogPosition, askedAt: Deadline? = nil,
    now: Deadline
  ) -> Bool {
    guard let index = servers.firstIndex(where: { $0.member === member }) else { return false }
    member.replayed = position
    let isNew = servers[index].standing != standing
    servers[index].standing = standing
    servers[index].askedAt = askedAt ?? now
    if isNew { elect() }
    if leader === member {
      track.append((now, position))
      if let since = newestSince, askedAt ?? now > since {
        track.removeFirst(track.count - 1)
        newestSince = nil
      }
      while let first = track.first, first.at.plus(ms: Self.lagLimitMs) < now { track.removeFirst() }
    }
    return isNew
  }

  /// It doesn't answer.
  /// - Returns: whether it did before.
  mutating func noteSilence(_ member: ClusterMember) -> Bool {
    guard let index = servers.firstIndex(where: { $0.member === member }), servers[index].standing != nil
    else { return false }
    servers[index].standing = nil
    elect()
    return true
  }

  private mutating func elect() {
    leader = nil
    for server in servers {
      guard case .leads(let its, _) = server.standing, its >= timeline else { continue }
      (leader, timeline) = (server.member, its)
    }
    guard let leader, leader !== lastLeader else { return }
    if lastLeader != nil { leaderChanges += 1 }
    lastLeader = leader
    // Another server's log may end elsewhere.
    track = []
  }
}
