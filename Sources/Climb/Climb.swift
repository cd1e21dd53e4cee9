// What the command line asks of this module: climb, go back, say how far a climb has come.

import Glibc
import Lab
import Topology

/// A climb of the app in a folder: from one stage to the next, or to more followers or fewer inside a stage.
public struct Climb: Sendable {
  /// The stage below.
  public let from: Int
  /// The stage that it leads to; the same for a climb inside a stage.
  public let to: Int
  /// Where a climb inside a stage leads; nil for others, and for one that is under way, whose journal says it.
  private let target: Level?
  /// Of its journal.
  private let name: String
  private let folder: AppFolder
  private let steps: @Sendable (StageChange) -> [ClimbStep]

  /// How a climb ended.
  public enum Outcome: Equatable, Sendable {
    case committed
    case reverted
    /// The app is at the stage already, and no climb is under way.
    case alreadyThere
    /// The app has left that stage behind, for this one.
    case alreadyBeyond(stage: Int)
    case nothingToUndo
    /// Undo was asked for, and the climb has committed.
    case pastTheReturn
    /// Stopped by request between two actions.
    case stopped
    case failed(ClimbEngine.Operation, step: String, reason: String)
  }

  /// How far a climb has come: for `status`.
  public struct Progress: Codable, Equatable, Sendable {
    /// The stage that it began at.
    public let from: Int
    /// The stage that it leads to.
    public let to: Int
    /// The stable names of those that are done and proven, in order.
    public let verifiedSteps: [String]
    /// Of all, done or not.
    public let stepCount: Int
    /// What the first step that is not verified does, in the infinitive.
    public let nextStep: String
    /// What the climber told last; nil when nobody climbs just now.
    public let current: ClimbEvent?
  }

  /// The climb to each stage from the one below.
  static let paths: [Int: @Sendable (StageChange) -> [ClimbStep]] = [
    2: { Climb1to2(change: $0).steps }, 3: { Climb2to3(change: $0).steps },
    4: { Climb3to4(change: $0).steps }, 5: { Climb4to5(change: $0).steps },
  ]

  /// The highest stage that a climb leads to.
  public static var highestStage: Int { paths.keys.max() ?? 1 }

  /// The climb to stage `to` from the one below. Throws when there is none.
  public init(to: Int, in folder: AppFolder) throws(ClimbError) {
    guard let steps = Self.paths[to] else { throw .noClimb(from: to - 1, to: to) }
    self.from = to - 1
    self.to = to
    self.target = nil
    self.name = "\(to - 1)-to-\(to)"
    self.folder = folder
    self.steps = steps
  }

  /// A climb to more followers of the database, or fewer, inside the stage of a level.
  /// - Parameter target: nil for the one that is under way.
  init(inside stage: Stage, to target: Level?, in folder: AppFolder) {
    (from, to) = (stage.number, stage.number)
    self.target = target
    self.name = "followers"
    self.folder = folder
    self.steps = { Followers(change: $0).steps }
  }

  /// Whether it leads to the next stage.
  public var changesStage: Bool { from != to }

  /// The climb that was begun in a folder and has not ended; nil when there is none.
  public static func underWay(in folder: AppFolder) throws(ClimbError) -> Climb? {
    for to in paths.keys.sorted() {
      let climb = try Climb(to: to, in: folder)
      if try climb.progress() != nil { return climb }
    }
    // Only its journal says at which stage it is.
    let inside = Climb(inside: .replicated, to: nil, in: folder)
    guard let change = try ClimbJournal.read(inside.journalPath).begun?.change else { return nil }
    return Climb(inside: change.to.stage, to: nil, in: folder)
  }

  /// Climbs, or goes back. A climb that was cut short goes on where it ended. The lab must run.
  /// - Parameters:
  ///   - shouldStop: asked between actions.
  ///   - report: hears what happens.
  public func perform(
    _ direction: ClimbEngine.Direction, shouldStop: @escaping () -> Bool,
    report: @escaping (ClimbEvent) -> Void
  ) throws -> Outcome {
    let lab = RunningLab(folder: folder)
    _ = try lab.view()
    try makeFolder()
    let lock = try takeLock()
    defer { withExtendedLifetime(lock) {} }
    // Under the lock, so that no other climber changes it any more.
    let level = try lab.view().level
    let journal = try ClimbJournal(path: journalPath)
    let begun = journal.records.begun
    if direction == .up, begun == nil, let end = try endAlready(level) { return end }
    let change = try begun?.change ?? changeOfApp(from: level)
    let steps = steps(change)
    let engine = try engine(steps, change, journal.records, at: level)
    let presence = ClimbPresenceFile(path: presencePath)
    let tell = { (event: ClimbEvent) in
      presence.note(event)
      report(event)
    }
    let driver = ClimbDriver(
      steps: steps, provider: lab, append: { try journal.append($0) }, shouldStop: shouldStop, report: tell)
    return Self.outcome(try driver.drive(engine, direction), direction)
  }

