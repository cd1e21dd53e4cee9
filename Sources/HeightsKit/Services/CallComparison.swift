// Calls of a service that is done both in this process and elsewhere: how either side does.

import Synchronization

/// What a process that does a service's work itself has counted of its calls, while it may send some elsewhere: of all that went,
/// and of a sample of those that stayed. Both are counted at the same place and pass the same coder, so that what
/// differs is where they are done.
final class CallComparison: Sendable {
  /// Of the calls that stay one in so many is counted at least. Others are neither counted nor timed: they cost what a call costs
  /// that can't go elsewhere.
  static let nearOneIn = 8

  enum Side: String, CaseIterable { case here, elsewhere }

  struct Counts: Sendable {
    var begun = 0
    /// By a fault of the service or on the way there: whoever asks wrongly, or gives up, is not counted.
    var failed = 0
    /// Of those that have ended, however.
    var durations = DurationCounts()
  }

  private let sides = Mutex<[Side: Counts]>([:])

  var counts: [Side: Counts] { sides.withLock { $0 } }

  /// Does a call, and counts it.
  func counting<Answer: Sendable>(
    _ side: Side, _ call: () async throws -> Answer
  ) async throws -> Answer {
    note(side) { $0.begun += 1 }
    let begun = Deadline.now
    do {
      let answer = try await call()
      note(side) { $0.durations.record(microseconds: begun.elapsedMicroseconds) }
      return answer
    } catch {
      let isFault = Self.isFault(error) && !Task.isCancelled
      note(side) { counts in
        counts.durations.record(microseconds: begun.elapsedMicroseconds)
        if isFault { counts.failed += 1 }
      }
      throw error
    }
  }

  private func note(_ side: Side, _ change: (inout sending Counts) -> Void) {
    sides.withLock { change(&$0[side, default: Counts()]) }
  }

  private static func isFault(_ error: any Error) -> Bool {
    switch error {
    case is any ServiceError: false
    case let problem as Problem: problem.status.code >= 500
    default: true
    }
  }
}

extension MetricsText {
  /// Of each service; nothing where no call has been counted.
  mutating func comparisons(_ services: [(service: String, comparison: CallComparison)]) {
    let lines = services.flatMap { service, comparison in
      let counts = comparison.counts
      return CallComparison.Side.allCases.compactMap { side in
        counts[side].map { ([("service", service), ("done", side.rawValue)], $0) }
      }
    }
    if lines.isEmpty { return }
    let which = "of those done here a sample, while the service is elsewhere too"
    begin("call_begun_total", "counter", "Calls of services that are done here as well: \(which).")
    for (labels, counts) in lines { sample("call_begun_total", labels, Double(counts.begun)) }
    begin(
      "call_failures_total", "counter", "Those that ended with a fault of the service, or without an answer.")
    for (labels, counts) in lines { sample("call_failures_total", labels, Double(counts.failed)) }
    begin("call_duration_seconds", "histogram", "Time until they ended.")
    for (labels, counts) in lines { durations("call_duration_seconds", labels, counts.durations) }
  }
}
