// The plans of the story's audiences, as they were when somebody last looked at them.

import Foundation
import Testing
import Topology

@testable import Planner

@Suite struct GoldenTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  /// Set HEIGHTS_RENEW_GOLDEN=1 to write what is now; then read the difference.
  @Test(arguments: [(10, 3), (1_000, 4), (10_000, 5), (500_000, 6), (10_000_000, 7)])
  func thePlanIsTheOneThatWasLookedAt(users: Int, stage: Int) throws {
    let plan = try Plans.planner().plan(users: users, growthPerMonth: 0.15)
    #expect(plan.stage.number == stage)
    let file = Self.folder.appendingPathComponent("\(users).txt")
    let text = Self.summary(plan)
    if ProcessInfo.processInfo.environment["HEIGHTS_RENEW_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "HEIGHTS_RENEW_GOLDEN=1 writes the plan as it is now")
  }

  private static func summary(_ plan: Plan) -> String {
    var lines = ["\(plan.users) users: stage \(plan.stage.number) in \(plan.regions.joined(separator: ", "))"]
    lines.append("because \(plan.recommendation.reason)")
    lines += plan.tiers.flatMap { tier in
      ["\(tier.title): \(tier.count) × \(tier.instanceType ?? tier.service), \(tier.arrangement)"]
        + tier.uses.map { "  \($0.resource): \(figure($0.used)) of \(figure($0.capacity)) \($0.unit)" }
    }
    lines += plan.costs.map { line in
      "\(line.isEstimate ? "~" : " ")\(figure(line.amount)) USD: \(line.section.rawValue), \(line.item), "
        + "\(line.region ?? "everywhere"), \(figure(line.quantity)) \(line.unit)"
    }
    lines.append("\(figure(plan.costPerMonth)) USD a month")
    lines += plan.availability.paths.map { "\($0.name): promised \(figure($0.promised))" }
    lines.append("expected \(figure(plan.availability.expected))")
    lines += [plan.nextLimit, plan.ceiling].compactMap { limit in
      limit.map { "\($0.tier), \($0.resource) at \(figure($0.users)) users: \($0.remedy)" }
    }
    if let climb = plan.climb {
      lines.append("stage \(climb.to.number) at \(figure(climb.users)) users: \(climb.reason)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func figure(_ value: Double) -> String { String(format: "%.6g", value) }
}
