// A process's way to Redis, with loops of its own, gone after the test.

import TestSupport

@testable import HeightsKit

/// Runs `body` beside loops that go to Redis.
/// - Parameter place: where it is; nil for nowhere at first.
func withRedis(
  _ place: Placement.SharedCache?, loops count: Int = 1, credentials: RedisCredentials = RedisCredentials(),
  authorities: String? = nil, _ body: (SharedRedis, EventLoopGroup) async throws -> Void
) async throws {
  let loops = try EventLoopGroup(count: count)
  let redis = try await SharedRedis(loops, credentials, authorities: authorities)
  await redis.setPlace(place)
  do {
    try await body(redis, loops)
  } catch {
    await redis.close()
    await loops.shutdown()
    throw error
  }
  await redis.close()
  await loops.shutdown()
}

extension Placement.SharedCache {
  static func server(_ servers: RedisServer..., tls: Bool = false) throws -> Placement.SharedCache {
    .servers(try servers.map { try address($0) }, tls: tls)
  }

  static func sentinels(_ pair: RedisPair) throws -> Placement.SharedCache {
    .sentinels(try pair.sentinels.map { try address($0) }, name: RedisPair.name)
  }

  private static func address(_ server: RedisServer) throws -> ServerAddress {
    guard let address = ServerAddress(server.address) else { throw ClientError(text: "no address") }
    return address
  }
}

extension SharedRedis {
  /// The text that a command is answered with.
  func text(_ arguments: RedisArgument..., deadlineMs: Int = commandMs) async throws -> String? {
    try await commands([arguments], deadlineMs: deadlineMs)[0].get().text
  }

  /// Waits until it can be asked.
  func returned() async throws { try await eventually("redis is found") { isUsable } }

  /// Waits until it counts as away.
  func left() async throws { try await eventually("redis is given up") { !isUsable } }
}
