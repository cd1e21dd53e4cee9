// The pages, and who may see and send what.

import HeightsKit

/// Summit for people: pages made on the server, forms, no scripts.
struct Pages: Sendable {
  let summit: Summit

  func addRoutes(to router: inout Router) {
    router.get("/", home)
    router.get("/popular", popular)
    router.post(
      "/posts", maxBodyBytes: Photo.uploadLimitBytes + 64 << 10,
      admission: { _ = try await summit.requireViewer($0) }, publish)
    router.get("/posts/{id}", post)
    router.post("/posts/{id}/like") { try await setLike(true, $0) }
    router.post("/posts/{id}/unlike") { try await setLike(false, $0) }
    router.get("/@{name}", profile)
    router.post("/@{name}/follow") { try await setFollow(true, $0) }
    router.post("/@{name}/unfollow") { try await setFollow(false, $0) }
    router.get("/signup", signUpPage)
    router.post("/signup", signUp)
    router.get("/login", logInPage)
    router.post("/login", logIn)
    router.post("/logout", logOut)
    router.get("/settings", settings)
    router.post("/settings", changePassword)
    router.post("/settings/sessions/end", endSession)
    router.showProblems(problemPage)
  }
}

extension Pages {
  /// Shows a page to those who are logged in; everybody else has to log in first, and comes back then.
  func forViewer(_ request: Request, _ page: (Viewer) async throws -> Response) async throws -> Response {
    guard let viewer = try await summit.viewer(request) else {
      return Pages.logInFirst(then: request.address)
    }
    return try await page(viewer)
  }

  /// Does what a form asks for, if it comes from a page of the session.
  /// - Throws: `Problem` (403) when it doesn't.
  func submitted(_ request: Request, _ act: (Viewer, Form) async throws -> Response) async throws -> Response
  {
    let form = try request.form()
    guard let viewer = try await summit.viewer(request) else { return Pages.logInFirst(then: form.back) }
    try viewer.session.check(form)
    return try await act(viewer, form)
  }

  private static func logInFirst(then back: LocalPath) -> Response {
    .redirect(to: "/login?back=" + back.text.percentEncoded)
  }
}
