// Stage 1: the launch page and its waitlist.

import Foundation

/// Serves a folder as the launch page, with `POST /api/waitlist` behind its form.
///
/// The folder holds `index.html`, `thanks.html` (after the form was sent) and `error.html`, in which `{{message}}` stands
/// for what was wrong with the address; everything else in it is served under its own name.
public struct Launch: Sendable {
  private let directory: String

  public init(directory: String) { self.directory = directory }

  /// The routes of stage 1.
  public func routes(_ context: AppContext) async throws -> Routes {
    let waitlist = try await Waitlist(context)
    var routes = Routes()
    routes.app.require(Origin.check)
    routes.app.file("/", from: directory, name: "index.html")
    routes.app.files("", from: directory)
    addWaitlist(waitlist, to: &routes.app)
    waitlist.addAdminRoutes(to: &routes.admin)
    return routes
  }

  /// `POST /api/waitlist` and the page that thanks: for the launch page, and for the app after it.
  public func addWaitlist(_ waitlist: Waitlist, to router: inout Router) {
    router.file("/thanks", from: directory, name: "thanks.html")
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
      let message = problem.fields.first?.message ?? problem.title
      let page = try String(contentsOfFile: directory + "/error.html", encoding: .utf8)
        .replacingOccurrences(of: "{{message}}", with: escapedForHTML(message))
      return .bytes(Array(page.utf8), contentType: "text/html; charset=utf-8", status: problem.status)
    }
  }

  private func escapedForHTML(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
  }
}
