// The generator of one loop: starts visits when they are due and counts how they end.

import HeightsRuntime
import Workload

/// Drives an open loop with real time and real visitors.
actor Generator {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let visitors: Visitors
  private let mix: ActionMix
  private let observe: @Sendable (LoadRequest) -> Void
  private var random: SeededRandom
  private var openLoop: OpenLoop
  private var begunAt = Deadline.now
  /// What happened since the last `takeTally()`.
  private var tally = Tally()
  private var finished: CheckedContinuation<Void, Never>?

  /// - Parameter observe: told of each request when it has ended or was shed, on the loop's thread.
  init(
    _ openLoop: OpenLoop, _ visitors: Visitors, mix: ActionMix, random: SeededRandom,
    observe: @escaping @Sendable (LoadRequest) -> Void
  ) {
    loop = visitors.loop
    self.openLoop = openLoop
    self.visitors = visitors
    self.mix = mix
    self.random = random
    self.observe = observe
  }

  var inFlight: Int { openLoop.inFlight }

  /// Starts what becomes due until the duration is over or `stop()` is called; returns when the last visit has ended.
  func run() async {
    begunAt = .now
    await withCheckedContinuation { continuation in
      finished = continuation
      startDue()
    }
  }

  /// Lets what is under way end, and starts nothing more.
  func stop() {
    openLoop.stop()
    endIfFinished()
  }

  /// What happened since this was called before.
  func takeTally() -> Tally {
    defer { tally = Tally() }
    return tally
  }

  private func startDue() {
    while true {
      switch openLoop.step(atNs: elapsedNs) {
      case .start(let dueNs): start(dueNs)
      case .shed(let dueNs): shed(dueNs)
      case .wait(let untilNs):
        let due = Deadline(uptimeNanoseconds: begunAt.uptimeNanoseconds + untilNs)
        loop.schedule(at: due) { [weak self] in self?.assumeIsolated { $0.startDue() } }
        return
      case .over: return endIfFinished()
      }
    }
  }

  private func start(_ dueNs: UInt64) {
    let action = mix.sample(&random)
    loop.spawn { await self.visit(action, dueNs) }
  }

  private func shed(_ dueNs: UInt64) {
    tally.countShed()
    let dueNs = begunAt.uptimeNanoseconds + dueNs
    observe(
      LoadRequest(action: mix.sample(&random), dueNs: dueNs, endedNs: dueNs, failure: Tally.shedKind))
  }

  private func visit(_ intended: Action, _ dueNs: UInt64) async {
    tally.countDelay(microseconds: microseconds(since: dueNs))
    var action = intended
    let outcome = await visitors.act(intended) { action = $0 }
    tally.count(action, outcome, latencyMicroseconds: microseconds(since: dueNs))
    observe(
      LoadRequest(
        action: action, dueNs: begunAt.uptimeNanoseconds + dueNs, endedNs: LoadRequest.nowNs,
        failure: outcome.errorKind))
    openLoop.finish()
    endIfFinished()
  }

  private func endIfFinished() {
    guard openLoop.isFinished, let finished else { return }
    self.finished = nil
    finished.resume()
  }

  private var elapsedNs: UInt64 { Deadline.now.uptimeNanoseconds - begunAt.uptimeNanoseconds }
  private func microseconds(since dueNs: UInt64) -> Int { Int((elapsedNs - min(dueNs, elapsedNs)) / 1_000) }
}
