// Getting an account.

import HeightsKit

extension Pages {
  private static let signUpFields = [
    FormField(
      name: "name", label: "Name", autocomplete: "username",
      hint: "3 to 20 lower-case letters, digits or underscores. It can't be changed."),
    FormField(name: "displayName", label: "Display name", autocomplete: "name"),
    FormField(
      name: "email", label: "Mail address", type: "email", autocomplete: "email", hint: "Nobody else sees it."
    ),
    FormField(
      name: "password", label: "Password", type: "password", autocomplete: "new-password",
      hint: "At least 10 characters."),
  ]

  func signUpPage(_ request: Request) async throws -> Response {
    guard try await summit.viewer(request) == nil else { return .redirect(to: request.back) }
    return signUpPage(.none, back: request.back)
  }

  func signUp(_ request: Request) async throws -> Response {
    let form = try request.form()
    do {
      let viewer = try await summit.signUp(
        SignUp(
          name: form.line("name"), displayName: form.line("displayName"), email: form.line("email"),
          password: form["password"] ?? ""), by: request)
      return .redirect(to: form.back).with(viewer.session.cookie)
    } catch let problem as Problem where !problem.fields.isEmpty {
      let typed = ["name", "displayName", "email"].map { ($0, form.line($0)) }
      let entries = Entries(values: Dictionary(uniqueKeysWithValues: typed), problems: problem.fields)
      return signUpPage(entries, back: form.back, status: .unprocessableContent)
    }
  }

  private func signUpPage(_ entries: Entries, back: LocalPath, status: Status = .ok) -> Response {
    Layout("Sign up", summit.assets, for: nil, at: .signUp).response(
      """
      <form class="card sheet" method="post" action="/signup">
      <h1>Sign up</h1>
      \(hidden("back", back.text))
      \(Pages.signUpFields.map { $0.html(entries) })
      <button class="button wide">Sign up</button>
      <p class="aside">You have an account? <a href="/login?back=\(back.text.percentEncoded)">Log in</a></p>
      </form>
      """, status: status)
  }
}
