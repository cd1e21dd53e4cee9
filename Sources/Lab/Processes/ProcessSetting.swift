// What a process of the app was started with, for another that is to work beside it.

import Contract
import Foundation

/// The variables and the folder of an instance of the app.
public struct ProcessSetting: Sendable {
  /// Without those that are of that process alone: where it listens, and who it is.
  public let variables: [String: String]
  /// Where it works.
  public let folder: String

  private static let own: Set<String> = Set(
    [AppVariable.port, .host, .frontDoor, .tracesFile, .telemetryResource].map(\.rawValue))
  private static let activation = "LISTEN_"

  /// - Parameter pid: of one that lives.
  /// - Throws: `LabError` when we may not look at it: it is somebody else's.
  public init(ofInstance pid: Int32) throws(LabError) {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/environ"), !bytes.isEmpty,
      let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
    else { throw .system(attempt: "reading the variables of process \(pid)", code: EACCES) }
    let pairs = bytes.split(separator: 0).compactMap { entry -> (String, String)? in
      let parts = String(decoding: entry, as: UTF8.self).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
    variables = Dictionary(pairs) { first, _ in first }.filter { name, _ in
      !Self.own.contains(name) && !name.hasPrefix(Self.activation)
    }
    self.folder = folder
  }
}
