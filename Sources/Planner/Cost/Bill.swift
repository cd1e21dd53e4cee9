// The monthly bill in the making: each line is a quantity, a price and what both rest on.

import Topology

/// Collects the lines of a bill.
struct Bill {
  let catalog: Catalog
  private(set) var lines: [CostLine] = []

  init(_ catalog: Catalog) { self.catalog = catalog }

  /// A line at a price of the catalog, in a region's prices where one is named. Nothing is added for nothing.
  mutating func add(
    _ section: CostLine.Section, _ item: String, _ quantity: Double, _ unit: String, at key: Catalog.Key,
    in region: String? = nil, from basis: [Catalog.Key] = [], free: Double = 0
  ) {
    let paid = max(0, quantity - free)
    add(
      section, item, quantity, unit, amount: paid * catalog.value(key), in: region, from: basis + [key])
  }

  /// A line whose amount was worked out, before the region's price factor.
  mutating func add(
    _ section: CostLine.Section, _ item: String, _ quantity: Double, _ unit: String, amount: Double,
    in region: String? = nil, from basis: [Catalog.Key], and others: [String: Constant] = [:],
    hasRegionalPrice: Bool = true
  ) {
    guard quantity > 0 else { return }
    var constants = others
    for key in basis { constants[key.rawValue] = catalog[key] }
    var factor = 1.0
    if let region, hasRegionalPrice, let known = catalog.regional("priceFactor", of: region), known.value != 1
    {
      factor = known.value
      constants["regions/aws/\(region)/priceFactor"] = known
    }
    lines.append(
      CostLine(
        section: section, item: item, region: region, quantity: quantity, unit: unit, amount: amount * factor,
        constants: constants))
  }

  /// Machines for a month.
  mutating func add(
    _ section: CostLine.Section, machines count: Double, _ size: MachineSize, _ table: String, _ item: String,
    in region: String
  ) {
    let hours = count * catalog.value(.sizingHoursPerMonth)
    add(
      section, item, hours, "hours", amount: hours * size.perHour.value, in: region, from: [],
      and: ["instances/\(table)/\(size.name)/perHour": size.perHour])
  }
}

/// A price that falls with the quantity.
struct PriceSteps {
  /// Each price holds for so many units, the last for all others.
  let steps: [(units: Double, price: Double)]

  func amount(_ quantity: Double) -> Double {
    var rest = max(0, quantity)
    var amount = 0.0
    for step in steps {
      let units = min(rest, step.units)
      amount += units * step.price
      rest -= units
    }
    return amount
  }
}
