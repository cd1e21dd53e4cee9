// The answer of the planner: what to run for an audience, what it costs, how far it carries.

import Topology

/// A stage sized for an audience. As JSON it has these members, and of each figure what it rests on.
public struct Plan: Codable, Equatable, Sendable {
  /// People in a month.
  public let users: Int
  public let stage: Stage
  public let recommendation: Recommendation
  /// The codes of the regions, the first where the app began.
  public let regions: [String]
  /// Figures of the audience that the plan rests on, by their path in the catalog.
  public let assumptions: [String: Constant]
  public let load: Load
  public let tiers: [TierPlan]
  public let costs: [CostLine]
  /// USD.
  public let costPerMonth: Double
  public let availability: AvailabilityReport
  /// What is full first when nothing is changed, and what it then takes.
  public let nextLimit: Limit?
  /// What no size of this stage lifts; nil when there is nothing up to the most users that can be planned for.
  public let ceiling: Limit?
  /// Where the next stage is needed; nil when it never is.
  public let climb: Climb?
  /// What the stage can't carry, in words; empty for a plan that can be carried out.
  public let shortfalls: [String]
  /// Users more in each month, as a share; nil when no growth was given.
  public let growthPerMonth: Double?
  /// With `capacity` and `scaling` of each tier as the plan has them.
  public let topology: Topology
}

extension Plan {
  /// The stage to be on, and why.
  public struct Recommendation: Codable, Equatable, Sendable {
    public let stage: Stage
    /// One sentence.
    public let reason: String
    /// Every need that was weighed.
    public let needs: [Need]
  }

  /// What the whole audience asks for.
  public struct Load: Codable, Equatable, Sendable {
    public let activeUsersPerDay: Double
    public let peakHourPeople: Double
    public let requestsPerSecondMean: Double
    public let requestsPerSecondPeak: Double
    public let requestsPerMonth: Double
    public let databaseGiB: Double
    public let databaseGrowthGiBPerMonth: Double
    public let objectsGiB: Double
    public let objectsGrowthGiBPerMonth: Double
  }

  /// A limit that the audience grows towards.
  public struct Limit: Codable, Equatable, Sendable {
    /// The title of the tier.
    public let tier: String
    public let resource: String
    /// How many users fill it.
    public let users: Double
    /// What is needed from then on, such as `3 × c7g.xlarge`.
    public let remedy: String
    /// Until then; nil when no growth was given.
    public let months: Double?
  }

  /// The climb to a higher stage.
  public struct Climb: Codable, Equatable, Sendable {
    public let to: Stage
    /// From how many users on.
    public let users: Double
    public let reason: String
    /// Until then; nil when no growth was given.
    public let months: Double?
  }

  /// A point of a curve over users.
  public struct Point: Codable, Equatable, Sendable {
    public let users: Int
    public let stage: Stage
    public let costPerMonth: Double
  }

  /// The costs by section, in the order of the bill.
  public var costsBySection: [(section: CostLine.Section, amount: Double, isEstimate: Bool)] {
    CostLine.Section.allCases.compactMap { section in
      let lines = costs.filter { $0.section == section }
      if lines.isEmpty { return nil }
      return (section, lines.reduce(0) { $0 + $1.amount }, lines.contains(where: \.isEstimate))
    }
  }
}
