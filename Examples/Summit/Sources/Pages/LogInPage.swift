// Logging in and out.

import HeightsKit

extension Pages {
  private static let logInFields = [
    FormField(name: "name", label: "Name", autocomplete: "username"),
    FormField(name: "password", label: "Password", type: "password", autocomplete: "current-password"),
  ]

  func logInPage(_ request: Request) async throws -> Response {
    guard try await summit.viewer(request) == nil else { return .redirect(to: request.back) }
    return logInPage(.none, back: request.back)
  }

  func logIn(_ request: Request) async throws -> Response {
    let form = try request.form()
    do {
      let viewer = try await summit.logIn(
        name: form.line("name"), password: form["password"] ?? "", by: request)
      return .redirect(to: form.back).with(viewer.session.cookie)
    } catch let problem as Problem where problem.status == .unauthorized {
      let entries = Entries(
        values: ["name": form.line("name")], problems: [Problem.Field("password", problem.title + ".")])
      return logInPage(entries, back: form.back, status: .unprocessableContent)
    }
  }

  func logOut(_ request: Request) async throws -> Response {
    try await submitted(request) { _, _ in
      try await summit.sessions.end(of: request)
      return .redirect(to: .start).with(summit.sessions.removalCookie)
    }
  }

  private func logInPage(_ entries: Entries, back: LocalPath, status: Status = .ok) -> Response {
    Layout("Log in", summit.assets, for: nil, at: .logIn).response(
      """
      <form class="card sheet" method="post" action="/login">
      <h1>Log in</h1>
      \(hidden("back", back.text))
      \(Pages.logInFields.map { $0.html(entries) })
      <button class="button wide">Log in</button>
      <p class="aside">New here? <a href="/signup?back=\(back.text.percentEncoded)">Sign up</a></p>
      </form>
      """, status: status)
  }
}
