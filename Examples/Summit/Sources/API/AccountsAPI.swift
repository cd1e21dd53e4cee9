// The API of accounts and sessions.

import HeightsKit

/// Registers and reads accounts, begins and ends sessions.
struct AccountsAPI: Sendable {
  let summit: Summit

  func addRoutes(to router: inout Router) {
    router.post("/api/accounts", create)
    router.get("/api/accounts/{name}", read)
    router.post("/api/sessions", logIn)
    router.delete("/api/sessions", logOut)
    router.get("/api/me", me)
  }

  private struct NewAccount: Decodable {
    let name: String
    let displayName: String?
    let email: String
    let password: String
  }

  private struct Credentials: Decodable {
    let name: String
    let password: String
  }

  private func create(_ request: Request) async throws -> Response {
    let sent = try request.json(NewAccount.self)
    let signUp = try SignUp(
      name: sent.name, displayName: sent.displayName, email: sent.email, password: sent.password)
    let viewer = try await summit.signUp(signUp, by: request)
    return .json(OwnAccount(account: viewer.account), status: .created)
      .with("Location", "/api/accounts/\(viewer.account.name)").with(viewer.session.cookie)
  }

  private func logIn(_ request: Request) async throws -> Response {
    let sent = try request.json(Credentials.self)
    let viewer = try await summit.logIn(name: sent.name, password: sent.password, by: request)
    return .json(OwnAccount(account: viewer.account), status: .created).with(viewer.session.cookie)
  }

  private func logOut(_ request: Request) async throws -> Response {
    try await summit.sessions.end(of: request)
    return Response(status: .noContent).with(summit.sessions.removalCookie)
  }

  private func me(_ request: Request) async throws -> Response {
    .json(OwnAccount(account: try await summit.requireViewer(request)))
  }

  private func read(_ request: Request) async throws -> Response {
    .json(PublicAccount(account: try await summit.account(named: request.parameter("name"))))
  }
}
