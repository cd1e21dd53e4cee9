// Stage 1: the launch page and its waitlist.

import Foundation

/// Serves a folder as the launch page, with `POST /api/waitlist` behind its form.
///
/// The folder holds `index.html`, `thanks.html` (after the form was sent) and `error.html`, in which `{{message}}` stands
/// for what went wrong; everything else in it is served under its own name. What the pages refer to belongs in `assets/`,
/// by its absolute path (`/assets/launch.css`): that folder stays at its address when the app takes over.
public struct Launch: Sendable {
  private let directory: String

  /// - Parameter directory: the folder; from the process's working directory when it is not absolute.
  public init(directory: String) { self.directory = directory }

  /// The routes of stage 1.
  public func routes(_ context: AppContext) async throws -> Routes {
    let waitlist = try await Waitlist(context)
    var routes = Routes()
    routes.app.require(Origin.check)
    routes.app.showProblems(problemPage)
    routes.app.file("/", from: directory, name: "index.html")
    routes.app.files("", from: directory)
    addWaitlist(waitlist, to: &routes.app)
    waitlist.addAdminRoutes(to: &routes.admin)
    return routes
  }

  /// `POST /api/waitlist`, the page that thanks and what it refers to: for the launch page, and for the app after it.
  public func addWaitlist(_ waitlist: Waitlist, to router: inout Router) {
    router.file("/thanks", from: directory, name: "thanks.html")
    router.files("/assets", from: directory + "/assets")
    router.post("/api/waitlist") { request in
      if case .form(let form) = request.body { return try await joinByForm(form, waitlist) }
      let address = try Launch.address(request.json(Entry.self).email)
      try await waitlist.join(address)
      return .json(Joined(email: address.description), status: .created)
    }
  }

  private struct Entry: Decodable {
    let email: String
  }

  private struct Joined: JSONWritable {
    let email: String

    func write(to json: inout JSONWriter) { json.object { $0.member("email", email) } }
  }

  private static func address(_ text: String) throws -> EmailAddress {
    do {
      return try EmailAddress(text.trimmingCharacters(in: .whitespaces))
    } catch {
      throw Problem.invalid([Problem.Field("email", "\(error)")])
    }
  }

  private func joinByForm(_ form: Form, _ waitlist: Waitlist) async throws -> Response {
    do {
      try await waitlist.join(Launch.address(form["email"] ?? ""))
      return .redirect(to: "/thanks")
    } catch let problem as Problem {
      return try errorPage(problem)
    }
  }

  /// Shows people what went wrong on a page. For programs, and for want of a page, the problem document has to do.
  private func problemPage(_ problem: Problem, _ request: Request) -> Response? {
    guard request.prefersHTML, !request.path.hasPrefix("/api/") else { return nil }
    return try? errorPage(problem)
  }

  private func errorPage(_ problem: Problem) throws -> Response {
    let message: HTML = "\(problem.fields.first?.message ?? problem.title)"
    let page = try String(contentsOfFile: directory + "/error.html", encoding: .utf8)
    return .html(
      HTML(verbatim: page.replacingOccurrences(of: "{{message}}", with: message.text)), status: problem.status
    )
  }
}
