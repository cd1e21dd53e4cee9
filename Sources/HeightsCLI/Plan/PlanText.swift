// A plan as tables for a terminal, within 100 columns.

import Planner
import Topology

/// Renders a plan as text; `~` marks what rests on an estimate.
struct PlanText {
  let plan: Plan
  let title: String
  let output: Output

  var text: String {
    [head, load, tiers, costs, availability, outlook, note].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func heading(_ text: String) -> String { output.styled(text, .bold) }

  private var head: String {
    let regions = Figures.list(plan.regions)
    let title =
      "\(title), \(Figures.grouped(plan.users)) users: stage \(plan.stage.number), \(plan.stage.name), "
      + "~\(Dollars.text(plan.costPerMonth)) a month in \(regions)"
    var lines = [heading(Help.wrap(title, indent: 0))]
    let recommended = plan.recommendation
    if recommended.stage == plan.stage {
      lines.append(Help.wrap("Why: \(recommended.reason).", indent: 0))
    } else {
      lines.append(
        output.styled(
          Help.wrap("Stage \(recommended.stage.number) is recommended: \(recommended.reason).", indent: 0),
          .warning))
    }
    return (lines + plan.shortfalls.map { output.styled("Can't carry it: \($0).", .bad) }).joined(
      separator: "\n")
  }

  private var load: String {
    let load = plan.load
    let months = Figures.count(plan.assumptions[Catalog.Key.sizingDataMonths.rawValue]?.value ?? 12)
    return Table.pairs([
      (
        "people",
        "~\(Figures.count(load.activeUsersPerDay)) on an average day, "
          + "~\(Figures.count(load.peakHourPeople)) in the busiest hour"
      ),
      (
        "requests",
        "~\(Figures.count(load.requestsPerSecondMean))/s on average, ~\(Figures.count(load.requestsPerSecondPeak))/s "
          + "at the peak"
      ),
      (
        "data",
        "~\(Figures.count(load.databaseGiB)) GiB in databases and ~\(Figures.count(load.objectsGiB)) GiB of files "
          + "after \(months) months"
      ),
    ])
  }

  private var tiers: String {
    let rows = plan.tiers.map { tier in
      let given = tier.instanceType.map { "\(tier.count) × \($0)" } ?? tier.service
      let use =
        tier.tightest.map { "\($0.resource) \(Self.percent($0.share)) of \(Self.percent($0.target))" } ?? ""
      return [tier.title, Self.asked(tier.offered), given, use]
    }
    return Table.text(["TIER", "ASKED FOR AT THE PEAK", "GIVEN", "FULLEST"], rows)
  }

  private static func asked(_ offered: TierPlan.Offered) -> String {
    if offered.writesPeak > 0 {
      return "\(Figures.count(offered.readsPeak)) reads + \(Figures.count(offered.writesPeak)) writes/s"
    }
    return offered.requestsPeak > 0 ? "\(Figures.count(offered.requestsPeak))/s" : ""
  }

  private static func percent(_ share: Double) -> String { "\(Figures.count((share * 100).rounded())) %" }

  private var costs: String {
    var rows: [(String, String)] = []
    for (section, amount, isEstimate) in plan.costsBySection where amount >= 0.005 {
      rows.append((section.title, Dollars.text(amount, isEstimate: isEstimate)))
      rows += lines(of: section)
    }
    rows.append(("Total", Dollars.text(plan.costPerMonth, isEstimate: true)))
    let nameWidth = rows.map(\.0.count).max() ?? 0
    let amountWidth = rows.map(\.1.count).max() ?? 0
    let lines = rows.map { name, amount in
      "  " + name + String(repeating: " ", count: nameWidth - name.count + amountWidth - amount.count + 2)
        + amount
    }
    let each =
      plan.regions.count > 1 ? ", of \(plan.regions.count) regions together; items are those of each" : ""
    return heading("COST PER MONTH, USD\(each)") + "\n" + lines.joined(separator: "\n")
  }

  /// Those of all regions that are for the same in one; what is less than half a cent is left out.
  private func lines(of section: CostLine.Section) -> [(String, String)] {
    var merged: [(item: String, amount: Double, isEstimate: Bool)] = []
    for line in plan.costs where line.section == section {
      if let index = merged.firstIndex(where: { $0.item == line.item }) {
        merged[index].amount += line.amount
        merged[index].isEstimate = merged[index].isEstimate || line.isEstimate
      } else {
        merged.append((line.item, line.amount, line.isEstimate))
      }
    }
    return merged.filter { $0.amount >= 0.005 }.map { line in
      ("  " + line.item, Dollars.text(line.amount, isEstimate: line.isEstimate))
    }
  }

  private var availability: String {
    let report = plan.availability
    var rows = report.paths.map { path in
      [
        "\(path.name), by SLAs", Self.availability(path.promised), Self.minutes(path.promisedDowntimeMinutes),
        Self.percent(path.budgetShare),
      ]
    }
    rows.append([
      "expected outages", "~" + Self.availability(report.expected),
      "~" + Self.minutes(report.expectedDowntimeMinutes),
      "~" + Self.percent(report.budgetShare),
    ])
    let title =
      "AVAILABILITY, target \(Self.availability(report.target)): \(Self.minutes(report.budgetMinutes)) a month"
    return heading(title) + "\n"
      + Table.text(["", "AVAILABLE", "DOWN A MONTH", "OF THE BUDGET"], rows).indented
      + "\n"
      + Help.wrap(
        "The first rows are composed of AWS's SLAs: a floor, below which AWS gives money back. The last is reckoned "
          + "from rates of failure and times of recovery.", indent: 2
      ).prefixed("  ")
  }

  static func availability(_ share: Double) -> String {
    let digits = share >= 0.99995 ? 4 : share >= 0.9995 ? 3 : 2
    return Figures.fixed(share * 100, digits: digits) + " %"
  }

  static func minutes(_ minutes: Double) -> String {
    minutes < 90 ? "\(Figures.count(minutes)) min" : "\(Figures.count(minutes / 60)) h"
  }

  private var outlook: String {
    let lines = Self.outlook(plan)
    guard !lines.isEmpty else { return "" }
    return heading("NEXT") + "\n" + lines.map { "  " + Help.wrap($0, indent: 2) }.joined(separator: "\n")
  }

  /// What is reached next, in sentences.
  static func outlook(_ plan: Plan) -> [String] {
    var lines: [String] = []
    if let limit = plan.nextLimit {
      lines.append(
        "Next limit: \(limit.tier), \(limit.resource), at ~\(Figures.rough(limit.users)) users\(when(limit.months)); "
          + "then \(limit.remedy).")
    }
    if let ceiling = plan.ceiling {
      lines.append(
        "Stage \(plan.stage.number) ends where no size is enough: \(ceiling.tier), \(ceiling.resource), at "
          + "~\(Figures.rough(ceiling.users)) users\(when(ceiling.months)); then \(ceiling.remedy).")
    }
    if let climb = plan.climb {
      let start =
        climb.users <= Double(plan.users)
        ? "now" : "at ~\(Figures.rough(climb.users)) users\(when(climb.months))"
      lines.append(
        "Climb to stage \(climb.to.number) \(start): "
          + "\(climb.reason).")
    }
    return lines
  }

  private static func when(_ months: Double?) -> String {
    guard let months else { return "" }
    return months < 1 ? ", within a month" : ", in \(Figures.count(months.rounded())) months"
  }

  private var note: String {
    output.styled(
      "~ rests on an estimate. Sources and dates of all figures: --json; how they come about: docs/plan.md.",
      .dim)
  }
}

/// Amounts of money.
enum Dollars {
  /// `$7.42`, `$1,234`, `~$12`.
  static func text(_ amount: Double, isEstimate: Bool = false) -> String {
    let mark = isEstimate ? "~" : ""
    if amount >= 0.005, amount < 100 { return "\(mark)$\(Figures.fixed(amount, digits: 2))" }
    return amount < 0.005 ? "\(mark)$0.00" : "\(mark)$\(Figures.grouped(Int(min(amount, 1e15).rounded())))"
  }
}

extension String {
  fileprivate func prefixed(_ prefix: String) -> String { prefix + self }

  /// Each line two spaces further in.
  fileprivate var indented: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
  }
}
