// Somebody, and what they wrote.

import HeightsKit

extension Pages {
  func profile(_ request: Request) async throws -> Response {
    let viewer = try await summit.viewer(request)
    let account = try await summit.account(named: request.parameter("name"))
    let page = try await summit.posts.page(
      by: account.id, before: request.cursor(Identifier.self), for: viewer?.account.id)
    let posts = PostList(viewer: viewer, address: request.address).html(page)
    let isOwn = viewer?.account.id == account.id
    return Layout(account.displayName, summit.assets, for: viewer, at: isOwn ? .profile : .elsewhere)
      .response(
        """
        <section class="card profile">
        \(Avatar(name: account.name, displayName: account.displayName).html)
        <div class="by"><h1 dir="auto">\(account.displayName)</h1>
        <p class="handle">@\(account.name) · here since \(Moment(ms: account.id.createdAtMs).month)</p></div>
        \(try await action(viewer, account, request.address))
        </section>
        \(page.items.isEmpty ? Pages.nothing("No posts yet", "\(account.displayName) hasn't written anything.") : posts)
        """)
  }

  func setFollow(_ follows: Bool, _ request: Request) async throws -> Response {
    try await submitted(request) { viewer, form in
      try await summit.setFollow(follows, request.parameter("name"), by: viewer.account)
      return .redirect(to: form.back)
    }
  }

  /// What the viewer can do here: follow, no longer follow, or change what is their own.
  private func action(_ viewer: Viewer?, _ account: Account, _ address: LocalPath) async throws -> HTML {
    guard let viewer else {
      return "<a class=\"button\" href=\"/login?back=\(address.text.percentEncoded)\">Follow</a>"
    }
    if viewer.account.id == account.id { return "<a class=\"button quiet\" href=\"/settings\">Settings</a>" }
    let follows = try await summit.graph.isFollowing(account.id, by: viewer.account.id)
    return """
      <form method="post" action="/@\(account.name)/\(follows ? "unfollow" : "follow")">
      \(viewer.token)\(hidden("back", address.text))
      <button class="button\(follows ? " quiet" : "")">\(follows ? "Unfollow" : "Follow")</button>
      </form>
      """
  }
}
