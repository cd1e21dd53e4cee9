// A lab without processes, in which a call fails when it is told to.

import Policies
import Synchronization

@testable import Lab
@testable import Rollout

/// Runs an app of some services at release 1; release 2 is there.
final class FakeLab: RolloutLab {
  struct Failure: Error, Equatable {}

  struct World {
    var book: ReleaseBook
    var calls = 0
    /// The number of the call that fails before it took effect, or after; nil: none.
    var failingCall: (number: Int, tookEffect: Bool)?
    /// What its release does wrong.
    var badRelease: Fault?
    var isGone = false
    var said: [String] = []
    var trials = TrialBook()
    var pausedMs = 0
    /// By the process: how long it runs its release.
    var ages: [String: Int] = [:]
    var migrations: [Int: MigrationReview.Files] = [:]
    var requestsPerSecond = 40.0
  }

  enum Fault { case doesNotStart, fails, isSlow, ends, becomesUnready }

  let services: [(name: String, instances: [String])]
  let world: Mutex<World>

  static var book: ReleaseBook {
    var book = ReleaseBook()
    for number in [1, 2] {
      book.add(
        LabRelease(
          number: number, madeAtMs: 0, origin: "/app", fingerprint: "\(number)",
          runs: ReleaseRuns(all: ["run"])))
    }
    book.settle(1)
    return book
  }

  /// - Parameter services: in the order of calls, with their instances; the zone is the first letter after the dash.
  init(_ services: KeyValuePairs<String, [String]>) {
    self.services = services.map { ($0.key, $0.value) }
    world = Mutex(World(book: Self.book))
  }

  var running: [String: Int] {
    let book = world.withLock { $0.book }
    let names = services.flatMap(\.instances)
    return Dictionary(uniqueKeysWithValues: names.map { ($0, book.number(of: $0) ?? 0) })
  }

  private func call(_ body: (inout World) throws -> Void) throws {
    try world.withLock { world in
      if world.isGone { throw LabError("not_running", "nothing runs") }
      world.calls += 1
      let fails = world.failingCall?.number == world.calls
      if fails, world.failingCall?.tookEffect == false { throw Failure() }
      try body(&world)
      if fails { throw Failure() }
    }
  }

  func app() throws -> RolledApp {
    try world.withLock { world in
      if world.isGone { throw LabError("not_running", "nothing runs") }
      return RolledApp(
        services: services.map { service in
          .init(
            name: service.name,
            instances: service.instances.map { name in
              let isBad = world.book.number(of: name) == 2
              let isEnding = isBad && world.badRelease == .ends && world.ages[name, default: 0] > 1_500
              let isUnready = isBad && world.badRelease == .becomesUnready
              return .init(
                name: name, zone: name.contains("-") ? String(name.split(separator: "-")[1].prefix(1)) : nil,
                isReady: !isUnready, restarts: isEnding ? 1 : 0)
            })
        }, releases: world.book)
    }
  }

  func run(_ number: Int, on processes: [String], _ say: (String) -> Void) throws {
    try call { world in
      world.book.assign(number, to: processes)
      for name in processes { world.ages[name] = 0 }
      if number == 2, world.badRelease == .doesNotStart {
        throw LabError("not_ready", "\(processes[0]) did not become ready:\n  no such file")
      }
    }
  }

  func settle(_ number: Int) throws { try call { $0.book.settle(number) } }
  func show(_ trial: LabSnapshot.Trial) { world.withLock { $0.trials.note(trial) } }

  func drop(fault: String?) throws {
    try call { world in
      if let number = world.book.rollout?.number { world.trials.drop(number, fault: fault) }
      world.book.drop(fault: fault)
    }
  }

  func counts() -> [String: AnswerCounts] {
    world.withLock { world in
      Dictionary(uniqueKeysWithValues: services.flatMap(\.instances).map { ($0, counts(of: $0, world)) })
    }
  }

  private func counts(of process: String, _ world: World) -> AnswerCounts {
    let total = (Double(world.ages[process] ?? 100_000) * world.requestsPerSecond / 1_000).rounded()
    let isBad = world.book.number(of: process) == 2
    let slow = isBad && world.badRelease == .isSlow ? (total / 5).rounded() : 0
    return AnswerCounts(
      total: total, failed: isBad && world.badRelease == .fails ? (total / 5).rounded() : 0, timed: total,
      buckets: [0.01, 0.025, 0.05, 0.1, 1].map {
        .init(upToSeconds: $0, count: $0 < 1 ? total - slow : total)
      })
  }

  func migrations(of number: Int) -> MigrationReview.Files { world.withLock { $0.migrations[number] ?? [:] } }

  func pause(ms: Int) {
    world.withLock { world in
      world.pausedMs += ms
      for name in services.flatMap(\.instances) { world.ages[name, default: 100_000] += ms }
    }
  }
}

extension Rollout {
  /// Of a test, which is told nothing.
  init(_ lab: FakeLab, allowsBreaking: Bool = false, shouldStop: @escaping @Sendable () -> Bool = { false }) {
    self.init(
      lab: lab, allowsBreaking: allowsBreaking, shouldStop: shouldStop,
      tell: { text in lab.world.withLock { $0.said.append(text) } })
  }
}
