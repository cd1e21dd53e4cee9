// What can go wrong with files, and how it is told.

import Glibc
import Placement

extension LabError {
  /// A call of the system failed: what was tried, on what, errno.
  public static func system(attempt: String, code: Int32) -> LabError {
    LabError("system", "\(attempt): \(String(cString: strerror(code)))", number: code)
  }

  static func notAFolder(_ path: String) -> LabError {
    LabError("not_a_folder", "\(path) is not a folder; name the app's folder with --app DIR", isMisuse: true)
  }

  static func unreadableState(path: String, reason: String) -> LabError {
    LabError(
      "unreadable_state",
      "\(path) can't be read (\(reason)); it says which stage the app is at: restore it, or move it away to "
        + "start at stage 2")
  }

  static func unreadableKey(path: String) -> LabError {
    LabError(
      "unreadable_key",
      "\(path) can't be read; it has the key by which a service is known: restore it, or move it away and start the lab anew, which "
        + "makes another")
  }

  static func unreadablePlacement(reason: String) -> LabError {
    LabError(
      "unreadable_placement",
      "\(reason); the file says where every database is: restore it from its last good version")
  }

  static func placementConflict(_ conflict: PlacementConflict) -> LabError {
    let code =
      switch conflict {
      case .unreadable: "unreadable_placement"
      case .replaced: "placement_moved"
      case .notLater: "placement_invalid"
      case .locked: "placement_locked"
      }
    return LabError(code, conflict.description)
  }

  /// Not a placement, or one that can't be.
  static func placementInvalid(_ reason: String) -> LabError {
    LabError("placement_invalid", "not a placement: \(reason)")
  }
}
