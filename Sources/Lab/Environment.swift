// The environment that tells an app process where it is.

import Foundation

enum Environment {
  /// Ours without what concerns only us: socket activation and Heights' own variables.
  static var inherited: [String: String] {
    ProcessInfo.processInfo.environment.filter { name, _ in
      !name.hasPrefix("LISTEN_") && !name.hasPrefix("HEIGHTS_") && name != "NOTIFY_SOCKET" && name != "PORT"
    }
  }

  private static let secretFile = "HEIGHTS_SECRET_FILE"

  /// What the app's processes of a folder have in their environment, and no others.
  static func mark(of folder: AppFolder) -> String { "\(secretFile)=\(folder.secret)" }

  static func of(_ role: Role, _ state: LabState, lab: Lab) -> [String: String] {
    let instance = Instance(state, on: lab.machine)
    var variables = inherited
    variables["PORT"] = String(lab.sockets.port)
    variables["HEIGHTS_STAGE"] = String(role.stage)
    variables["HEIGHTS_DATA_DIR"] = lab.folder.data(of: role)
    variables["HEIGHTS_LOOPS"] = String(instance.eventLoops)
    variables["HEIGHTS_CACHE_BYTES"] = String(instance.cacheBytes)
    variables["HEIGHTS_DISK_QUOTA_BYTES"] = String(state.diskBytes)
    variables["HEIGHTS_PUBLIC_URL"] = lab.appURL
    variables[secretFile] = lab.folder.secret
    if !state.openDoors.contains(role) { variables["HEIGHTS_FRONT_DOOR"] = "closed" }
    return variables
  }
}
