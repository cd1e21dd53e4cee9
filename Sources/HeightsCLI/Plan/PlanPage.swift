// A plan as a page.

import Planner

struct PlanPage {
  let plan: Plan
  let curve: [Plan.Point]
  let title: String
  func write(to path: String) throws {}
}
extension Planner {
  func curve(for plan: Plan) throws -> [Plan.Point] { try curve(from: 10, to: limit, perDecade: 12) }
}
