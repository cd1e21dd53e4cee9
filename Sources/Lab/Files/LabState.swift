// What must outlive a run: where the app stands, and which processes are its own.

import Foundation
import Topology

/// The contents of `.heights/state.json`.
public struct LabState: Codable, Equatable, Sendable {
  public var stage: Stage = .singleServer
  /// A name of the instance catalogue.
  public var instanceType = InstanceType.standard
  public var diskBytes = InstanceType.defaultDiskBytes
  /// The roles that answer on the public port.
  public var openDoors: [Role] = []
  public var dnsPort: Int?
  /// Every process started and not yet seen to end, by name, so that a later run ends what a crash left.
  public var processes: [String: ProcessIdentity] = [:]

  /// The state on file; nil before the first run.
  public static func load(_ folder: AppFolder) throws(LabError) -> LabState? {
    guard let data = FileManager.default.contents(atPath: folder.state) else { return nil }
    guard let state = try? JSONDecoder().decode(LabState.self, from: data), state.diskBytes > 0 else {
      throw .unreadableState(path: folder.state, reason: "not what `up` writes")
    }
    if !state.stage.runsToday {
      throw .unreadableState(path: folder.state, reason: "stage \(state.stage.number) does not run yet")
    }
    return state
  }

  func save(_ folder: AppFolder) throws(LabError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    guard let data = try? encoder.encode(self) else { return }
    try AtomicFile.write(String(decoding: data, as: UTF8.self) + "\n", to: folder.state)
  }
}