  /// What there is to say of a climb that has nothing to do; nil when it has.
  private func endAlready(_ level: Level) throws(ClimbError) -> Outcome? {
    let stage = level.stage.number
    if stage == from { return level == target ? .alreadyThere : nil }
    if stage > to { return .alreadyBeyond(stage: stage) }
    if stage == to { return .alreadyThere }
    throw .noClimb(from: stage, to: to)
  }

  /// How far the climb has come, when it is under way; nil otherwise.
  public func progress() throws(ClimbError) -> Progress? {
    let records = try ClimbJournal.read(journalPath)
    guard let begun = records.begun else { return nil }
    let change: StageChange
    if let recorded = begun.change { change = recorded } else { change = try changeOfApp(from: nil) }
    let steps = steps(change)
    let engine = try ClimbEngine(steps: steps.map(\.name), journal: records)
    let verified = engine.verifiedSteps
    let next = steps.first { !verified.contains($0.name) }
    return Progress(
      from: from, to: to, verifiedSteps: verified, stepCount: steps.count, nextStep: next?.title ?? "",
      current: ClimbPresence.read(presencePath))
  }

  private func takeLock() throws(ClimbError) -> WorkLock {
    do { return try WorkLock(folder, for: .climb) } catch {
      switch error {
      case .held(by: .drill): throw .drillUnderWay
      case .held: throw .alreadyClimbing
      case .system(let attempt, let code): throw .system(attempt: attempt, code: code)
      }
    }
  }

  private var home: String { folder.home + "/climb" }
  private var presencePath: String { home + "/now.json" }
  private var journalPath: String { "\(home)/\(name).ndjson" }

  /// What the climb leads from and to, as the app is described now. What the app has grown by inside its stage stays.
  private func changeOfApp(from level: Level?) throws(ClimbError) -> StageChange {
    do {
      let manifest = try Manifest.load(folder: folder.path)
      guard let former = Stage(rawValue: from), let stage = Stage(rawValue: to) else {
        throw ClimbError.noClimb(from: from, to: to)
      }
      let change = try StageChange(
        of: manifest.outline, from: level ?? Level(former),
        to: target ?? Level(stage, extraFollowers: level?.extraFollowers ?? 0),
        listensOnPort: manifest.service.listensOnPort)
      if !change.listensOnPort, change.after.stage >= .separateDatabase, change.cluster == nil {
        throw ClimbError.noDatabase
      }
      return change
    } catch let error as ClimbError { throw error } catch { throw .unreadableApp("\(error)") }
  }

  /// The engine as the journal leaves it. A committed climb of an app that stands below it again (its state was
  /// moved away) does not count.
  private func engine(
    _ steps: [ClimbStep], _ change: StageChange, _ records: [ClimbRecord], at level: Level
  ) throws(ClimbError) -> ClimbEngine {
    let names = steps.map(\.name)
    // Inside a stage there are climbs to more and to fewer: each begins anew.
    let own = changesStage ? records[...] : records.ofTheLastClimb
    let engine = try ClimbEngine(steps: names, change: change, journal: Array(own))
    if engine.standing == .committed, level.stage.number == from {
      return try ClimbEngine(steps: names, change: change, journal: [])
    }
    return engine
  }

  private func makeFolder() throws(ClimbError) {
    if mkdir(home, 0o700) != 0, errno != EEXIST { throw .system(attempt: "making \(home)", code: errno) }
  }

  private static func outcome(
    _ outcome: ClimbEngine.Outcome?, _ direction: ClimbEngine.Direction
  ) -> Outcome {
    switch outcome {
    case .committed: .committed
    case .reverted: .reverted
    case .alreadyCommitted: direction == .up ? .alreadyThere : .pastTheReturn
    case .nothingToUndo: .nothingToUndo
    case .failed(let operation, let step, let reason): .failed(operation, step: step, reason: reason)
    case nil: .stopped
    }
  }
}
