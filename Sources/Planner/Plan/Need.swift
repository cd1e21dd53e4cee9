// Why an audience needs a stage: what the stage before can't give it.

import Topology

/// A reason to be at a stage: a figure of the audience against what the stage before is good for.
public struct Need: Codable, Equatable, Sendable {
  /// The stage that answers it.
  public let stage: Stage
  /// What is counted, such as `people met by an hour of outage at the busiest time`.
  public let what: String
  /// The audience's figure, in `unit`.
  public let value: Double
  /// From here on the need is there.
  public let from: Double
  /// Of `value` and `from`.
  public let unit: String
  /// As a sentence.
  public let reason: String
  /// What the threshold rests on.
  public let constant: Constant

  var isMet: Bool { value >= from }
}

extension Need {
  /// What each stage from 3 on is for, as the audience has it.
  static func all(_ demand: Demand) -> [Need] {
    let catalog = demand.catalog
    func need(
      _ stage: Stage, _ what: String, _ value: Double, _ key: Catalog.Key,
      _ reason: (String, String) -> String
    ) -> Need {
      let from = catalog.value(key)
      return Need(
        stage: stage, what: what, value: value, from: from, unit: catalog[key].unit,
        reason: reason(Figures.rough(value), Figures.rough(from)), constant: catalog[key])
    }
    return [
      need(
        .separateDatabase, "writes that a lost disk takes with it", demand.writesPerDay, .needDataWritesAtRisk
      ) {
        "people write \($0) times a day and a lost disk takes up to a day of it; from \($1) on the database belongs on "
          + "an instance of its own that restores to within minutes"
      },
      need(.replicated, "people in the busiest hour", demand.peakHourPeople, .needPeopleZoneOutage) {
        "an hour of outage at the busiest time meets \($0) people; from \($1) on a zone must be allowed to fail"
      },
      need(
        .stateless, "people whose session lives on one of two servers", demand.activeUsers / 2,
        .needPeopleStrandedSessions
      ) {
        "each of two servers would hold the sessions and files of \($0) people; from \($1) on a server must be "
          + "replaceable without anybody noticing"
      },
      need(.microservices, "people in the busiest hour", demand.peakHourPeople, .needPeopleErrorBudget) {
        "an hour of outage at the busiest time meets \($0) people; from \($1) on 99.99 % is wanted, in three zones"
      },
      need(.sharded, "people in the busiest hour", demand.peakHourPeople, .needPeopleRegionOutage) {
        "the loss of a region would meet \($0) people an hour; from \($1) on one region is not enough"
      },
      need(.sharded, "data of one leader", demand.databaseGiB, .needDataPerLeaderGiB) {
        "one leader would hold \($0) GiB in a year; more than \($1) GiB take too long to restore"
      },
    ]
  }
}
