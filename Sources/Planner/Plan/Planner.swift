// From users to a plan.

import Foundation
import Topology
import Workload

/// Plans an app for any audience: which stage, what it takes, what it costs. Pure: the same input gives the same plan.
public struct Planner: Sendable {
  /// What is planned for.
  public let app: AppOutline
  let catalog: Catalog
  private let profile: RequestProfile
  private let regions: [Region]

  /// - Parameters:
  ///   - workload: what people do; one in which nothing comes that is planned for is taken for the standard one.
  ///   - regions: codes, the first where the app begins; for stage 7 a neighbour under the same law joins one that is alone.
  /// - Throws: `PlanError` for regions that don't exist or have no prices.
  public init(
    _ app: AppOutline, workload: Workload = .standard, catalog: Catalog, regions: [String] = ["us-east-1"]
  ) throws(PlanError) {
    self.app = app
    self.catalog = catalog
    profile = RequestProfile(workload, catalog)
    var found: [Region] = []
    for code in regions {
      guard let known = CataloguedRegion.named(code) else { throw .unknownRegion(code) }
      if catalog.regional("priceFactor", of: code) == nil { throw .unpricedRegion(code) }
      if found.contains(where: { $0.code == code }) { throw .repeatedRegion(code) }
      found.append(known.region)
    }
    self.regions = found
  }

  /// The most users that can be planned for.
  public var limit: Int { Int(catalog.value(.needRangeUsers)) }

  /// The plan for `users` people a month, at the stage that they need or at `stage`.
  /// - Parameter growthPerMonth: users more in each month as a share, to tell when limits are reached.
  /// - Throws: `PlanError` for users out of range and for stages that can't be in the regions.
  public func plan(users: Int, stage: Stage? = nil, growthPerMonth: Double? = nil) throws(PlanError) -> Plan {
    guard (1...limit).contains(users) else { throw .usersOutOfRange(users, limit: limit) }
    let ladder = Ladder(app, regions: regions, catalog: catalog, profile: profile)
    let audience = Demand(catalog: catalog, profile: profile, users: Double(users))
    let recommendation = ladder.recommendation(for: audience)
    let stage = stage ?? recommendation.stage
    if !stage.spansRegions, regions.count > 1 { throw .oneRegionOnly(stage, count: regions.count) }
    do {
      let sized = Sized(try ladder.shape(stage), for: audience)
      return try plan(sized, recommendation, ladder, growthPerMonth)
    } catch {
      throw .topology(error)
    }
  }

  private func plan(
    _ sized: Sized, _ recommendation: Plan.Recommendation, _ ladder: Ladder, _ growth: Double?
  ) throws(TopologyError) -> Plan {
    let costs = Bill.lines(of: sized)
    let demand = sized.audience
    let outlook = Outlook(sized: sized, ladder: ladder, limit: Double(limit), growth: growth)
    return Plan(
      users: Int(demand.users), stage: sized.shape.stage, recommendation: recommendation,
      regions: sized.shape.regions.map(\.code), assumptions: assumptions, load: Plan.Load(demand),
      tiers: TierList(sized: sized).tiers, costs: costs, costPerMonth: costs.reduce(0) { $0 + $1.amount },
      availability: AvailabilityReport(sized), nextLimit: outlook.nextLimit, ceiling: outlook.ceiling,
      climb: outlook.climb,
      shortfalls: sized.shortfallTexts, growthPerMonth: growth, topology: try sized.topology())
  }

  private var assumptions: [String: Constant] {
    [
      Catalog.Key.usersDauRatio, .usersRequestsPerUserDay, .usersPeakToMean, .appMsPerRequest,
      .appUtilisation,
      .contentBytesPerRequest, .sizingDataMonths,
    ].named(catalog)
  }

  /// The costs of recommended stages for growing audiences: `perDecade` points for each factor of ten.
  public func curve(from first: Int, to last: Int, perDecade: Int) throws(PlanError) -> [Plan.Point] {
    let ladder = Ladder(app, regions: regions, catalog: catalog, profile: profile)
    let decades = log10(Double(last) / Double(first))
    let steps = max(1, Int((decades * Double(perDecade)).rounded()))
    do {
      return try (0...steps).map { step throws(TopologyError) in
        let users = (Double(first) * pow(10, decades * Double(step) / Double(steps))).rounded()
        let audience = Demand(catalog: catalog, profile: profile, users: users)
        let stage = ladder.recommendation(for: audience).stage
        let lines = Bill.lines(of: Sized(try ladder.shape(stage), for: audience))
        return Plan.Point(
          users: Int(users), stage: stage, costPerMonth: lines.reduce(0) { $0 + $1.amount })
      }
    } catch {
      throw .topology(error)
    }
  }
}

extension Plan.Load {
  init(_ demand: Demand) {
    activeUsersPerDay = demand.activeUsers
    peakHourPeople = demand.peakHourPeople
    requestsPerSecondMean = demand.meanRequests
    requestsPerSecondPeak = demand.peakRequests
    requestsPerMonth = demand.requestsPerMonth
    databaseGiB = demand.databaseGiB
    databaseGrowthGiBPerMonth = demand.databaseGrowthGiB
    objectsGiB = demand.objectGiB
    objectsGrowthGiBPerMonth = demand.objectGrowthGiB
  }
}

extension Sized {
  var shortfallTexts: [String] {
    shortfalls.map { group, use in
      "\(group): \(use.resource) would be at \(Figures.count(use.share * 100)) % of what the largest has; "
        + "\(Figures.count(use.target * 100)) % may be used"
    }
  }
}
