// What people see when something went wrong.

import HeightsKit

extension Pages {
  /// Programs get the problem document.
  func problemPage(_ problem: Problem, _ request: Request) -> Response? {
    guard request.prefersHTML, !request.path.hasPrefix("/api/") else { return nil }
    let detail =
      problem.status == .contentTooLarge
      ? "A photo may have up to \(Photo.uploadLimitBytes >> 20) MB." : problem.detail
    let id: HTML? = problem.status.code < 500 ? nil : "<p class=\"hint\">Request \(request.id)</p>"
    return Layout(problem.title, summit.assets, reader: .anybody).response(
      """
      <section class="card sheet problem">
      <p class="code" aria-hidden="true">\(problem.status.code)</p>
      <h1>\(problem.title)</h1>
      \(detail.map { "<p>\($0)</p>" } as HTML?)
      \(id)
      <p><a class="button" href="/">Go to the start</a></p>
      </section>
      """, status: problem.status)
  }
}
