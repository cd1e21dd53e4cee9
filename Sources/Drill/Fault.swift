// A fault: what it breaks, how that is done and undone, and what shows that it holds. One is one file in Faults/.

import Lab
import Topology
import Workload

/// Something that a drill breaks through the lab, which does not tell those who have to notice.
protocol Fault: Sendable {
  /// The stages whose lab has what it breaks.
  static var stages: ClosedRange<Stage> { get }
  /// What it does, in one line.
  static var summary: String { get }
  /// Why the other stages can't have it.
  static var reason: String { get }
  /// For how long it stays when nobody says otherwise, in seconds; 0 where it is over at once.
  static var holdSeconds: Int { get }

  /// Chooses what to break.
  /// - Throws: `DrillError` when it is not there.
  init(_ scene: FaultScene) throws

  /// For people.
  var target: String { get }

  /// What visitors want that needs what is broken; nil where all may need it, or nobody knows.
  var needed: Set<Action>? { get }

  /// Before there is load.
  func prepare(_ lab: ControlClient) throws

  /// Returns when it has been done, or, for what takes time, when it is over.
  /// - Returns: what was seen of it meanwhile, where it can't be seen afterwards.
  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String?

  /// Undoes what does not end by itself. May be repeated.
  func end(_ lab: ControlClient) throws

  /// What shows that the fault holds; nil while nothing does, or where `inflict` has told.
  /// - Parameter hasFailed: whether a request has failed in that way since the fault.
  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String?
}

extension Fault {
  static var holdSeconds: Int { 0 }
  var needed: Set<Action>? { nil }

  func prepare(_ lab: ControlClient) throws {}
  func end(_ lab: ControlClient) throws {}
}

/// What a fault chooses from.
struct FaultScene {
  let kind: DrillKind
  let lab: LabSnapshot
  /// What people asked for, where there is a choice.
  let zone: String?
  let folder: AppFolder

  var running: [LabSnapshot.Process] { lab.processes.filter { $0.pid != nil } }

  /// None before stage 3, and of an app without databases.
  var databaseServers: [LabSnapshot.Process] {
    running.filter { $0.kind == .engine(.patroni) || $0.kind == .engine(.postgres) }
  }

  func databaseLeader() throws -> LabSnapshot.Process {
    let servers = databaseServers
    let keepers = servers.filter { $0.kind == .engine(.patroni) }
    guard let leader = (keepers.isEmpty ? servers : keepers).first(where: { $0.role == .leader }) else {
      throw DrillError.unhealthy("no server leads the database")
    }
    return leader
  }

  /// - Throws: `DrillError` of an app that has none.
  func sessionsTable() throws -> LabSnapshot.Process {
    guard let table = running.first(where: { $0.host == SoleHost.sessions.id }) else {
      throw DrillError.unhealthy("no table of sessions runs")
    }
    return table
  }

  func readyServer() throws -> LabSnapshot.Process {
    guard let server = running.first(where: { $0.isApp && $0.health == .ready }) else {
      throw DrillError.unhealthy("no app server is ready")
    }
    return server
  }
}

/// The host of the database's leader, with everything on it.
struct LeaderHost: Sendable {
  let name: String
  let victims: Victims

  init(_ scene: FaultScene) throws {
    let leader = try scene.databaseLeader()
    name = leader.place
    victims = Victims(scene.running.filter { $0.host == leader.host })
  }
}

/// Processes that a fault hits, as they were before.
struct Victims: Sendable {
  let processes: [LabSnapshot.Process]

  init(_ processes: [LabSnapshot.Process]) { self.processes = processes }

  var count: Int { processes.count }
  var areGone: Bool { processes.allSatisfy { $0.kernelState == nil } }
  var areStopped: Bool { processes.allSatisfy(\.standsStill) }

  /// The proof of their end.
  var death: String? {
    areGone ? "\(count) processes were killed: \(processes.map(\.name).joined(separator: ", "))" : nil
  }
}

extension LabSnapshot.Process {
  /// Its host; what runs on none has its own name.
  var place: String { host ?? name }
}
