// What somebody can change about their account.

import HeightsKit

extension Pages {
  private static let passwordFields = [
    FormField(
      name: "current", label: "Current password", type: "password", autocomplete: "current-password"),
    FormField(
      name: "new", label: "New password", type: "password", autocomplete: "new-password",
      hint: "At least 10 characters."),
  ]

  func settings(_ request: Request) async throws -> Response {
    try await forViewer(request) { viewer in
      let isChanged = try request.query("changed") != nil
      return settings(
        viewer, .none,
        notice: isChanged ? "Your password is changed. You are logged out everywhere else." : nil)
    }
  }

  func changePassword(_ request: Request) async throws -> Response {
    try await submitted(request) { viewer, form in
      do {
        var problems = FieldProblems()
        let new = problems.check("new", Rules.password, form["new"] ?? "")
        try problems.throwIfAny()
        let session = try await summit.changePassword(
          named: viewer.account.name, from: form["current"] ?? "", to: new, by: request)
        return .redirect(to: "/settings?changed").with(session.cookie)
      } catch let problem as Problem where !problem.fields.isEmpty {
        return settings(viewer, Entries(problems: problem.fields), status: .unprocessableContent)
      }
    }
  }

  private func settings(
    _ viewer: Viewer, _ entries: Entries, notice: String? = nil, status: Status = .ok
  ) -> Response {
    Layout("Settings", summit.assets, for: viewer, at: .settings).response(
      """
      <h1>Settings</h1>
      \(notice.map { "<p class=\"notice\" role=\"status\">\($0)</p>" } as HTML?)
      <section class="card sheet">
      <h2>You</h2>
      <dl>
      <dt>Name</dt><dd>@\(viewer.account.name)</dd>
      <dt>Display name</dt><dd>\(viewer.account.displayName)</dd>
      <dt>Mail address</dt><dd>\(viewer.account.email)</dd>
      </dl>
      <form method="post" action="/logout">\(viewer.token)<button class="button quiet">\(Icon.leave)Log out</button></form>
      </section>
      <form class="card sheet" method="post" action="/settings">
      <h2>Change the password</h2>
      <p class="hint">It ends all your other sessions.</p>
      \(viewer.token)
      \(Pages.passwordFields.map { $0.html(entries) })
      <button class="button">Change the password</button>
      </form>
      """, status: status)
  }
}
