// A lab in memory: roles, doors and waitlists, and people who join all the while.

import Foundation
import Placement
import Synchronization
import Testing

@testable import Climb
@testable import Lab

/// Does what the real lab does, at once. After each call somebody joins the waitlist of each process that answers the
/// public, and what must hold at every moment is checked: somebody answers, and no address that was acknowledged is
/// in neither store.
final class FakeLab: ClimbLab {
  /// The climber dies with this call, before or after it took effect.
  struct Crash: Equatable {
    let call: Int
    let isAfter: Bool
  }

  /// What happens to the lab from outside.
  enum Mishap: CaseIterable {
    case none
    /// Every process dies, and the supervisor starts it again.
    case processesDie
    /// The lab is ended and started again.
    case labRestarts
  }

  struct Dead: Error {}

  private struct Process {
    var isAccepting: Bool
    var isReady = true
  }

  private struct State {
    var stage = 1
    var openDoors: [Role] = [.launch]
    var processes: [Role: Process] = [.launch: Process(isAccepting: true)]
    var stores: [Role: [String]] = [.launch: [], .app: []]
    var acknowledged: [String] = []
    var callCount = 0
    var crash: Crash?
    var hasCrashed = false
    var mishap: (kind: Mishap, call: Int) = (.none, 0)
    var appHasWaitlist = true
  }

  private let state = Mutex(State())

  /// - Parameter joined: addresses that the launch page has before the climb.
  init(joined: Int = 3, appHasWaitlist: Bool = true) {
    state.withLock { state in
      state.appHasWaitlist = appHasWaitlist
      for _ in 0..<joined { Self.join(&state) }
    }
  }

  // What a test sees and does.

  var callCount: Int { state.withLock { $0.callCount } }
  var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
  var stage: Int { state.withLock { $0.stage } }
  var acknowledged: [String] { state.withLock { $0.acknowledged } }
  var answering: [Role] { state.withLock { Self.answering($0) } }
  var living: [Role] { state.withLock { state in Role.allCases.filter { state.processes[$0] != nil } } }

  /// The addresses that were acknowledged and that a role's store does not have, with all that belongs to them.
  func missing(in role: Role) -> [String] {
    state.withLock { state in
      let present = Set(state.stores[role] ?? [])
      return state.acknowledged.filter { !present.contains($0) }
    }
  }

  /// The climber is alive (again), and dies at `crash`; nil lets it live.
  func begin(crashingAt crash: Crash? = nil) {
    state.withLock { state in
      state.hasCrashed = false
      state.callCount = 0
      state.crash = crash
    }
  }

  /// `mishap` happens before that call, once.
  func expect(_ mishap: Mishap, beforeCall call: Int) { state.withLock { $0.mishap = (mishap, call) } }

  func setReady(_ role: Role, _ isReady: Bool) { state.withLock { $0.processes[role]?.isReady = isReady } }

  func happen(_ mishap: Mishap) { state.withLock { Self.happen(mishap, &$0) } }

  // What a climb asks.

