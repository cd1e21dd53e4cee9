// The stages one above the other, and which an audience belongs on.

import Topology

/// The shapes of all stages for one app.
struct Ladder: Sendable {
  private let shapes: [Stage: Result<StageShape, TopologyError>]
  private let asksForSeveralRegions: Bool

  init(_ app: AppOutline, regions: [Region], catalog: Catalog, profile: RequestProfile) {
    asksForSeveralRegions = regions.count > 1
    var shapes: [Stage: Result<StageShape, TopologyError>] = [:]
    for stage in Stage.allCases {
      let places = stage.spansRegions ? Self.several(regions) : Array(regions.prefix(1))
      shapes[stage] = Result { () throws(TopologyError) in
        try StageShape(app, at: stage, in: places, catalog, profile)
      }
    }
    self.shapes = shapes
  }

  /// A region that is alone gets a neighbour under the same law, so that no data leaves it; else the one in Virginia or
  /// Ireland.
  private static func several(_ regions: [Region]) -> [Region] {
    guard regions.count == 1 else { return regions }
    let home = regions[0]
    let others = CataloguedRegion.commercial.map(\.region).filter {
      $0.code != home.code && $0.zones.count > 2
    }
    let neighbour =
      others.first { $0.jurisdictions.first == home.jurisdictions.first }
      ?? others.first { ["us-east-1", "eu-west-1"].contains($0.code) }
    return regions + [neighbour].compactMap { $0 }
  }

  func shape(_ stage: Stage) throws(TopologyError) -> StageShape {
    guard let known = shapes[stage] else {
      throw TopologyError(element: "stage \(stage.number)", problem: "can't be planned")
    }
    return try known.get()
  }

  /// The lowest stage that answers every need and can carry the load.
  func recommendation(for audience: Demand) -> Plan.Recommendation {
    let needs = Need.all(audience)
    let met = needs.filter(\.isMet)
    var stage = met.map(\.stage).max() ?? .singleServer
    var reason =
      met.last { $0.stage == stage }?.reason ?? "one server carries the first users, and is cheapest"
    if asksForSeveralRegions {
      (stage, reason) = (.sharded, "several regions are asked for")
    }
    while let next = stage.next, let shortfall = shortfall(stage, audience) {
      reason = "stage \(stage.number) can't carry the load: \(shortfall)"
      stage = next
    }
    return Plan.Recommendation(stage: stage, reason: reason, needs: needs)
  }

  /// What the stage can't carry; nil when it can, or when it can't be in these regions, which is told when it is planned.
  private func shortfall(_ stage: Stage, _ audience: Demand) -> String? {
    guard case .success(let shape)? = shapes[stage] else { return nil }
    let sized = Sized(shape, for: audience)
    return sized.shortfalls.first.map { "\($0.group), \($0.use.resource)" }
  }
}
