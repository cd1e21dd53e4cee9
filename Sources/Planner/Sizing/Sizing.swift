// How a group of machines is sized: all choices, what each uses, the cheapest that fits.

/// What was chosen for the members of a tier.
struct Choice: Equatable, Sendable {
  let size: MachineSize
  /// Members in each region that the tier serves: servers, or a leader with its followers.
  var count: Int
  /// Shard ranges in each region.
  var ranges = 1
}

/// Machines that are sized together. Everything that `uses` tells grows with the demand.
protocol Sizing {
  /// Every size with the fewest members that fit, for a whole audience; empty when no size fits.
  func choices(for audience: Demand) -> [Choice]
  /// What the choice uses at the peak, after the loss of a zone.
  func uses(_ choice: Choice, for audience: Demand) -> [ResourceUse]
  /// USD per month in us-east-1 of all that depends on the choice.
  func cost(_ choice: Choice, for audience: Demand) -> Double
  /// The choice in words, such as `3 × c7g.large`.
  func words(_ choice: Choice) -> String
  /// Every size with as many members as can be: where nothing fits, one of these comes nearest.
  func greatest(_ catalog: Catalog) -> [Choice]
}

extension Sizing {
  func words(_ choice: Choice) -> String { "\(choice.count) × \(choice.size.name)" }

  /// The cheapest that fits; of two that cost the same, the one that leaves more room.
  func cheapest(for audience: Demand) -> Choice? {
    choices(for: audience).map { choice in
      let strain = uses(choice, for: audience).tightest?.strain ?? 0
      return (choice, cost(choice, for: audience), strain)
    }.min { ($0.1, $0.2) < ($1.1, $1.2) }?.0
  }

  /// The cheapest that fits; where nothing does, what comes nearest.
  func choice(for audience: Demand) -> Choice? {
    cheapest(for: audience)
      ?? greatest(audience.catalog).min { left, right in
        (uses(left, for: audience).tightest?.strain ?? 0) < (uses(right, for: audience).tightest?.strain ?? 0)
      }
  }

  func fits(_ audience: Demand) -> Bool { !choices(for: audience).isEmpty }
}
