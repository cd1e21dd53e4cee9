// What the command line asks of this module: climb, go back, say how far a climb has come.

import Glibc
import Lab
import Topology

/// A climb of the app in a folder: from one stage to the next, or to more followers or fewer inside a stage.
public struct Climb: Sendable {
  /// What it leads to.
  public let kind: Kind
  private let folder: AppFolder

  /// The stage that it begins at.
  public var from: Int { kind.from.number }
  /// The stage that it leads to; the same for a climb inside a stage.
  public var to: Int { kind.to.number }

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

  /// The highest stage that a climb leads to.
  public static var highestStage: Int { Kind.stages.keys.max()?.number ?? 1 }

  /// The climb to stage `to` from the one below. Throws when there is none.
  public init(to: Int, in folder: AppFolder) throws(ClimbError) {
    guard let stage = Stage(rawValue: to), Kind.stages[stage] != nil else {
      throw .noClimb(from: to - 1, to: to)
    }
    self.init(.stage(stage), in: folder)
  }

  /// - Parameter kind: of which there are steps.
  init(_ kind: Kind, in folder: AppFolder) { (self.kind, self.folder) = (kind, folder) }

  /// The climb that was begun in a folder and has not ended; nil when there is none.
  public static func underWay(in folder: AppFolder) throws(ClimbError) -> Climb? {
    for stage in Kind.stages.keys.sorted() {
      let climb = Climb(.stage(stage), in: folder)
      if try climb.progress() != nil { return climb }
    }
    let records = try ClimbJournal.read(journalPath(Kind.followersJournal, in: folder))
    return records.begun?.change.map { Climb(.followers($0.to), in: folder) }
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
    if direction == .up, begun == nil, let end = try kind.endAlready(at: level) { return end }
    let change = try begun?.change ?? changeOfApp(from: level)
    let steps = kind.steps(of: change)
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

  /// How far the climb has come, when it is under way; nil otherwise.
  public func progress() throws(ClimbError) -> Progress? {
    let records = try ClimbJournal.read(journalPath)
    guard let begun = records.begun else { return nil }
    let change: StageChange
    if let recorded = begun.change { change = recorded } else { change = try changeOfApp(from: nil) }
    let steps = kind.steps(of: change)
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
      case .held(by: .scaling): throw .scalingUnderWay
      case .held(by: .deploy): throw .deployUnderWay
      case .held: throw .alreadyClimbing
      case .system(let attempt, let code): throw .system(attempt: attempt, code: code)
      }
    }
  }

  private static func home(in folder: AppFolder) -> String { folder.home + "/climb" }
  private static func journalPath(_ name: String, in folder: AppFolder) -> String {
    "\(home(in: folder))/\(name).ndjson"
  }

  private var home: String { Self.home(in: folder) }
  private var presencePath: String { home + "/now.json" }
  private var journalPath: String { Self.journalPath(kind.journalName, in: folder) }

  /// What the climb leads from and to, as the app is described now.
  private func changeOfApp(from level: Level?) throws(ClimbError) -> StageChange {
    do {
      let manifest = try Manifest.load(folder: folder.path)
      let from = level ?? Level(kind.from)
      let change = try StageChange(
        of: manifest.outline, from: from, to: kind.target(from: from),
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
    let engine = try ClimbEngine(steps: names, change: change, journal: kind.counted(records))
    if engine.standing == .committed, level.stage == kind.from {
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
