// A rehearsal's report as one page that needs nothing else.

import Climb
import Foundation

struct RehearsalPage {
  let report: Rehearsal.Report
  let title: String

  /// - Throws: `UsageError` when the file can't be written.
  func write(to path: String) throws(UsageError) {
    do { try Data(html.utf8).write(to: URL(fileURLWithPath: path)) } catch {
      throw UsageError("--html is '\(path)': it can't be written; is its folder there?")
    }
  }

  var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(Markup.text("\(title): a rehearsal of the climb to stage 3"))</title>
    <style>
    \(String(decoding: PackageResources.plan_css, as: UTF8.self))
    </style>
    </head>
    <body>
    <header><h1>\(Markup.text(title))</h1>
    <p>\(Markup.text(RehearsalText(report: report).verdict))</p></header>
    <main>
    \(report.databases.map(section).joined(separator: "\n"))
    </main>
    <footer><p>Made by <code>heights climb --rehearse</code>. Statements are those that the app has run, with parameters of real
    requests, which are not shown.</p></footer>
    </body>
    </html>

    """
  }

  private func section(_ database: Rehearsal.Report.Database) -> String {
    let differences = (database.answers?.differences ?? []).map { [$0.statement, $0.sqlite, $0.postgres] }
    let table =
      differences.isEmpty
      ? "" : Markup.table(["Statement", "SQLite", "PostgreSQL"], differences, wraps: [0, 1, 2])
    return """
      <section>
      <h2>\(Markup.text(database.name))</h2>
      <p class="note">\(Markup.text(RehearsalText.figures(database)))</p>
      \(table)
      </section>
      """
  }
}