  func placement() throws -> Placement? { nil }
  func get(process: String, _ path: String) throws -> AdminClient.Answer {
    try get(#require(Role(rawValue: process)), path)
  }

  func post(process: String, _ path: String) throws -> AdminClient.Answer {
    try StrictLab().post(process: process, path)
  }

  func view() throws -> LabView { try call { LabView(stage: $0.stage, openDoors: $0.openDoors) } }

  func send(_ request: ControlRequest, _ say: StepVoice) throws {
    try call { state in
      switch request {
      case .launchProcess(let role, let frontDoor):
        if frontDoor { Self.setDoor(of: role, open: true, &state) }
        let isOpen = state.openDoors.contains(role)
        if state.processes[role] == nil { state.processes[role] = Process(isAccepting: isOpen) }
        if frontDoor { state.processes[role] = Process(isAccepting: true) }
      case .openFrontDoor(let role):
        Self.setDoor(of: role, open: true, &state)
        try Self.requireProcess(role, state)
        state.processes[role] = Process(isAccepting: true)
      case .drain(let role):
        Self.setDoor(of: role, open: false, &state)
        if state.processes[role] != nil {
          state.processes[role] = Process(isAccepting: false, isReady: false)
        }
      case .retire(let role):
        Self.setDoor(of: role, open: false, &state)
        state.processes[role] = nil
      case .setStage(let stage): state.stage = stage
      default: Issue.record("a climb has no reason to ask for \(request)")
      }
    }
  }

  func get(_ role: Role, _ path: String) throws -> AdminClient.Answer {
    try call { state in
      try Self.requireProcess(role, state)
      switch path {
      case "/healthz": return Self.answer(200)
      case "/readyz": return Self.answer(state.processes[role]?.isReady == true ? 200 : 503)
      case "/waitlist" where role == .launch || state.appHasWaitlist:
        return Self.answer(200, (state.stores[role] ?? []).map { $0 + "\n" }.joined())
      case "/waitlist": return Self.answer(404)
      default:
        Issue.record("a climb has no reason to ask \(role) for \(path)")
        return Self.answer(404)
      }
    }
  }

  func post(_ role: Role, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    try call { state in
      try Self.requireProcess(role, state)
      guard path == "/waitlist", role == .launch || state.appHasWaitlist else { return Self.answer(404) }
      let present = Set((state.stores[role] ?? []).map(Self.email))
      let lines = String(decoding: body, as: UTF8.self).split(separator: "\n").map(String.init)
      state.stores[role]?.append(contentsOf: lines.filter { !present.contains(Self.email($0)) })
      return Self.answer(200)
    }
  }
}

// How it works.
extension FakeLab {
  private func call<T: Sendable>(_ body: (inout State) throws -> T) throws -> T {
    try state.withLock { state -> T in
      if state.hasCrashed { throw Dead() }
      state.callCount += 1
      if state.mishap.kind != .none, state.mishap.call == state.callCount {
        Self.happen(state.mishap.kind, &state)
        state.mishap.kind = .none
      }
      try Self.crash(state.crash, isAfter: false, &state)
      let result: Result<T, any Error> = Result { try body(&state) }
      Self.check(state)
      Self.join(&state)
      try Self.crash(state.crash, isAfter: true, &state)
      return try result.get()
    }
  }

  private static func crash(_ crash: Crash?, isAfter: Bool, _ state: inout State) throws {
    guard crash == Crash(call: state.callCount, isAfter: isAfter) else { return }
    state.hasCrashed = true
    throw Dead()
  }

  private static func check(_ state: State) {
    #expect(!answering(state).isEmpty, "nobody answers the public after call \(state.callCount)")
    let present = Set(state.stores.values.joined())
    let lost = state.acknowledged.filter { !present.contains($0) }
    #expect(lost.isEmpty, "in neither store after call \(state.callCount)")
  }

  private static func answering(_ state: State) -> [Role] {
    Role.allCases.filter { state.processes[$0]?.isAccepting == true }
  }

  private static func join(_ state: inout State) {
    for role in answering(state) where role == .launch || state.appHasWaitlist {
      let number = state.acknowledged.count
      let line = #"{"email":"\#(role.rawValue)\#(number)@example.com","joinedAtMs":\#(number),"note":"ü"}"#
      state.stores[role]?.append(line)
      state.acknowledged.append(line)
    }
  }

  private static func happen(_ mishap: Mishap, _ state: inout State) {
    var roles: [Role]
    switch mishap {
    case .none: return
    case .processesDie: roles = Array(state.processes.keys)
    case .labRestarts:
      if state.openDoors.isEmpty { state.openDoors = [state.stage == 1 ? .launch : .app] }
      roles = state.openDoors
    }
    let doors = state.openDoors
    state.processes = Dictionary(
      uniqueKeysWithValues: roles.map { ($0, Process(isAccepting: doors.contains($0))) })
  }

  private static func setDoor(of role: Role, open: Bool, _ state: inout State) {
    state.openDoors.removeAll { $0 == role }
    if open { state.openDoors.append(role) }
  }

  private static func requireProcess(_ role: Role, _ state: State) throws {
    if state.processes[role] == nil {
      throw LabError.system(attempt: "asking \(role.rawValue)", code: ECONNREFUSED)
    }
  }

  private static func email(_ line: String) -> Substring { line.split(separator: "\"")[3] }

  private static func answer(_ status: Int, _ text: String = "") -> AdminClient.Answer {
    AdminClient.Answer(status: status, body: Array(text.utf8), lengthBytes: text.utf8.count)
  }
}
