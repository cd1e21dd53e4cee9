// What the kinds of climbs have of their own.

import Topology

extension Climb {
  /// What a climb leads to.
  public enum Kind: Equatable, Sendable {
    /// A stage, from the one below.
    case stage(Stage)
    /// As many followers as a level has, inside its stage.
    case followers(Level)
  }
}

extension Climb.Kind {
  /// The steps of the climb to each stage.
  static let stages: [Stage: @Sendable (StageChange) -> [ClimbStep]] = [
    .singleServer: { Climb1to2(change: $0).steps }, .separateDatabase: { Climb2to3(change: $0).steps },
    .replicated: { Climb3to4(change: $0).steps }, .stateless: { Climb4to5(change: $0).steps },
    .microservices: { Climb5to6(change: $0).steps },
  ]

  /// All climbs inside a stage share one journal, which says where the one leads that is under way.
  static let followersJournal = "followers"

  /// Where the app stands when it begins.
  var from: Stage {
    switch self {
    case .stage(let to): to.previous ?? to
    case .followers(let target): target.stage
    }
  }

  /// Where it stands at the end.
  var to: Stage {
    switch self {
    case .stage(let to): to
    case .followers(let target): target.stage
    }
  }

  /// Of its journal.
  var journalName: String {
    switch self {
    case .stage: "\(from.number)-to-\(to.number)"
    case .followers: Self.followersJournal
    }
  }

  /// Of a climb to a stage all that its journal says; of those inside a stage, of which there are many, what it says of the
  /// one that is under way.
  func counted(_ records: [ClimbRecord]) -> [ClimbRecord] {
    switch self {
    case .stage: records
    case .followers: Array(records.ofTheLastClimb)
    }
  }

  func steps(of change: StageChange) -> [ClimbStep] {
    switch self {
    case .stage(let to): Self.stages[to]?(change) ?? []
    case .followers: Followers(change: change).steps
    }
  }

  /// Where it leads from a level. What the app has grown by inside its stage goes along to the next.
  func target(from level: Level) -> Level {
    switch self {
    case .stage(let to): Level(to, extraFollowers: level.extraFollowers)
    case .followers(let target): target
    }
  }

  /// What there is to say of it when it has nothing to do; nil when it has.
  func endAlready(at level: Level) throws(ClimbError) -> Climb.Outcome? {
    if level == target(from: level) { return .alreadyThere }
    if level.stage == from { return nil }
    if level.stage > to { return .alreadyBeyond(stage: level.stage.number) }
    throw .noClimb(from: level.stage.number, to: to.number)
  }
}
