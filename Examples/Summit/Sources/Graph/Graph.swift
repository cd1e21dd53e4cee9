// The service `graph`: who follows whom.

import HeightsKit

/// What the rest of Summit asks of it.
protocol Graph: Sendable {
  /// - Throws: `Problem` (422) for more than an account may follow.
  func follow(_ followee: Account, by follower: Identifier) async throws
  func unfollow(_ followee: Identifier, by follower: Identifier) async throws
  func isFollowing(_ followee: Identifier, by follower: Identifier) async throws -> Bool
  /// Everybody whom somebody follows.
  func followees(of follower: Identifier) async throws -> [Identifier]
}

/// How the rest of Summit calls it, wherever it is.
struct GraphClient: ServiceClient, Graph {
  static let service = "graph"
  let route: ServiceRoute<any Graph>

  private struct Follow: Codable {
    let followee: Account
    let follower: Identifier
  }
  private struct Pair: Codable { let followee, follower: Identifier }
  private struct Follower: Codable { let follower: Identifier }

  static let calls: [RemoteCall<any Graph>] = [
    RemoteCall("follow") { (here, call: Follow) in try await here.follow(call.followee, by: call.follower) },
    RemoteCall("unfollow") { (here, call: Pair) in
      try await here.unfollow(call.followee, by: call.follower)
    },
    RemoteCall("is-following") { (here, call: Pair) in
      try await here.isFollowing(call.followee, by: call.follower)
    },
    RemoteCall("followees") { (here, call: Follower) in try await here.followees(of: call.follower) },
  ]

  func follow(_ followee: Account, by follower: Identifier) async throws {
    if let here = route.here { return try await here.follow(followee, by: follower) }
    try await route.call("follow", Follow(followee: followee, follower: follower), .idempotent)
  }

  func unfollow(_ followee: Identifier, by follower: Identifier) async throws {
    if let here = route.here { return try await here.unfollow(followee, by: follower) }
    try await route.call("unfollow", Pair(followee: followee, follower: follower), .idempotent)
  }

  func isFollowing(_ followee: Identifier, by follower: Identifier) async throws -> Bool {
    if let here = route.here { return try await here.isFollowing(followee, by: follower) }
    return try await route.call("is-following", Pair(followee: followee, follower: follower), .idempotent)
  }

  func followees(of follower: Identifier) async throws -> [Identifier] {
    if let here = route.here { return try await here.followees(of: follower) }
    return try await route.call("followees", Follower(follower: follower), .idempotent)
  }
}
