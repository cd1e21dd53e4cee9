// The cost over the number of users, with the stages as bands: both axes by factors of ten.

import Foundation
import Planner
import Topology

/// A drawing of a given width; its words keep their size, so a narrow one is drawn for phones.
struct CostCurve {
  let points: [Plan.Point]
  let users: Int
  let cost: Double
  let width: Double
  private let height = 340.0
  private let left = 58.0
  private let right = 22.0
  private let top = 30.0
  private let bottom = 44.0

  private var usersRange: (Double, Double) {
    (log10(Double(points[0].users)), log10(Double(points[points.count - 1].users)))
  }

  /// Whole factors of ten around all costs.
  private var costRange: (Double, Double) {
    let costs = (points.map(\.costPerMonth) + [cost]).map { log10(max($0, 0.01)) }
    return (floor(costs.min() ?? 0), ceil(costs.max() ?? 1))
  }

  private func x(_ users: Double) -> Double {
    let (low, high) = usersRange
    return left + (log10(users) - low) / (high - low) * (width - left - right)
  }

  private func y(_ cost: Double) -> Double {
    let (low, high) = costRange
    return height - bottom - (log10(max(cost, 0.01)) - low) / max(1, high - low) * (height - top - bottom)
  }

  func svg(style: String) -> String {
    guard points.count > 1 else { return "" }
    return """
      <svg class="chart \(style)" viewBox="0 0 \(Markup.number(width)) \(Markup.number(height))" role="img" \
      aria-label="Cost per month over users, from \(label(points[0])) to \(label(points[points.count - 1]))">
      \(bands)
      \(grid)
      <polyline class="curve" points="\(points.map { at(Double($0.users), $0.costPerMonth) }.joined(separator: " "))"/>
      \(here)
      </svg>
      """
  }

  private func label(_ point: Plan.Point) -> String {
    "\(Dollars.text(point.costPerMonth)) for \(Figures.grouped(point.users)) users"
  }

  private func at(_ users: Double, _ cost: Double) -> String {
    "\(Markup.number(x(users))),\(Markup.number(y(cost)))"
  }

  /// A band for every second stage, and the stage's number over each.
  private var bands: String {
    var bands: [String] = []
    var start = 0
    for index in points.indices
    where index == points.count - 1 || points[index + 1].stage != points[index].stage {
      let from = start == 0 ? left : (x(Double(points[start].users)) + x(Double(points[start - 1].users))) / 2
      let to =
        index == points.count - 1
        ? width - right : (x(Double(points[index].users)) + x(Double(points[index + 1].users))) / 2
      let stage = points[index].stage
      if stage.number % 2 == 1 {
        bands.append(
          "<rect class=\"band\" x=\"\(Markup.number(from))\" y=\"\(Markup.number(top))\" "
            + "width=\"\(Markup.number(to - from))\" height=\"\(Markup.number(height - top - bottom))\"/>")
      }
      bands.append(
        "<text class=\"strong\" text-anchor=\"middle\" x=\"\(Markup.number((from + to) / 2))\" y=\"20\">"
          + "\(width > 500 ? "stage " : "")\(stage.number)</text>")
      start = index + 1
    }
    return bands.joined(separator: "\n")
  }

  private var grid: String {
    let (low, high) = costRange
    let costs = stride(from: low, through: high, by: 1).map { exponent in
      let cost = pow(10, exponent)
      return "<line class=\"grid\" x1=\"\(Markup.number(left))\" x2=\"\(Markup.number(width - right))\" "
        + "y1=\"\(Markup.number(y(cost)))\" y2=\"\(Markup.number(y(cost)))\"/>"
        + "<text text-anchor=\"end\" x=\"\(Markup.number(left - 6))\" y=\"\(Markup.number(y(cost) + 4))\">"
        + "$\(Self.short(cost))</text>"
    }
    let (first, last) = usersRange
    let step = width > 500 ? 1.0 : 2.0
    let users = stride(from: ceil(first), through: last, by: step).map { exponent in
      let users = pow(10, exponent)
      return "<line class=\"grid\" x1=\"\(Markup.number(x(users)))\" x2=\"\(Markup.number(x(users)))\" "
        + "y1=\"\(Markup.number(top))\" y2=\"\(Markup.number(height - bottom))\"/>"
        + "<text text-anchor=\"middle\" x=\"\(Markup.number(x(users)))\" y=\"\(Markup.number(height - bottom + 18))\">"
        + "\(Self.short(users))</text>"
    }
    let title =
      "<text text-anchor=\"end\" x=\"\(Markup.number(width - right))\" y=\"\(Markup.number(height - 6))\">users</text>"
    return (costs + users + [title]).joined(separator: "\n")
  }

  private static func short(_ value: Double) -> String {
    switch value {
    case 1e9...: "\(Figures.count(value / 1e9))G"
    case 1e6...: "\(Figures.count(value / 1e6))M"
    case 1e3...: "\(Figures.count(value / 1e3))k"
    default: Figures.count(value)
    }
  }

  private var here: String {
    let isRight = x(Double(users)) > width / 2
    return
      "<circle class=\"here\" cx=\"\(Markup.number(x(Double(users))))\" cy=\"\(Markup.number(y(cost)))\" r=\"6\"/>"
      + "<text class=\"strong\" text-anchor=\"\(isRight ? "end" : "start")\" "
      + "x=\"\(Markup.number(x(Double(users)) + (isRight ? -12 : 12)))\" "
      + "y=\"\(Markup.number(y(cost) + (isRight ? -6 : 18)))\">\(Dollars.text(cost))</text>"
  }
}
