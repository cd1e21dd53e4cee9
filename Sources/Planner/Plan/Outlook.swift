// What is reached next, and when: solved from the plan, not looked up.

import Foundation
import Topology

/// Looks ahead from a sized stage.
struct Outlook {
  let sized: Sized
  let ladder: Ladder
  /// The most users that can be planned for.
  let limit: Double
  let growth: Double?

  private var users: Double { sized.audience.users }

  private func audience(_ users: Double) -> Demand {
    Demand(catalog: sized.audience.catalog, profile: sized.audience.profile, users: users)
  }

  /// The first resource of the machines as they are that too many users fill.
  var nextLimit: Plan.Limit? {
    let limits = sized.groups.enumerated().compactMap { index, group -> (Int, Sized.Chosen, Double)? in
      Solver.greatest(upTo: limit) { group.uses(audience($0)).fit }.map { (index, group, $0) }
    }
    guard let (index, group, users) = limits.min(by: { $0.2 < $1.2 }) else { return nil }
    // The solver is exact to a tenth of a per cent: just above it something is too full.
    let beyond = audience(users * 1.002)
    let resource = group.uses(beyond).decisive?.resource ?? ""
    return Plan.Limit(
      tier: group.title, resource: resource, users: users, remedy: remedy(index, beyond),
      months: months(until: users))
  }

  /// What the stage would have for a larger audience; the next stage where that is not enough.
  private func remedy(_ index: Int, _ audience: Demand) -> String {
    let larger = Sized(sized.shape, for: audience)
    return larger.shortfalls.isEmpty ? larger.groups[index].words : beyondTheStage
  }

  /// What there is when a stage is not enough.
  private var beyondTheStage: String {
    sized.shape.stage.next.map { "stage \($0.number)" } ?? "more regions"
  }

  /// The first resource that no size of this stage can give enough of.
  var ceiling: Plan.Limit? {
    let limits = sized.groups.compactMap { group -> (Sized.Chosen, Double)? in
      Solver.greatest(upTo: limit) { group.canFit(audience($0)) }.map { (group, $0) }
    }
    guard let (group, users) = limits.min(by: { $0.1 < $1.1 }) else { return nil }
    let resource = group.nearestUses(audience(users * 1.002)).decisive?.resource ?? ""
    return Plan.Limit(
      tier: group.title, resource: resource, users: users, remedy: beyondTheStage,
      months: months(until: users))
  }

  /// The fewest users for whom a higher stage is recommended.
  var climb: Plan.Climb? {
    let stage = sized.shape.stage
    guard ladder.recommendation(for: audience(limit)).stage > stage else { return nil }
    func isEnough(_ users: Double) -> Bool { ladder.recommendation(for: audience(users)).stage <= stage }
    let users = isEnough(self.users) ? Solver.greatest(upTo: limit, where: isEnough) ?? limit : self.users
    let beyond = ladder.recommendation(for: audience(users * 1.002))
    return Plan.Climb(to: beyond.stage, users: users, reason: beyond.reason, months: months(until: users))
  }

  private func months(until users: Double) -> Double? {
    guard let growth, growth > 0 else { return nil }
    return max(0, log(users / self.users) / log(1 + growth))
  }
}
