// The API of following, and of the feed that comes of it.

import HeightsKit

struct GraphAPI: Sendable {
  let summit: Summit

  func addRoutes(to router: inout Router) {
    router.put("/api/accounts/{name}/follow") { try await setFollow(true, $0) }
    router.delete("/api/accounts/{name}/follow") { try await setFollow(false, $0) }
    router.get("/api/accounts/{name}/following/{other}", isFollowing)
    router.get("/api/feed", feed)
  }

  private func setFollow(_ follows: Bool, _ request: Request) async throws -> Response {
    let viewer = try await summit.requireViewer(request)
    try await summit.setFollow(follows, request.parameter("name"), by: viewer)
    return .noContent
  }

  private func isFollowing(_ request: Request) async throws -> Response {
    let follower = try await summit.account(named: request.parameter("name"))
    let followee = try await summit.account(named: request.parameter("other"))
    guard try await summit.graph.isFollowing(followee.id, by: follower.id) else {
      throw Problem.notFound("\(follower.name) doesn't follow \(followee.name).")
    }
    return .noContent
  }

  private func feed(_ request: Request) async throws -> Response {
    let viewer = try await summit.requireViewer(request)
    guard let cursor = try request.cursor(Identifier.self) else {
      return .bytes(try await summit.feedJSON(of: viewer), contentType: "application/json")
    }
    return .json(try await summit.feed(of: viewer, before: cursor))
  }
}
