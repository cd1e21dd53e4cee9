// Where everything of a run lies: APPDIR/.heights/.

import Foundation

/// The paths of an app's folder.
public struct AppFolder: Equatable, Sendable {
  /// The app's folder, absolute and without symbolic links.
  public let path: String

  /// Throws when `path` is not a folder.
  public init(_ path: String) throws(LabError) {
    guard let resolved = realpath(path, nil) else { throw .notAFolder(path) }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    var isDirectory: ObjCBool = false
    if !FileManager.default.fileExists(atPath: self.path, isDirectory: &isDirectory) || !isDirectory.boolValue
    {
      throw .notAFolder(path)
    }
  }

  public var home: String { path + "/.heights" }
  public var state: String { home + "/state.json" }
  public var secret: String { home + "/secret" }
  public var run: String { home + "/run" }
  public var logs: String { home + "/logs" }
  var lock: String { home + "/lock" }

  /// The data of a role: it outlives the processes.
  public func data(of role: Role) -> String { "\(home)/data/\(role.rawValue)" }
  public func log(of process: String) -> String { "\(logs)/\(process).log" }
  /// Where a role's process answers `/readyz`, `/metrics` and the like.
  public func adminSocket(of role: Role) -> UnixAddress {
    UnixAddress(folder: run, name: "\(role.rawValue).sock")
  }
  public var controlSocket: UnixAddress { UnixAddress(folder: run, name: "control.sock") }

  /// Makes what is missing, for the owner only, and keeps it out of version control.
  func create() throws(LabError) {
    for folder in [home, run, logs, home + "/data"] {
      if mkdir(folder, 0o700) != 0, errno != EEXIST {
        throw .system(attempt: "making \(folder)", code: errno)
      }
    }
    for role in Role.allCases {
      if mkdir(data(of: role), 0o700) != 0, errno != EEXIST {
        throw .system(attempt: "making \(data(of: role))", code: errno)
      }
    }
    if access(home + "/.gitignore", F_OK) != 0 { try AtomicFile.write("*\n", to: home + "/.gitignore") }
  }
}

/// What a process of the app does: the launch page of stage 1, or the app of stage 2.
public enum Role: String, CaseIterable, Codable, Sendable {
  case launch, app

  /// The stage that the role serves.
  public var stage: Int { self == .launch ? 1 : 2 }
}
