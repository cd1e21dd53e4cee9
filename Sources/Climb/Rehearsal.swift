// The climb to stage 3 as far as nobody notices it, and back: what both engines answer to what the app asks.

import Contract
import Lab

/// Copies the databases of an app at stage 2 to PostgreSQL while it goes on, compares rows and answers, and takes the copy away.
public struct Rehearsal: Sendable {
  /// What it found.
  public struct Report: Codable, Sendable {
    /// A database of the app, and those that HeightsKit keeps beside them.
    public struct Database: Codable, Sendable {
      /// As the app calls it.
      public let name: String
      /// Those that were copied.
      public let rows: Int
      /// How both engines answered; nil where it did not come to that.
      public let answers: AdminAnswer.Answers?
    }

    /// In the order in which they would move.
    public let databases: [Database]
    /// Why a climb would stop; nil when it would go on.
    public let failure: String?
  }

  /// What the rehearsal goes as far as.
  private static let lastStep = "compare-rows"
  /// Is begun when the rehearsal stops, and has done nothing by then.
  private static let nextStep = "flip-databases"
  private let folder: AppFolder

  /// Looks at nothing before it is run.
  public init(in folder: AppFolder) { self.folder = folder }

  /// - Parameters:
  ///   - shouldStop: asked between the actions of the way up; the way back is always gone.
  ///   - report: hears what happens.
  /// - Throws: `ClimbError.nothingToRehearse` at any other stage than 2, or while a climb is under way.
  public func run(
    shouldStop: @escaping () -> Bool, report: @escaping (ClimbEvent) -> Void
  ) throws -> Report {
    let lab = RunningLab(folder: folder)
    let stage = try lab.view().stage
    guard stage == 2, try Climb.underWay(in: folder) == nil else {
      throw ClimbError.nothingToRehearse(stage: stage)
    }
    let climb = try Climb(to: 3, in: folder)
    var isCompared = false
    let outcome = try climb.perform(.up, shouldStop: { isCompared || shouldStop() }) { event in
      isCompared =
        isCompared || (event.event == .done && event.operation == .verify && event.step == Self.lastStep)
      if event.step != Self.nextStep { report(event) }
    }
    let standing = try? Databases.standing(lab)
    let back = try climb.perform(.back, shouldStop: { false }) { event in
      if event.step != Self.nextStep { report(event) }
    }
    if case .failed(_, let step, let reason) = back {
      throw ClimbError.notSo("\(step) is undone (\(reason))")
    }
    let failure: String? =
      switch outcome {
      case .failed(_, _, let reason): reason
      default: isCompared ? nil : "it was stopped before the answers were compared"
      }
    let databases = standing?.databases ?? []
    return Report(
      databases: databases.map { Report.Database(name: $0.name, rows: $0.rows, answers: $0.answers) },
      failure: failure)
  }
}
