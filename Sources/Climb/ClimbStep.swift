// What a step of a climb is, and what it may ask of the lab.

import Contract
import Lab
import Placement

/// One step. `run` and `undo` may be repeated: what is already so is left so, and each makes sure of what it needs,
/// since the processes may have been restarted since the step before it.
struct ClimbStep: Sendable {
  typealias Work = @Sendable (_ lab: any ClimbLab, _ say: StepVoice) throws -> Void

  /// Stable: the journal holds it.
  let name: String
  /// For people, in the infinitive.
  let title: String
  let run: Work
  /// Throws when what `run` should have brought about is not so.
  let verify: Work
  let undo: Work
}

/// How a step tells what it does: `say("…")`.
struct StepVoice {
  let tell: (_ text: String, _ progress: ClimbEvent.StepProgress?) -> Void

  static var silent: StepVoice { StepVoice { _, _ in } }

  func callAsFunction(_ text: String) { tell(text, nil) }

  /// How far the step has come, with an estimate of the rest where there is one.
  func progress(_ text: String, fraction: Double, remainingSeconds: Int?) {
    let fraction = min(max(fraction, 0), 1)
    tell(text, ClimbEvent.StepProgress(fraction: fraction, remainingSeconds: remainingSeconds))
  }
}

/// The lab that a climb works on.
protocol ClimbLab: Sendable {
  /// The stage, and the roles that answer on the public port.
  func view() throws -> LabView
  /// Where everything is; nil before there is anything to place.
  func placement() throws -> Placement?
  /// Asks the supervisor.
  func send(_ request: ControlRequest, _ say: StepVoice) throws
  /// Asks a process over its admin socket; throws when it does not run.
  func get(_ role: Role, _ path: String) throws -> AdminClient.Answer
  func post(_ role: Role, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer
  /// The same of any process of the app.
  func get(process: String, _ path: String) throws -> AdminClient.Answer
  func post(process: String, _ path: String) throws -> AdminClient.Answer
  /// How long a process may take to follow a change of the placement, in milliseconds.
  var adoptionMs: Int { get }
}

extension ClimbLab {
  var adoptionMs: Int { 60_000 }
}

struct LabView: Equatable, Sendable {
  let stage: Int
  let openDoors: [Role]
  var processes: [LabSnapshot.Process] = []
  var addresses: [String: String] = [:]
  var ports = LabPorts()
  /// The app is no program of HeightsKit's: it has no admin socket, and goes by the variables it was started with.
  var listensOnPort = false

  func address(of host: String) throws -> String {
    guard let address = addresses[host] else { throw ClimbError.notSo("\(host) has an address") }
    return address
  }

  func isReady(_ process: String) -> Bool { processes.contains { $0.name == process && $0.health == .ready } }
}

// What steps have in common.
extension ClimbLab {
  /// Whether a process of that role lives, be it drained or not.
  func isAlive(_ role: Role) -> Bool { (try? get(role, AdminPath.alive).status) == 200 }

  /// A process of that role, its front door as it was.
  func ensureRunning(_ role: Role, _ say: StepVoice) throws {
    if !isAlive(role) { try send(.launchProcess(role: role, frontDoor: false), say) }
  }

  /// The role answers the public. A process that was drained accepts again.
  func openDoor(_ role: Role, _ say: StepVoice) throws {
    try send(isAlive(role) ? .openFrontDoor(role: role) : .launchProcess(role: role, frontDoor: true), say)
  }

  /// Takes a role from the public port while the other has it, never otherwise.
  func closeDoor(_ role: Role, whileOpen other: Role, _ say: StepVoice) throws {
    guard try answersPublic(other) else { throw ClimbError.nobodyAnswers(role: other.rawValue) }
    try send(.drain(role: role), say)
  }

  func answersPublic(_ role: Role) throws -> Bool {
    try view().openDoors.contains(role) && (try? get(role, AdminPath.ready).status) == 200
  }
}

/// Throws when `isSo` is false.
func expect(_ expectation: String, _ isSo: Bool) throws {
  if !isSo { throw ClimbError.notSo(expectation) }
}
