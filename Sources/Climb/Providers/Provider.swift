// Who carries a climb out: it starts, renews and stops what runs, and knows how everything is.

import Contract
import Foundation
import Lab
import Placement
import Policies
import Topology

/// What a climb may have done. Each may be repeated: what is already so is left so.
enum Order: Equatable, Sendable {
  /// Starts what runs on these hosts as a level has it, those that need others after them; what runs already in another form
  /// is started anew. Done when all are ready.
  case start([String], at: Level)
  /// Ends what runs on a host; its data stays.
  case stop(String)
  /// Has a server of a database lead; nothing is lost.
  case lead(String)
  /// Starts a role's process, with or without answering on the public port. Done when it is ready.
  case launch(Role, frontDoor: Bool)
  /// The role answers on the public port from now on.
  case openDoor(Role)
  /// The role no longer accepts on the public port. Done when what it had accepted is answered.
  case drain(Role)
  /// Ends a role's process; its data stays.
  case retire(Role)
  /// The app stands there.
  case record(Level)
  /// Replaces the placement when it is at that epoch.
  case place(Placement, ifEpoch: Int)
}

/// Who carries out the steps of a climb: the lab (`RunningLab`), and in tests one that fails on purpose.
protocol Provider: Sendable {
  /// The level, and the roles that answer on the public port.
  func view() throws -> ProviderView
  /// Where everything is; nil before there is anything to place.
  func placement() throws -> Placement?
  /// Returns when it is done.
  func carryOut(_ order: Order, _ say: StepVoice) throws
  /// Asks a process of the app over its admin socket; throws when it does not run.
  func get(_ process: String, _ path: String) throws -> AdminClient.Answer
  func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer
  /// Shows people how a share of calls does. Nothing goes by it: that nobody hears of it is no fault.
  func show(_ trial: LabSnapshot.Trial)
  /// How long a process may take to follow a change of the placement, in milliseconds.
  var adoptionMs: Int { get }
  /// How long the app may be away, or busy with the job of a climber that was killed, in milliseconds.
  var patienceMs: Int { get }
  /// For how long a share of calls is looked at before the next one.
  var sharePace: ShareJudge.Pace { get }
}

extension Provider {
  var adoptionMs: Int { 60_000 }
  var patienceMs: Int { 120_000 }
  var sharePace: ShareJudge.Pace { ShareJudge.Pace() }
}

/// How everything is that a provider runs.
struct ProviderView: Equatable, Sendable {
  let level: Level
  let openDoors: [Role]
  var processes: [LabSnapshot.Process] = []
  var addresses: [String: String] = [:]
  var ports = LabPorts()
  /// The public key of each service that calls others.
  var callerKeys: [String: String] = [:]
  /// The app has no admin socket, and goes by the variables it was started with.
  var listensOnPort = false

  var stage: Int { level.stage.number }

  func address(of host: String) throws -> String {
    guard let address = addresses[host] else { throw ClimbError.notSo("\(host) has an address") }
    return address
  }

  func isReady(_ process: String) -> Bool { processes.contains { $0.name == process && $0.health == .ready } }
}

// What steps have in common.
extension Provider {
  /// Whether a process of that role lives, be it drained or not.
  func isAlive(_ role: Role) -> Bool { (try? get(role.rawValue, AdminPath.alive).status) == 200 }

  /// A process of that role, its front door as it was.
  func ensureRunning(_ role: Role, _ say: StepVoice) throws {
    if !isAlive(role) { try carryOut(.launch(role, frontDoor: false), say) }
  }

  /// The role answers the public. A process that was drained accepts again.
  func openDoor(_ role: Role, _ say: StepVoice) throws {
    try carryOut(isAlive(role) ? .openDoor(role) : .launch(role, frontDoor: true), say)
  }

  /// Takes a role from the public port while the other has it, never otherwise.
  func closeDoor(_ role: Role, whileOpen other: Role, _ say: StepVoice) throws {
    guard try answersPublic(other) else { throw ClimbError.nobodyAnswers(role: other.rawValue) }
    try carryOut(.drain(role), say)
  }

  func answersPublic(_ role: Role) throws -> Bool {
    try view().openDoors.contains(role) && (try? get(role.rawValue, AdminPath.ready).status) == 200
  }

  /// What a server of the app that is ready makes of a request; any of them would do.
  func postToSomeServer<Answer: Decodable>(_ path: String) throws -> Answer {
    guard let server = try view().processes.first(where: { $0.isApp && $0.health == .ready })?.name else {
      throw ClimbError.notSo("a server of the app is ready")
    }
    let answer = try post(server, path, [])
    guard answer.status == 200 else {
      throw ClimbError.adminFailed(process: server, request: "POST \(path)", status: answer.status)
    }
    return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
  }

  /// Throws when one of them does not do its work.
  func expectReady(_ hosts: HostSet) throws {
    let view = try view()
    for process in hosts.ready { try expect("\(process) is ready", view.isReady(process)) }
  }
}

/// Throws when `isSo` is false.
func expect(_ expectation: String, _ isSo: Bool) throws {
  if !isSo { throw ClimbError.notSo(expectation) }
}
