// Where everything of a run lies: APPDIR/.heights/.

import Files
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

  /// What Heights keeps beside the app; nobody else can read it.
  public var home: String { path + "/.heights" }
  /// What a lab has to remember when it is down.
  public var state: String { home + "/state.json" }
  /// The lab's credential.
  public var secret: String { home + "/secret" }
  /// The folder of sockets and locks.
  public var run: String { home + "/run" }
  /// The folder of what processes say.
  public var logs: String { home + "/logs" }
  /// Secrets that engines and the app share, a file each.
  public var secrets: String { home + "/secrets" }
  /// With the password of the database user that the app is, as libpq reads it.
  public var databasePasswordFile: String { secrets + "/pgpass" }
  /// The operations of the last drill's load.
  public var history: String { home + "/history.ndjson" }
  /// The placement: which cluster has which database, and so on.
  public var placement: String { home + "/placement.json" }
  /// How many requests were answered in the last 30 days, and how many failed.
  var budget: String { home + "/budget.json" }
  /// The folders of the hosts that engines run on.
  var engines: String { home + "/engines" }
  /// What the engines of a host keep.
  public func contents(of host: String) -> String { "\(engines)/\(host)" }
  /// What the lab preloads into those who keep data, and what each host notes of its writes.
  var power: String { home + "/power" }
  var lock: String { home + "/lock" }
  /// Held while a climb, a deploy or a drill is at work.
  public var workLock: String { home + "/work.lock" }

  /// The data of a role: it outlives the processes.
  public func data(of role: Role) -> String { data(ofProcess: role.rawValue) }
  /// The data of a role, or of an instance such as `server-a`.
  func data(ofProcess name: String) -> String { "\(home)/data/\(name)" }
  /// The folder of objects that all of the app's processes share.
  public var objects: String { data(of: .app) + "/objects" }
  /// With what a drill fills the app's disk.
  public var diskFiller: String { data(of: .app) + "/drill-filler" }
  /// The file that has what a process says.
  public func log(of process: String) -> String { "\(logs)/\(process).log" }
  /// Where a role's process answers `/readyz`, `/metrics` and the like.
  public func adminSocket(of role: Role) -> UnixAddress { adminSocket(ofProcess: role.rawValue) }
  /// The same of an instance such as `server-a`.
  public func adminSocket(ofProcess name: String) -> UnixAddress {
    UnixAddress(folder: run, name: "\(name).sock")
  }
  /// Where the lab's supervisor answers.
  public var controlSocket: UnixAddress { UnixAddress(folder: run, name: "control.sock") }

  /// Makes what is missing, for the owner only, and keeps it out of version control.
  func create() throws(LabError) {
    for folder in [home, run, logs, traces, secrets, engines, power, home + "/data"] { try Self.make(folder) }
    for role in Role.allCases { try Self.make(data(of: role)) }
    // Whoever engines run as goes through these to a folder of its own.
    if geteuid() == 0 { for folder in [engines, power] { chmod(folder, 0o711) } }
    if access(home + "/.gitignore", F_OK) != 0 { try AtomicFile.write("*\n", to: home + "/.gitignore") }
  }

  static func make(_ folder: String) throws(LabError) {
    if mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw .system(attempt: "making \(folder)", code: errno)
    }
  }
}

/// What a process of the app does: the launch page of stage 1, or the app of stage 2.
public enum Role: String, CaseIterable, Codable, Sendable {
  case launch, app

  /// The stage that the role serves.
  public var stage: Int { self == .launch ? 1 : 2 }

  /// The server that it runs on; nil for the launch page, which has none.
  var host: String? { self == .launch ? nil : "server-a" }
}
