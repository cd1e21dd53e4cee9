// Which follower a read goes to, by what a loop knows of its cluster.

extension PostgresCluster.View {
  /// The follower that has all which the last leader has acknowledged; nil where none is sure to.
  /// - Parameter leaderPosition: what that had written when it last told, acknowledged or not.
  func standIn(for leaderPosition: LogPosition) -> ClusterMember? {
    // Of two servers the follower is the one that the leader waited for: what that wrote and did not send to it, it has not
    // acknowledged.
    let isSure = waitedForFollower && members.count == 2
    return followers.first { $0.replayed >= leaderPosition || isSure && $0.hasReplayedAll }
  }

  /// The follower for a session's next read; nil for the leader.
  /// - Parameters:
  ///   - token: what the session has seen.
  ///   - fresh: what a follower must have replayed in any case.
  ///   - turn: spreads sessions that have no follower yet.
  func follower(
    after token: SeenPositions.Token?, fresh: LogPosition, turn: Int, avoiding avoided: ClusterMember?
  ) -> ClusterMember? {
    let needed = max(token?.position ?? .start, fresh)
    func fits(_ follower: ClusterMember) -> Bool { follower !== avoided && follower.replayed >= needed }
    if token?.isUnsure == true { return nil }
    if let token, token.member != 0 {
      // What it has shown is known to itself and the leader alone.
      return followers.first { $0.id == token.member && fits($0) }
    }
    let fitting = followers.filter(fits)
    return fitting.isEmpty ? nil : fitting[turn % fitting.count]
  }
}
