// A plan as one page: words, bars and a curve, all in one file that needs nothing else.

import Foundation
import Planner
import Topology

/// Renders a plan as HTML.
struct PlanPage {
  let plan: Plan
  let curve: [Plan.Point]
  let title: String

  /// - Throws: `UsageError` when the file can't be written.
  func write(to path: String) throws(UsageError) {
    do {
      try Data(html.utf8).write(to: URL(fileURLWithPath: path))
    } catch {
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
    <title>\(Markup.text("\(title): a plan for \(Figures.grouped(plan.users)) users"))</title>
    <style>
    \(String(decoding: PackageResources.plan_css, as: UTF8.self))
    </style>
    </head>
    <body>
    \(head)
    <main>
    \(shortfalls)\(costs)
    \(curveSection)
    \(utilisation)
    \(availability)
    \(next)
    \(tiers)
    \(bill)
    \(sources)
    </main>
    <footer><p>Made by <code>heights plan</code>. ~ marks what rests on an estimate. Prices are AWS's list prices on \
    demand, without taxes, discounts and support.</p></footer>
    </body>
    </html>

    """
  }

  private func section(_ title: String, note: String = "", style: String = "", _ body: String) -> String {
    let note = note.isEmpty ? "" : "<p class=\"note\">\(Markup.text(note))</p>\n"
    return
      "<section\(style.isEmpty ? "" : " class=\"\(style)\"")>\n<h2>\(Markup.text(title))</h2>\n\(note)\(body)\n</section>"
  }

  private var head: String {
    let recommended = plan.recommendation
    let why =
      recommended.stage == plan.stage
      ? "Why this stage: \(recommended.reason)."
      : "Stage \(recommended.stage.number) is recommended instead: \(recommended.reason)."
    let facts = [
      ("a month", "~" + Dollars.text(plan.costPerMonth)),
      ("a user and month", "~" + Dollars.small(plan.costPerMonth / Double(plan.users))),
      ("requests/s at the peak", "~" + Figures.count(plan.load.requestsPerSecondPeak)),
      ("people in the busiest hour", "~" + Figures.count(plan.load.peakHourPeople)),
      ("expected availability", "~" + PlanText.availability(plan.availability.expected)),
    ].map { "<div><dt>\(Markup.text($0.0))</dt><dd>\(Markup.text($0.1))</dd></div>" }.joined()
    let place = Figures.list(plan.regions)
    return """
      <header><div>
      <h1>\(Markup.text("\(title), \(Figures.grouped(plan.users)) users: stage \(plan.stage.number), \(plan.stage.name)"))</h1>
      <p>\(Markup.text("In \(place). \(why)"))</p>
      <dl class="facts">\(facts)</dl>
      </div></header>
      """
  }

  private var shortfalls: String {
    if plan.shortfalls.isEmpty { return "" }
    let items = plan.shortfalls.map { "<li>\(Markup.text($0))</li>" }.joined()
    return section("This stage can't carry them", style: "wide alert", "<ul class=\"next\">\(items)</ul>")
      + "\n"
  }

  private var costs: String {
    let sections = plan.costsBySection
    let most = sections.map(\.amount).max() ?? 1
    let bars = sections.map { part in
      let share = plan.costPerMonth > 0 ? part.amount / plan.costPerMonth : 0
      return Markup.bar(
        part.section.title,
        "\(Dollars.text(part.amount, isEstimate: part.isEstimate)) · \(Figures.count((share * 100).rounded())) %",
        share: part.amount / most)
    }
    return section("What a month costs", note: "USD, by what it is paid for.", bars.joined(separator: "\n"))
  }

  private var curveSection: String {
    let wide = CostCurve(points: curve, users: plan.users, cost: plan.costPerMonth, width: 560)
    let narrow = CostCurve(points: curve, users: plan.users, cost: plan.costPerMonth, width: 340)
    return section(
      "Cost over users", note: "A month at the recommended stage of each audience; the circle is this plan.",
      wide.svg(style: "broad") + "\n" + narrow.svg(style: "narrow"))
  }

  private var utilisation: String {
    let bars = plan.tiers.flatMap { tier in
      tier.uses.filter { $0.share >= 0.02 }.map { use in
        let style = use.fits ? "" : "bad"
        let allowed = use.target < 1 ? " of \(Figures.count((use.target * 100).rounded())) %" : ""
        return Markup.bar(
          "\(tier.title): \(use.resource)", "\(Figures.count((use.share * 100).rounded())) %\(allowed)",
          share: use.share, mark: use.target < 1 ? use.target : nil, style: style)
      }
    }
    return section(
      "How full it is at the peak",
      note: "After the loss of a zone, where there are several. The line is what may be used.",
      bars.isEmpty ? "<p>Nothing is used by more than 2 %.</p>" : bars.joined(separator: "\n"))
  }

  private var availability: String {
    let report = plan.availability
    let events = report.events.map { event in
      Markup.bar(
        event.name, "~\(PlanText.minutes(event.minutesPerMonth))", share: event.budgetShare,
        style: event.budgetShare > 1 ? "bad" : "")
    }
    let rows = report.paths.map { path in
      [
        path.name, PlanText.availability(path.promised), PlanText.minutes(path.promisedDowntimeMinutes),
        "\(Figures.count((path.budgetShare * 100).rounded())) %",
      ]
    }
    let budget = PlanText.minutes(report.budgetMinutes)
    return section(
      "The error budget: \(PlanText.availability(report.target)), \(budget) a month",
      note: "Outages that are expected in an average month; a full bar is the whole budget.",
      events.joined(separator: "\n")
        + "<p class=\"note\"><br>Together ~\(PlanText.minutes(report.expectedDowntimeMinutes)), "
        + "~\(Figures.count((report.budgetShare * 100).rounded())) % of the budget.</p>"
        + "<h3>What AWS's SLAs promise</h3><p class=\"note\">Composed of all services that a request needs: a floor, "
        + "below which AWS gives money back.</p>"
        + Markup.table(["Path", "Available", "Down a month", "Of the budget"], rows, numbers: [1, 2, 3]))
  }

  private var next: String {
    let items = PlanText.outlook(plan).map { "<li>\(Markup.text($0))</li>" }
    if items.isEmpty { return "" }
    return section(
      "What is reached next", style: "wide", "<ul class=\"next\">\(items.joined(separator: "\n"))</ul>")
  }
}

extension Dollars {
  /// Also what is less than a cent: `$0.0042`.
  static func small(_ amount: Double) -> String {
    amount >= 0.1 || amount == 0 ? text(amount) : "$" + Figures.fixed(amount, digits: amount >= 0.01 ? 3 : 4)
  }
}
