// Several climbs in turn, from where the app stands to the stage that was asked for.

import Lab
import Topology

/// The way up of an app, stage by stage. Each stage is a climb of its own: when one fails or is stopped, the app stands
/// at the stage that the last finished one reached, or in the middle of a climb that goes on when it is called again.
public struct Ascent: Sendable {
  /// What came of it: the climb that was performed last, and how that ended.
  public struct End: Sendable {
    /// The one that was performed last.
    public let climb: Climb
    /// How it ended.
    public let outcome: Climb.Outcome
  }

  private let folder: AppFolder

  /// Looks at nothing before it is told where to go.
  public init(in folder: AppFolder) { self.folder = folder }

  /// Climbs to stage `to`, the next one when nothing is said; a climb that was cut short is finished first.
  /// - Parameters:
  ///   - shouldStop: asked between the actions of each climb, and between climbs.
  ///   - begins: hears of each climb before it begins.
  public func up(
    to asked: Int?, shouldStop: @escaping () -> Bool, begins: (Climb) -> Void,
    report: @escaping (ClimbEvent) -> Void
  ) throws -> End {
    if let growth = try Climb.underWay(in: folder), case .followers = growth.kind {
      // Who names no stage has asked for what is under way.
      if asked == nil {
        return try perform(growth, shouldStop: shouldStop, begins: begins, report: report)
      }
      if let end = try performFirst(growth, shouldStop: shouldStop, begins: begins, report: report) {
        return end
      }
    }
    let stage = try RunningLab(folder: folder).view().stage
    let first = try next(after: stage)
    let last = try target(asked)
    if last < first, last <= stage {
      return End(
        climb: try Climb(to: last, in: folder),
        outcome: last < stage ? .alreadyBeyond(stage: stage) : .alreadyThere)
    }
    for to in first..<max(first, last) {
      let climb = try Climb(to: to, in: folder)
      if let end = try performFirst(climb, shouldStop: shouldStop, begins: begins, report: report) {
        return end
      }
    }
    return try perform(
      Climb(to: max(first, last), in: folder), shouldStop: shouldStop, begins: begins, report: report)
  }

  /// Has the database have so many followers from now on, inside the stage; a climb that was cut short is finished first.
  /// - Throws: `ClimbError.followersOutOfRange` for what the stage can't have.
  public func grow(
    followers: Int, shouldStop: @escaping () -> Bool, begins: (Climb) -> Void,
    report: @escaping (ClimbEvent) -> Void
  ) throws -> End {
    if let halfDone = try Climb.underWay(in: folder),
      let end = try performFirst(halfDone, shouldStop: shouldStop, begins: begins, report: report)
    {
      return end
    }
    let level = try RunningLab(folder: folder).view().level
    let climb = Climb(.followers(try target(followers, at: level.stage)), in: folder)
    return try perform(climb, shouldStop: shouldStop, begins: begins, report: report)
  }

  private func perform(
    _ climb: Climb, shouldStop: @escaping () -> Bool, begins: (Climb) -> Void,
    report: @escaping (ClimbEvent) -> Void
  ) throws -> End {
    begins(climb)
    return End(climb: climb, outcome: try climb.perform(.up, shouldStop: shouldStop, report: report))
  }

  /// Performs a climb that another is to follow.
  /// - Returns: nil when that one may begin.
  private func performFirst(
    _ climb: Climb, shouldStop: @escaping () -> Bool, begins: (Climb) -> Void,
    report: @escaping (ClimbEvent) -> Void
  ) throws -> End? {
    let end = try perform(climb, shouldStop: shouldStop, begins: begins, report: report)
    guard end.outcome == .committed || end.outcome == .alreadyThere else { return end }
    return shouldStop() ? End(climb: climb, outcome: .stopped) : nil
  }

  private func target(_ followers: Int, at stage: Stage) throws -> Level {
    let outline = try Manifest.load(folder: folder.path).outline
    let topology = try Topology.of(outline, at: Level(stage))
    let usual = topology.tiers.first { $0.engine == .postgres }?.members.count { $0.role == .follower } ?? 0
    let range = usual...(usual + Level.maximumFollowers)
    if usual == 0 { throw ClimbError.noFollowers(stage: stage.number) }
    guard range.contains(followers) else {
      throw ClimbError.followersOutOfRange(range, stage: stage.number)
    }
    return Level(stage, extraFollowers: followers - usual)
  }

  /// The stage that `up` leads to.
  public func target(_ asked: Int?) throws -> Int {
    // What can't be is told whether the lab runs or not.
    if let asked { return try Climb(to: asked, in: folder).to }
    return try next(after: RunningLab(folder: folder).view().stage)
  }

  private func next(after stage: Int) throws -> Int {
    try Climb.underWay(in: folder)?.to ?? min(stage + 1, Climb.highestStage)
  }

  /// Undoes the climb that is under way.
  public func back(
    shouldStop: @escaping () -> Bool, report: @escaping (ClimbEvent) -> Void
  ) throws -> End {
    let stage = try RunningLab(folder: folder).view().stage
    let climb =
      try Climb.underWay(in: folder) ?? Climb(to: max(2, min(stage, Climb.highestStage)), in: folder)
    return End(climb: climb, outcome: try climb.perform(.back, shouldStop: shouldStop, report: report))
  }
}
