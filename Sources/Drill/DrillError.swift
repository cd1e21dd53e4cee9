// Why a drill could not be held.

import Errors
import Lab
import Topology

/// What stops a drill before there is a verdict. Whatever was broken has been healed.
public enum DrillError: CodedError, Equatable {
  /// The stage that the app is at can't have this drill.
  case notAtStage(DrillKind, at: Stage)
  case unknownZone(String, known: [String])
  /// Only an outage has a zone.
  case noZone(DrillKind)
  /// Something is not as it should be, before anything was broken.
  case unhealthy(String)
  /// The fault was asked for and could not be seen to hold.
  case didNotTakeHold(String)
  /// Links can be cut only where the lab's hosts have a network of their own.
  case needsOwnNetwork(DrillKind)
  /// The load ended before the drill did.
  case loadEnded
  /// Somebody ended it.
  case stopped
  /// It ended before its time, and its fault stays.
  case notMended(String)
  /// Another drill of this app has not ended.
  case underWay
  /// A climb changes what would be broken.
  case climbUnderWay
  /// Instances come or go, for longer than is waited for.
  case scalingUnderWay
  /// A deploy replaces what would be broken.
  case deployUnderWay

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .notAtStage: "drill_not_at_stage"
    case .unknownZone: "unknown_zone"
    case .noZone: "no_zone"
    case .unhealthy: "unhealthy"
    case .didNotTakeHold: "did_not_take_hold"
    case .needsOwnNetwork: "no_own_network"
    case .loadEnded: "load_ended"
    case .stopped: "stopped"
    case .notMended: "not_mended"
    case .underWay: "drill_under_way"
    case .climbUnderWay: "climb_under_way"
    case .scalingUnderWay: "scaling_under_way"
    case .deployUnderWay: "deploy_under_way"
    }
  }

  public var isMisuse: Bool {
    switch self {
    case .notAtStage, .unknownZone, .noZone: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .notAtStage(let kind, let stage):
      "\(kind.rawValue) is for \(Self.text(kind.stages)), and the app is at stage \(stage.number): \(kind.reason)"
    case .unknownZone(let zone, let known):
      "there is no zone '\(zone)' here: expected \(known.joined(separator: " or "))"
    case .noZone(let kind): "--zone says nothing to \(kind.rawValue): leave it out"
    case .unhealthy(let what):
      "nothing was broken, since all is not well: \(what). `heights status` shows it; try again when it is. What a drill "
        + "that was killed has left, `heights drill mend` mends"
    case .didNotTakeHold(let what): "the fault did not take hold, so there is nothing to judge: \(what)"
    case .needsOwnNetwork(let kind):
      "\(kind.rawValue) cuts links, which it can in a network of the lab's own: set network: \"own\" in heights.json, then "
        + "`heights down` and `heights up`"
    case .loadEnded: "the load ended before the drill did, so there is nothing to judge"
    case .stopped: "stopped before its end: nothing is left broken, and nothing was judged"
    case .notMended(let reason):
      "the drill ended before its time, and what it broke could not be mended (\(reason)): try `heights drill mend`"
    case .deployUnderWay: "a deploy of this app is at work: wait until it has ended"
    case .climbUnderWay: "a climb of this app is at work: wait until it has ended"
    case .underWay: "another drill of this app is under way: wait until it has ended"
    case .scalingUnderWay:
      "a service still gets its instances, or loses some: try again when `heights status` shows nothing under way"
    }
  }

  /// Takes the lock for a drill; nil where there is no folder: nothing runs that could be drilled, which is told next.
  static func lock(_ folder: AppFolder) throws(DrillError) -> WorkLock? {
    do { return try WorkLock(folder, for: .drill) } catch {
      switch error {
      case .held(by: .climb): throw .climbUnderWay
      case .held(by: .scaling): throw .scalingUnderWay
      case .held(by: .deploy): throw .deployUnderWay
      case .held: throw .underWay
      case .system: return nil
      }
    }
  }

  private static func text(_ stages: ClosedRange<Stage>) -> String {
    let (first, last) = (stages.lowerBound.number, stages.upperBound.number)
    return first == last ? "stage \(first)" : "stages \(first) to \(last)"
  }
}
