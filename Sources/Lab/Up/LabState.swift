// What must outlive a run: where the app stands, and which processes are its own.

import Files
import Foundation
import Topology

/// The contents of `.heights/state.json`.
public struct LabState: Codable, Equatable, Sendable {
  /// Where the app stands.
  public var level = Level(.singleServer)
  /// A name of the instance catalogue.
  public var instanceType = InstanceType.standard
  /// What the data folder may hold at stage 2.
  public var diskBytes = InstanceType.defaultDiskBytes
  /// The roles that answer on the public port.
  public var openDoors: [Role] = []
  /// The one that the app's DNS was given; nil before it had one.
  public var dnsPort: Int?
  /// The lab's addresses, kept from run to run.
  var place: LabNetwork.Place?
  /// The addresses of the hosts in it.
  var addresses = AddressBook()
  /// The hosts that should run, each with the level that says what runs on it: in the middle of a climb that is not the
  /// same for all.
  var hosts: [String: Level] = [:]
  /// By the service, what somebody has told to set the number of its instances; none of which only heights.json tells.
  var scaledBy: [String: ScalingMode] = [:]
  /// What the app's processes run.
  public internal(set) var releases = ReleaseBook()
  /// Every process started and not yet seen to end, by name, so that a later run ends what a crash left.
  public var processes: [String: ProcessIdentity] = [:]
  /// Of which folder it is, on file only: in a copy of an app's folder the processes are the original's.
  private var home: String?

  /// `level` is called by what it was before there was more to it.
  private enum CodingKeys: String, CodingKey {
    case level = "stage"
    case instanceType, diskBytes, openDoors, dnsPort, place, addresses, hosts, scaledBy, releases, processes
    case home
  }

  /// Of a lab that has never run.
  public init() {}

  /// The one that the app is at.
  public var stage: Stage { level.stage }

  /// Whether engines have stored addresses that can't be changed without them.
  var enginesKnowTheirPlace: Bool { hosts.values.contains { $0.stage >= .replicated } }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    level = try values.decode(Level.self, forKey: .level)
    instanceType = try values.decode(String.self, forKey: .instanceType)
    diskBytes = try values.decode(Int.self, forKey: .diskBytes)
    openDoors = try values.decode([Role].self, forKey: .openDoors)
    dnsPort = try values.decodeIfPresent(Int.self, forKey: .dnsPort)
    // What the first versions did not write.
    place = try values.decodeIfPresent(LabNetwork.Place.self, forKey: .place)
    addresses = try values.decodeIfPresent(AddressBook.self, forKey: .addresses) ?? AddressBook()
    hosts = try values.decodeIfPresent([String: Level].self, forKey: .hosts) ?? [:]
    FormerNames.replace(in: &hosts)
    FormerNames.replace(in: &addresses)
    scaledBy = try values.decodeIfPresent([String: ScalingMode].self, forKey: .scaledBy) ?? [:]
    releases = try values.decodeIfPresent(ReleaseBook.self, forKey: .releases) ?? ReleaseBook()
    processes = try values.decode([String: ProcessIdentity].self, forKey: .processes)
    home = try values.decodeIfPresent(String.self, forKey: .home)
  }

  /// The same when a folder is moved, another one when it is copied.
  private static func identity(of folder: AppFolder) -> String? {
    var status = stat()
    return stat(folder.home, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : nil
  }

  /// The state on file; nil before the first run.
  public static func load(_ folder: AppFolder) throws(LabError) -> LabState? {
    guard let data = FileManager.default.contents(atPath: folder.state) else { return nil }
    guard var state = try? JSONDecoder().decode(LabState.self, from: data), state.diskBytes > 0 else {
      throw .unreadableState(path: folder.state, reason: "not what `up` writes")
    }
    if let level = ([state.level] + state.hosts.values).first(where: { !$0.canBe }) {
      throw .unreadableState(path: folder.state, reason: "nothing can be at \(level)")
    }
    if !state.stage.runsToday {
      throw .unreadableState(path: folder.state, reason: "stage \(state.stage.number) does not run yet")
    }
    if let home = state.home, home != identity(of: folder) { state.processes = [:] }
    state.home = nil
    return state
  }

  func save(_ folder: AppFolder) throws(LabError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    var state = self
    state.home = Self.identity(of: folder)
    guard let data = try? encoder.encode(state) else { return }
    try AtomicFile.write(String(decoding: data, as: UTF8.self) + "\n", to: folder.state)
  }
}
