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
      return try await settings(
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
        return try await settings(viewer, Entries(problems: problem.fields), status: .unprocessableContent)
      }
    }
  }

  func endSession(_ request: Request) async throws -> Response {
    try await submitted(request) { viewer, form in
      try await summit.sessions.end(form["session"] ?? "", of: viewer.account.id)
      return .redirect(to: "/settings#sessions")
    }
  }

  private func settings(
    _ viewer: Viewer, _ entries: Entries, notice: String? = nil, status: Status = .ok
  ) async throws -> Response {
    let sessions = try await summit.sessions.all(of: viewer.session)
    return Layout("Settings", summit.assets, for: viewer, at: .settings).response(
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
      <section class="card sheet" id="sessions">
      <h2>Where you are logged in</h2>
      <ul class="sessions">\(sessions.map { session($0, viewer) })</ul>
      </section>
      """, status: status)
  }

  private func session(_ session: SessionSummary, _ viewer: Viewer) -> HTML {
    let end: HTML = """
      <form method="post" action="/settings/sessions/end">\(viewer.token)\(hidden("session", session.id))\
      <button class="button quiet">End</button></form>
      """
    let place = (session.address ?? "An unknown address", session.isCurrent ? ", here" : "")
    return """
      <li><div><b>\(place.0)</b>\(place.1)
      <p class="hint">Since \(Moment(ms: session.begunAtMs).html), \
      last used about \(Moment(ms: session.usedAtMs).html)</p></div>
      \(session.isCurrent ? nil : end)</li>
      """
  }
}
