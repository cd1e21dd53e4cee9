// What a process has of services: those it calls, and the one that it is.

import Synchronization

/// The services of a process: those it calls, and the one that it is.
final class Services: Sendable {
  private struct State {
    var callers: [(service: String, callers: [ServiceCaller])] = []
    var comparisons: [(service: String, comparison: CallComparison)] = []
    var door: Router?
  }

  private let state = Mutex(State())

  /// What the process serves instead of the app: the calls of the service that it is; nil where it is all of the app, or the
  /// part that people come to.
  var door: Router? { state.withLock { $0.door } }

  /// - Parameter comparison: nil where the process does not do the service's work.
  func add(_ service: String, _ callers: [ServiceCaller], _ comparison: CallComparison?) {
    state.withLock { state in
      state.callers.append((service, callers))
      if let comparison { state.comparisons.append((service, comparison)) }
    }
  }

  func answer<Client: ServiceClient>(
    _ client: Client.Type, _ work: Client.Work, _ placements: PlacementAdoption
  ) async {
    let known = CallersKnown(service: Client.service)
    await placements.follow { known.follow($0) }
    var router = Router()
    router.addCalls(of: client, work, known)
    state.withLock { $0.door = router }
  }

  func close() async {
    for (_, callers) in state.withLock({ $0.callers }) {
      for caller in callers { await caller.close() }
    }
  }

  /// How many calls have gone elsewhere.
  var callCount: Int {
    get async {
      var count = 0
      for (_, callers) in state.withLock({ $0.callers }) {
        for caller in callers { count += await caller.counts.calls }
      }
      return count
    }
  }

  func writeMetrics(to text: inout MetricsText) async {
    var sums: [(service: String, counts: ServiceCaller.Counts)] = []
    for (service, callers) in state.withLock({ $0.callers }) {
      var sum = ServiceCaller.Counts()
      for caller in callers { sum += await caller.counts }
      sums.append((service, sum))
    }
    text.calls(sums)
    text.comparisons(state.withLock { $0.comparisons })
  }
}

extension ServiceCaller.Counts {
  fileprivate static func += (sum: inout Self, other: Self) {
    sum.calls += other.calls
    sum.repeated += other.repeated
    sum.failed += other.failed
  }
}

extension MetricsText {
  /// Calls that went elsewhere.
  fileprivate mutating func calls(_ services: [(service: String, counts: ServiceCaller.Counts)]) {
    if services.allSatisfy({ $0.counts.calls == 0 }) { return }
    let figures: [(String, String, (ServiceCaller.Counts) -> Double)] = [
      ("calls_total", "Calls of services that are elsewhere.", { Double($0.calls) }),
      ("calls_repeated_total", "Tries besides the first of a call.", { Double($0.repeated) }),
      ("calls_failed_total", "Calls without an answer of the service.", { Double($0.failed) }),
    ]
    for (name, help, value) in figures {
      begin(name, "counter", help)
      for (service, counts) in services { sample(name, [("service", service)], value(counts)) }
    }
  }
}
