// What happened, counted.

import Workload

/// Counts and latencies of one action.
struct ActionTally: Sendable, Equatable {
  var succeeded = 0
  var failed = 0
  var latency = Histogram()

  mutating func merge(_ other: ActionTally) {
    succeeded += other.succeeded
    failed += other.failed
    latency.merge(other.latency)
  }
}

/// Counts and latencies of a run, or of a part of it.
struct Tally: Sendable, Equatable {
  /// The kind under which requests that were never sent count.
  static let shedKind = "shed by the generator"

  private(set) var actions: [Action: ActionTally] = [:]
  private(set) var errors: [String: Int] = [:]
  /// From the moment a request was due until it was handed to the client: the generator's own part of the latency.
  private(set) var delay = Histogram()

  /// A request has ended. Successes and time-outs count into the latency, from the moment they were due; other
  /// failures don't, since a quick refusal is no good answer.
  mutating func count(_ action: Action, _ outcome: Outcome, latencyMicroseconds: Int) {
    var tally = actions[action] ?? ActionTally()
    actions[action] = nil
    if outcome == .succeeded || outcome == .timedOut {
      tally.latency.record(microseconds: latencyMicroseconds)
    }
    if let kind = outcome.errorKind {
      tally.failed += 1
      errors[kind, default: 0] += 1
    } else {
      tally.succeeded += 1
    }
    actions[action] = tally
  }

  mutating func countShed() { errors[Self.shedKind, default: 0] += 1 }
  mutating func countDelay(microseconds: Int) { delay.record(microseconds: microseconds) }

  mutating func merge(_ other: Tally) {
    actions.merge(other.actions) { left, right in
      var sum = left
      sum.merge(right)
      return sum
    }
    errors.merge(other.errors, uniquingKeysWith: +)
    delay.merge(other.delay)
  }

  var succeeded: Int { actions.values.reduce(0) { $0 + $1.succeeded } }
  var failed: Int { actions.values.reduce(0) { $0 + $1.failed } }
  var shed: Int { errors[Self.shedKind, default: 0] }

  var latency: Histogram {
    actions.values.reduce(into: Histogram()) { $0.merge($1.latency) }
  }
}
