// A rehearsal's report for a terminal.

import Climb

struct RehearsalText {
  let report: Rehearsal.Report

  var text: String { ([verdict] + report.databases.flatMap(lines)).joined(separator: "\n") }

  /// One sentence.
  var verdict: String {
    guard let failure = report.failure else {
      return
        "the climb to stage 3 would go on: rows and answers are the same in both engines. The app is as it was."
    }
    return "the climb to stage 3 would stop: \(failure). The app is as it was."
  }

  private func lines(_ database: Rehearsal.Report.Database) -> [String] {
    ["\(database.name): \(Self.figures(database))"]
      + (database.answers?.differences ?? []).flatMap {
        ["  \($0.statement)", "    SQLite:     \($0.sqlite)", "    PostgreSQL: \($0.postgres)"]
      }
  }

  /// What was compared of a database.
  static func figures(_ database: Rehearsal.Report.Database) -> String {
    guard let answers = database.answers else { return "\(database.rows) rows; answers were not compared" }
    let order = answers.reordered > 0 ? ", \(answers.reordered) of them in another order" : ""
    return
      "\(database.rows) rows; of \(answers.known) uses of its statements \(answers.reads) reads answered\(order), \(answers.writes) writes tried, \(answers.differences.count) not alike"
  }
}
