// Why a release is not in all of an app.

import Errors
import Glibc
import Lab

/// Why a deploy, or a way back, did not come to its end. Unless it is said otherwise, the app runs what it ran before.
public enum RolloutError: CodedError, Equatable {
  case alreadyDeploying
  case climbUnderWay
  case drillUnderWay
  /// Instances come or go, for longer than is waited for.
  case scalingUnderWay
  /// A climb was begun and has not ended.
  case climbUnfinished
  /// No release came before the one that runs.
  case noEarlier
  case unknownRelease(Int, known: [Int])
  /// It was brought into some processes and taken back: what was seen of it.
  case takenBack(Int, running: Int?, reason: String)
  /// The same, since somebody asked to stop.
  case stopped(Int, running: Int?)
  /// It was to be taken back, and that failed.
  case notTakenBack(Int, reason: String, failure: String)
  /// The lab has ended meanwhile.
  case labGone(Int, running: Int?)
  /// What only one of two releases can live with, which are to work side by side.
  case breakingMigrations(Int, [String])
  case system(attempt: String, code: Int32)

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .alreadyDeploying: "deploy_under_way"
    case .climbUnderWay: "climb_under_way"
    case .drillUnderWay: "drill_under_way"
    case .scalingUnderWay: "scaling_under_way"
    case .climbUnfinished: "climb_unfinished"
    case .noEarlier: "no_earlier_release"
    case .unknownRelease: "unknown_release"
    case .takenBack: "taken_back"
    case .stopped: "stopped"
    case .notTakenBack: "not_taken_back"
    case .labGone: "lab_gone"
    case .breakingMigrations: "breaking_migrations"
    case .system: "system"
    }
  }

  public var isMisuse: Bool { if case .unknownRelease = self { true } else { false } }

  public var mayRetry: Bool {
    [.alreadyDeploying, .climbUnderWay, .drillUnderWay, .scalingUnderWay].contains(self)
  }

  public var description: String {
    switch self {
    case .alreadyDeploying: "another deploy of this app is at work; wait until it has ended"
    case .climbUnderWay: "a climb of this app is at work; wait until it has ended"
    case .drillUnderWay:
      "a drill of this app is under way, and breaks what a deploy needs; wait until it has ended"
    case .scalingUnderWay:
      "a service still gets its instances, or loses some; try again when `heights status` shows nothing under way"
    case .climbUnfinished:
      "a climb of this app was begun and has not ended: finish it with `heights climb`, or go back with `heights climb --undo`"
    case .noEarlier: "nothing that ran before can be gone back to; `heights releases` shows what there is"
    case .unknownRelease(let number, let known):
      "there is no release \(number) to go to: there are \(known.map(String.init).joined(separator: ", "))"
    case .takenBack(let number, let running, let reason):
      "release \(number) was taken back, and the app runs \(Self.text(running)): \(reason)"
    case .stopped(let number, let running):
      "stopped: release \(number) was taken back, and the app runs \(Self.text(running))"
    case .notTakenBack(let number, let reason, let failure):
      "release \(number) was to be taken back (\(reason)), and that failed: \(failure); some processes may run it still: "
        + "`heights rollback` tries again"
    case .labGone(let number, let running):
      "the lab has ended while release \(number) was on its way; the next `heights up` starts \(Self.text(running)), which ran "
        + "before"
    case .breakingMigrations(let number, let findings):
      "release \(number) and the one that runs can't work side by side, which they do until all processes have changed:\n"
        + findings.map { "  \($0)\n" }.joined()
        + "Take it in steps: a release that adds and does not need what is to go, then one that removes it (docs/deploys.md); "
        + "or allow it with --allow-breaking-migration, then requests may fail meanwhile, and nothing leads back"
    case .system(let attempt, let code): "\(attempt): \(String(cString: strerror(code)))"
    }
  }

  private static func text(_ release: Int?) -> String {
    release.map { "release \($0)" } ?? "what it ran before"
  }

  /// Takes the lock for a deploy.
  static func lock(_ folder: AppFolder) throws(RolloutError) -> WorkLock {
    do { return try WorkLock(folder, for: .deploy) } catch {
      switch error {
      case .held(by: .climb): throw .climbUnderWay
      case .held(by: .drill): throw .drillUnderWay
      case .held(by: .scaling): throw .scalingUnderWay
      case .held: throw .alreadyDeploying
      case .system(let attempt, let code): throw .system(attempt: attempt, code: code)
      }
    }
  }
}
