// One post, under its own address.

import HeightsKit

extension Pages {
  func post(_ request: Request) async throws -> Response {
    let viewer = try await summit.viewer(request)
    let post = try await summit.post(request.identifier(), for: viewer)
    let list = PostList(viewer: viewer, address: request.address)
    return Layout("\(post.authorDisplayName): \(Pages.beginning(of: post.text))", summit.assets, for: viewer)
      .response(
        "<h1 class=\"unseen\">A post by \(post.authorDisplayName)</h1>\(list.whole(post))")
  }

  func setLike(_ likes: Bool, _ request: Request) async throws -> Response {
    try await submitted(request) { viewer, form in
      try await summit.setLike(likes, request.identifier(), by: viewer.account)
      return .redirect(to: form.back)
    }
  }

  private static func beginning(of text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    return line.count > 50 ? line.prefix(50) + "…" : String(line)
  }
}
