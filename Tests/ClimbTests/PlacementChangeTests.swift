// A change of the placement is done when every process goes by it: one that stands still is not taken for one that will.

import Foundation
import Placement
import Synchronization
import Testing
import Topology

@testable import Climb
@testable import Lab

@Suite struct PlacementChangeTests {
  /// The steps of 3 to 5 that change the placement, as they are run and as they are undone. What `move-objects` does
  /// before that when it is undone needs a store.
  private static let changes: [(name: String, work: ClimbStep.Work)] = [
    ("place-follower", step(4, "place-follower").run),
    ("place-follower, undone", step(4, "place-follower").undo),
    ("share-cache", step(5, "share-cache").run), ("share-cache, undone", step(5, "share-cache").undo),
    ("move-sessions", step(5, "move-sessions").run), ("move-sessions, undone", step(5, "move-sessions").undo),
    ("copy-objects", step(5, "copy-objects").run), ("copy-objects, undone", step(5, "copy-objects").undo),
    ("move-objects", step(5, "move-objects").run), ("leave-folder", step(5, "leave-folder").run),
    ("leave-folder, undone", step(5, "leave-folder").undo),
  ]

  private static func step(_ stage: Int, _ name: String) -> ClimbStep {
    let steps = Climber.Route(to: stage, listensOnPort: false).steps
    return steps.first { $0.name == name }
      ?? ClimbStep(name: name, title: "not there", run: { _, _ in }, verify: { _, _ in }, undo: { _, _ in })
  }

  private static let moveSessions = step(5, "move-sessions")

  @Test(arguments: changes.indices) func aStepFailsWhileAProcessStandsStill(index: Int) {
    let change = Self.changes[index]
    let lab = PlacedLab(silent: "server-b")
    let error = #expect(throws: ClimbError.self, "\(change.name)") { try change.work(lab, .silent) }
    #expect(
      error?.description.contains("server-b goes by epoch") == true,
      "\(change.name): \(String(describing: error))")
  }

  @Test func aProcessThatGoesOnInTimeIsWaitedFor() throws {
    let lab = PlacedLab(silent: "server-b", adoptionMs: 60_000) { $0.goOn() }
    try Self.moveSessions.run(lab, .silent)
    #expect(lab.questions("server-b") > 1)
  }

  @Test func aProcessThatEndsIsNotWaitedFor() throws {
    let lab = PlacedLab(silent: "server-b", adoptionMs: 60_000) { $0.restart("server-b") }
    try Self.moveSessions.run(lab, .silent)
  }

  @Test func aSupervisorThatIsAwayHasNotSeenAProcessEnd() throws {
    let lab = PlacedLab(silent: "server-b", adoptionMs: 60_000) { $0.loseSupervisor() }
    try Self.moveSessions.run(lab, .silent)
    #expect(lab.questions("server-b") > 3)
  }

  @Test func aProcessOfTheLastEpochIsWaitedFor() {
    let lab = PlacedLab(behind: "server-a")
    #expect(throws: ClimbError.self) { try Self.moveSessions.run(lab, .silent) }
  }
}

/// Two servers and a placement at epoch 3. One of them may stand still: `after` happens when it was asked twice.
private final class PlacedLab: Provider {
  struct Silence: Error {}

  private struct State {
    var placement: Placement
    var silent: String?
    var questions: [String: Int] = [:]
    /// How often the supervisor does not answer.
    var absences = 0
    var pids: [String: Int32] = ["server-a": 10, "server-b": 11]
  }

  let adoptionMs: Int
  private let behind: String?
  private let after: @Sendable (PlacedLab) -> Void
  private let state: Mutex<State>

  init(
    silent: String? = nil, behind: String? = nil, adoptionMs: Int = 100,
    after: @escaping @Sendable (PlacedLab) -> Void = { _ in }
  ) {
    var placement = Placement(epoch: 3)
    placement.clusters["main"] = .init(members: [ServerAddress(host: "127.0.0.1", port: 5432)])
    placement.cache = .sentinels([ServerAddress(host: "127.0.0.1", port: 26_379)])
    state = Mutex(State(placement: placement, silent: silent))
    self.behind = behind
    self.adoptionMs = adoptionMs
    self.after = after
  }

  func goOn() { state.withLock { $0.silent = nil } }
  func restart(_ process: String) { state.withLock { $0.pids[process] = 99 } }

  /// It is away for some questions; then it has started the servers anew.
  func loseSupervisor() {
    state.withLock {
      $0.absences = 3
      $0.pids = ["server-a": 20, "server-b": 21]
    }
  }

  func questions(_ process: String) -> Int { state.withLock { $0.questions[process] ?? 0 } }

  func placement() throws -> Placement? { state.withLock { $0.placement } }

  func view() throws -> ProviderView {
    let (pids, isAway) = state.withLock { state in
      defer { state.absences = max(state.absences - 1, 0) }
      return (state.pids, state.absences > 0)
    }
    if isAway { throw Silence() }
    let servers = pids.map { name, pid in
      LabSnapshot.Process(name: name, host: name, pid: pid, health: .ready, restarts: 0, lastEnd: nil)
    }
    let hosts = ["cache-a", "cache-b", "cache-c", "database-a", "database-b", "database-c"]
    return ProviderView(
      level: Level(.replicated), openDoors: [], processes: servers,
      addresses: Dictionary(uniqueKeysWithValues: hosts.map { ($0, "127.0.0.1") }))
  }

  func show(_ trial: LabSnapshot.Trial) { StrictProvider().show(trial) }
  func carryOut(_ order: Order, _ say: StepVoice) throws {
    guard case .place(let next, _) = order else { return try StrictProvider().carryOut(order, say) }
    state.withLock { $0.placement = next }
  }

  func get(_ process: String, _ path: String) throws -> AdminClient.Answer {
    guard path == "/placement" else { return try StrictProvider().get(process, path) }
    let (epoch, isSilent, count) = state.withLock { state in
      state.questions[process, default: 0] += 1
      return (state.placement.epoch, state.silent == process, state.questions[process] ?? 0)
    }
    if isSilent, count == 2 { after(self) }
    if isSilent { throw Silence() }
    return AdminClient.Answer(
      status: 200, body: Array("{\"epoch\":\(process == behind ? epoch - 1 : epoch)}".utf8), lengthBytes: nil)
  }

  func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    try StrictProvider().post(process, path, body)
  }
}
