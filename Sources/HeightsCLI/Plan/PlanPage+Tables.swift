// The page's tables: tiers, every line of the bill, every constant with its source.

import Planner

extension PlanPage {
  private func panel(_ title: String, _ table: String, isOpen: Bool = false) -> String {
    "<section class=\"wide\"><details\(isOpen ? " open" : "")><summary>\(Markup.text(title))</summary>\(table)</details></section>"
  }

  var tiers: String {
    let rows = plan.tiers.map { tier in
      [
        tier.title, tier.instanceType.map { "\(tier.count) × \($0)" } ?? tier.service, tier.arrangement,
        rate(tier.offered.requestsMean), rate(tier.offered.requestsPeak), rate(tier.offered.readsPeak),
        rate(tier.offered.writesPeak), bytes(tier.offered.bytesPeak), size(tier.offered.storageGiB),
        size(tier.offered.growthGiB),
      ]
    }
    return panel(
      "Tiers",
      Markup.table(
        [
          "Tier", "Given", "Arranged", "Mean /s", "Peak /s", "Reads /s", "Writes /s", "MB/s", "GiB kept",
          "GiB a month",
        ], rows, numbers: [3, 4, 5, 6, 7, 8, 9]), isOpen: true)
  }

  private func rate(_ value: Double) -> String { value > 0 ? Figures.count(value) : "" }
  private func bytes(_ value: Double) -> String { value > 0 ? Figures.count(value / 1e6) : "" }
  private func size(_ value: Double) -> String { value > 0 ? Figures.count(value) : "" }

  var bill: String {
    let rows = plan.costs.map { line in
      [
        line.section.title, line.item, line.region ?? "", Figures.count(line.quantity), line.unit,
        Dollars.text(line.amount, isEstimate: line.isEstimate),
      ]
    }
    return panel(
      "Every line of the bill",
      Markup.table(["For", "Item", "Region", "Quantity", "Unit", "USD"], rows, numbers: [3, 5]))
  }

  /// Every constant that the page rests on.
  var sources: String {
    var constants = plan.assumptions
    let parts =
      plan.costs.map(\.constants) + plan.availability.paths.flatMap { $0.members.map(\.constants) }
      + plan.availability.events.map(\.constants)
    for part in parts { constants.merge(part) { first, _ in first } }
    let rows = constants.sorted { $0.key < $1.key }.map { path, constant in
      [
        path, (constant.isEstimate ? "~" : "") + number(constant.value), constant.unit, constant.source,
        constant.asOf,
      ]
    }
    return panel(
      "Where the figures come from",
      Markup.table(["Constant", "Value", "Unit", "Source", "As of"], rows, numbers: [1], wraps: [3]))
  }

  private func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension Planner {
  /// The points of the page's curve: from ten users to as many as can be planned for.
  func curve(for plan: Plan) throws(PlanError) -> [Plan.Point] {
    try curve(from: min(10, plan.users), to: limit, perDecade: 12)
  }
}
