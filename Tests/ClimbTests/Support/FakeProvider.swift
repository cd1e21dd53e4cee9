// A provider without engines: it carries orders out in a world in memory, and fails on purpose.

import Placement
import Policies
import Synchronization
import Testing
import Topology

@testable import Climb
@testable import Lab

/// Does what the lab does, at once. After each call people use the app, and what must hold at every moment is checked.
final class FakeProvider: Provider {
  /// What goes wrong with a call, before or after it took effect.
  struct Failure: Equatable {
    enum Kind: CaseIterable {
      /// The climber dies with it.
      case death
      /// It is refused, and the climber lives to tell.
      case refusal
    }

    let kind: Kind
    let call: Int
    let isAfter: Bool
  }

  struct Dead: Error {}
  struct Refused: Error {}

  private struct State {
    var world: FakeWorld
    var trials = TrialBook()
    var callCount = 0
    var failure: Failure?
    var isDead = false
    var mishap: (kind: FakeWorld.Mishap, call: Int)?
  }

  private let state: Mutex<State>

  init(_ world: FakeWorld) { state = Mutex(State(world: world)) }

  /// A call may not wait for what does not come.
  let adoptionMs = 0
  let patienceMs = 0

  // What a test sees and does.

  var world: FakeWorld { state.withLock { $0.world } }
  var trials: [LabSnapshot.Trial] { state.withLock { $0.trials.trials } }
  var callCount: Int { state.withLock { $0.callCount } }
  var isDead: Bool { state.withLock { $0.isDead } }

  /// The climber is alive (again); that call goes wrong, nil: none does.
  func begin(failing failure: Failure? = nil) {
    state.withLock { state in
      state.isDead = false
      state.callCount = 0
      state.failure = failure
    }
  }

  /// `mishap` happens before that call, once.
  func expect(_ mishap: FakeWorld.Mishap, beforeCall call: Int) {
    state.withLock { $0.mishap = (mishap, call) }
  }

  func change<T: Sendable>(_ body: (inout FakeWorld) throws -> T) rethrows -> T {
    try state.withLock { try body(&$0.world) }
  }

  // What a climb asks.

  var sharePace: ShareJudge.Pace {
    var pace = ShareJudge.Pace()
    (pace.lookMs, pace.leastMs, pace.mostMs) = (0, 0, 0)
    return pace
  }

  func show(_ trial: LabSnapshot.Trial) { state.withLock { $0.trials.note(trial) } }
  func view() throws -> ProviderView { try call { $0.view } }
  func placement() throws -> Placement? { try call { $0.placement } }
  func carryOut(_ order: Order, _ say: StepVoice) throws { try call { try $0.carryOut(order) } }
  func get(_ process: String, _ path: String) throws -> AdminClient.Answer {
    try call { try $0.answer(process, path, nil) }
  }
  func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    try call { try $0.answer(process, path, body) }
  }

  private func call<T: Sendable>(_ body: (inout FakeWorld) throws -> T) throws -> T {
    try state.withLock { state -> T in
      if state.isDead { throw Dead() }
      state.callCount += 1
      if let mishap = state.mishap, mishap.call == state.callCount {
        state.world.happen(mishap.kind)
        state.mishap = nil
      }
      try Self.fail(isAfter: false, &state)
      let result: Result<T, any Error> = Result { try body(&state.world) }
      state.world.live()
      try Self.fail(isAfter: true, &state)
      return try result.get()
    }
  }

  private static func fail(isAfter: Bool, _ state: inout State) throws {
    guard let failure = state.failure, failure.call == state.callCount, failure.isAfter == isAfter else {
      return
    }
    state.failure = nil
    if failure.kind == .refusal { throw Refused() }
    state.isDead = true
    throw Dead()
  }
}
