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
    let regions = plan.regions.joined(separator: " and ")
    var lines = [
      heading(
        "\(title), \(Figures.grouped(plan.users)) users: stage \(plan.stage.number), \(plan.stage.name), "
          + "~\(Dollars.text(plan.costPerMonth)) a month in \(regions)")
    ]
    let recommended = plan.recommendation
    if recommended.stage == plan.stage {
      lines.append(Help.wrap("Why: \(recommended.reason).", indent: 0))
    } else {
      lines.append(
        output.styled(
          Help.wrap("Stage \(recommended.stage.number) is recommended: \(recommended.reason).", indent: 0), .warning))
    }
    return (lines + plan.shortfalls.map { output.styled("Can't carry it: \($0).", .bad) }).joined(separator: "\n")
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
      let use = tier.tightest.map { "\($0.resource) \(Self.percent($0.share)) of \(Self.percent($0.target))" } ?? ""
      return [tier.title, Self.asked(tier.offered), given, tier.arrangement, use]
    }
    return Table.text(["TIER", "AT THE PEAK", "GIVEN", "ARRANGED", "FULLEST"], rows.map(Self.narrowed))
  }

  /// Rows that would be too wide lose their arrangement's end.
  private static func narrowed(_ row: [String]) -> [String] { row }

  private static func asked(_ offered: TierPlan.Offered) -> String {
    if offered.writesPeak > 0 {
      return "\(Figures.count(offered.readsPeak)) reads/s, \(Figures.count(offered.writesPeak)) writes/s"
    }
    return offered.requestsPeak > 0 ? "\(Figures.count(offered.requestsPeak))/s" : ""
  }

  private static func percent(_ share: Double) -> String { "\(Figures.count((share * 100).rounded())) %" }

  private var costs: String {
    var rows: [(String, String)] = []
    for (section, amount, isEstimate) in plan.costsBySection {
      rows.append((section.title, Dollars.text(amount, isEstimate: isEstimate)))
      for line in plan.costs where line.section == section {
        let region = plan.regions.count > 1 ? line.region.map { ", \($0)" } ?? "" : ""
        rows.append(("  " + line.item + region, Dollars.text(line.amount, isEstimate: line.isEstimate)))
      }
    }
    rows.append(("Total", Dollars.text(plan.costPerMonth, isEstimate: true)))
    let nameWidth = rows.map(\.0.count).max() ?? 0
    let amountWidth = rows.map(\.1.count).max() ?? 0
    let lines = rows.map { name, amount in
      "  " + name + String(repeating: " ", count: nameWidth - name.count + amountWidth - amount.count + 2) + amount
    }
    return heading("COST PER MONTH, USD") + "\n" + lines.joined(separator: "\n")
  }

  private var availability: String {
    let report = plan.availability
    var rows = report.paths.map { path in
      [
        path.name, Self.availability(path.promised), Self.minutes(path.promisedDowntimeMinutes),
        Self.percent(path.budgetShare),
      ]
    }
    rows.append([
      "expected", "~" + Self.availability(report.expected), "~" + Self.minutes(report.expectedDowntimeMinutes),
      "~" + Self.percent(report.budgetShare),
    ])
    let title = "AVAILABILITY, target \(Self.availability(report.target)): \(Self.minutes(report.budgetMinutes)) a month"
    return heading(title) + "\n"
      + Table.text(["", "AVAILABLE", "DOWN A MONTH", "OF THE BUDGET"], rows).indented
      + "\n"
      + Help.wrap(
        "  Reads, writes and files are composed of AWS's SLAs: a floor below which it gives money back. Expected is "
          + "reckoned from rates of failure and times of recovery.", indent: 2)
  }

  private static func availability(_ share: Double) -> String {
    let digits = share >= 0.99995 ? 4 : share >= 0.9995 ? 3 : 2
    return Figures.fixed(share * 100, digits: digits) + " %"
  }

  private static func minutes(_ minutes: Double) -> String {
    minutes < 90 ? "\(Figures.count(minutes)) min" : "\(Figures.count(minutes / 60)) h"
  }

  private var outlook: String {
    var lines: [String] = []
    if let limit = plan.nextLimit {
      lines.append(
        "Next limit: \(limit.tier), \(limit.resource), at ~\(Figures.count(limit.users)) users\(Self.when(limit.months)); "
          + "then \(limit.remedy).")
    }
    if let climb = plan.climb {
      lines.append(
        "Climb to stage \(climb.to.number) at ~\(Figures.count(climb.users)) users\(Self.when(climb.months)): "
          + "\(climb.reason).")
    }
    guard !lines.isEmpty else { return "" }
    return heading("NEXT") + "\n" + lines.map { "  " + Help.wrap($0, indent: 2) }.joined(separator: "\n")
  }

  private static func when(_ months: Double?) -> String {
    guard let months else { return "" }
    return months < 1 ? ", within a month" : ", in \(Figures.count(months.rounded())) months"
  }

  private var note: String {
    output.styled(
      "~ rests on an estimate. Sources and dates of all figures: --json; how they come about: docs/plan.md.", .dim)
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
  /// Each line two spaces further in.
  fileprivate var indented: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
  }
}
