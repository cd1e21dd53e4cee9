// A leader and a follower of a test's own, with a database of notes.

import Foundation
import TestSupport

@testable import HeightsData
@testable import HeightsHTTP

/// A replicated cluster, and a database in it. Gone after `body`.
func withPair<T>(
  loops count: Int = 2, limits: DatabaseLimits = DatabaseLimits(), synchronous: Bool = false,
  _ body: (ClusterPair) async throws -> T
) async throws -> T {
  let pair = try await ClusterPair(loops: count, limits: limits, synchronous: synchronous)
  do {
    let result = try await body(pair)
    await pair.end()
    return result
  } catch {
    await pair.end()
    throw error
  }
}

struct ClusterPair: Sendable {
  let leader: PostgresServer
  let follower: PostgresServer
  let loops: EventLoopGroup
  private let url: String
  let cluster: PostgresCluster
  let database: Database

  init(loops count: Int, limits: DatabaseLimits, synchronous: Bool) async throws {
    (leader, follower) = try await blocking {
      let leader = try PostgresServer()
      return (leader, try leader.makeFollower())
    }
    if synchronous {
      try leader.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
      try leader.run("SELECT pg_reload_conf()")
    }
    loops = try EventLoopGroup(count: count)
    let hosts = "127.0.0.1:\(leader.port),127.0.0.1:\(follower.port)"
    url = "postgresql://heights@\(hosts)/?target_session_attrs=read-write"
    cluster = Self.cluster(url, loops)
    database = try await Database.open(
      "notes", of: [(.all, cluster)], migrations: [PostgresNotes.notes], loops: loops, limits: limits)
  }

  /// The cluster as a process knows it that has just been started.
  func anotherView() -> PostgresCluster { Self.cluster(url, loops) }

  private static func cluster(_ url: String, _ loops: EventLoopGroup) -> PostgresCluster {
    PostgresCluster("main", url: url, members: ClusterMember.members(of: [url]), on: loops.loops[0])
  }

  func end() async {
    database.close()
    cluster.close()
    await loops.shutdown()
    leader.stop()
    follower.stop()
  }

  /// Waits until the follower has what the leader has now, and is known to.
  func followerHasCaughtUp() async throws {
    let end = try leader.run("SELECT pg_current_wal_insert_lsn()")
    try await eventually("the follower replays \(end)") {
      try follower.run("SELECT pg_last_wal_replay_lsn() >= '\(end)'") == "t"
    }
    let bytes = UInt64(try leader.run("SELECT '\(end)'::pg_lsn - '0/0'")) ?? 0
    try await eventually("the cluster knows it") {
      cluster.touch(.now)
      return cluster.view.0.followers.first?.replayed ?? .start >= LogPosition(bytes: bytes)
    }
  }

  var reads: (leader: Int, follower: Int) {
    (
      cluster.metrics.leaderReads.load(ordering: .relaxed),
      cluster.metrics.followerReads.load(ordering: .relaxed)
    )
  }
}

/// A browser: what one request leaves behind, the next one brings.
struct Browser {
  private(set) var cookie: String?

  init(cookie: String? = nil) { self.cookie = cookie }

  mutating func request<T>(_ body: () async throws -> T) async rethrows -> T {
    let seen = SeenPositions(cookie: cookie)
    defer { cookie = seen.cookie ?? cookie }
    return try await asRequest(seen: seen) { try await body() }
  }
}
