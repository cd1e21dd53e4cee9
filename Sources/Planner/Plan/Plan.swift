// The answer of the planner: what to run for an audience, what it costs, how far it carries.

import Topology

/// A stage sized for an audience. As JSON it has these members, and of each figure what it rests on.
public struct Plan: Codable, Equatable, Sendable {
  /// People in a month.
  public let users: Int
  /// The stage that is planned for: the recommended one, or the one that was asked for.
  public let stage: Stage
  /// Which stage the audience needs, whatever was asked for.
  public let recommendation: Recommendation
  /// The codes of the regions, the first where the app began.
  public let regions: [String]
  /// Figures of the audience that the plan rests on, by their path in the catalog.
  public let assumptions: [String: Constant]
  /// What everything below is sized for.
  public let load: Load
  /// Those that face people first, those that keep data last.
  public let tiers: [TierPlan]
  /// The whole bill of a month, section by section, in each the dearest line first.
  public let costs: [CostLine]
  /// USD.
  public let costPerMonth: Double
  /// At the planned stage, against its target.
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
    /// The lowest that answers every need that is met and can carry the load; 7 when several regions were
    /// asked for.
    public let stage: Stage
    /// One sentence.
    public let reason: String
    /// Every need that was weighed.
    public let needs: [Need]
  }

  /// What the whole audience asks for.
  public struct Load: Codable, Equatable, Sendable {
    /// People on an average day.
    public let activeUsersPerDay: Double
    /// People who are there in the busiest hour of the day.
    public let peakHourPeople: Double
    /// Over the whole day.
    public let requestsPerSecondMean: Double
    /// At the busiest time of day.
    public let requestsPerSecondPeak: Double
    /// By the catalog's days in a month.
    public let requestsPerMonth: Double
    /// What the databases hold, with indexes, after the months that are planned for.
    public let databaseGiB: Double
    /// What is written in a month, with indexes.
    public let databaseGrowthGiBPerMonth: Double
    /// What pictures and their thumbnails take after the months that are planned for.
    public let objectsGiB: Double
    /// What pictures and their thumbnails of a month take.
    public let objectsGrowthGiBPerMonth: Double
  }

  /// A limit that the audience grows towards.
  public struct Limit: Codable, Equatable, Sendable {
    /// The title of the tier.
    public let tier: String
    /// What is used up there, such as `CPU`.
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
    /// The stage that is needed beyond `users`.
    public let to: Stage
    /// From how many users on.
    public let users: Double
    /// One sentence: the need that is met first there.
    public let reason: String
    /// Until then; nil when no growth was given.
    public let months: Double?
  }

  /// A point of a curve over users.
  public struct Point: Codable, Equatable, Sendable {
    /// People in a month.
    public let users: Int
    /// The one that is recommended for them.
    public let stage: Stage
    /// USD.
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
