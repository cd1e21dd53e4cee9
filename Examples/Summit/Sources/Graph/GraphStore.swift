// The rows of who follows whom.

import HeightsKit

/// The database `graph`, and the work of the service.
struct GraphStore: Graph {
  /// How many accounts one account may follow: it bounds what a feed has to read.
  static let followLimit = 1_000

  let database: Database

  func follow(_ followee: Account, by follower: Identifier) async throws {
    let followed = try await database.transaction { transaction in
      try await transaction.execute(
        """
        INSERT INTO follows (shard, follower_id, followee_id, followee_name, created_at_ms)
        SELECT \(follower.shard), \(follower), \(followee.id), \(followee.name), \(wallClockMs())
        WHERE (SELECT count(*) FROM follows WHERE shard = \(follower.shard) AND follower_id = \(follower))
          < \(GraphStore.followLimit)
        ON CONFLICT DO NOTHING
        """)
    }
    if followed == 1 { return }
    if try await isFollowing(followee.id, by: follower) { return }
    throw Problem(
      .unprocessableContent, title: "You follow too many",
      detail: "At most \(GraphStore.followLimit) accounts: unfollow one first.")
  }

  func unfollow(_ followee: Identifier, by follower: Identifier) async throws {
    try await database.transaction {
      try await $0.execute(
        """
        DELETE FROM follows
        WHERE shard = \(follower.shard) AND follower_id = \(follower) AND followee_id = \(followee)
        """)
    }
  }

  func isFollowing(_ followee: Identifier, by follower: Identifier) async throws -> Bool {
    try await database.first(
      """
      SELECT 1 FROM follows
      WHERE shard = \(follower.shard) AND follower_id = \(follower) AND followee_id = \(followee)
      """
    ) { _ in true } ?? false
  }

  func followees(of follower: Identifier) async throws -> [Identifier] {
    try await database.query(
      "SELECT followee_id FROM follows WHERE shard = \(follower.shard) AND follower_id = \(follower)"
    ) { try $0.identifier(0) }
  }
}
