// How much the app answers, how fast and with how many errors, from one reading of its figures to the next.

import HeightsKit
import Lab

/// The app's figures at one moment.
struct MetricsReading: Sendable {
  /// Since 1970.
  let atMs: Int
  let metrics: AppMetrics
}

/// The requests between two readings; nothing is known without both.
struct Traffic: JSONWritable, Sendable, Equatable {
  /// The end of the time it is about, since 1970.
  let atMs: Int
  private(set) var requestsPerSecond: Double?
  /// Answers with a status of 500 or more.
  private(set) var errorsPerSecond: Double?
  private(set) var p50Ms: Double?
  private(set) var p90Ms: Double?
  private(set) var p99Ms: Double?

  /// Traffic of which nothing is known.
  init(atMs: Int) { self.atMs = atMs }

  /// Readings at the same time, or across a clock that was set back, say nothing.
  init(from earlier: MetricsReading, to later: MetricsReading) {
    self.init(atMs: later.atMs)
    let seconds = Double(later.atMs - earlier.atMs) / 1_000
    guard seconds > 0 else { return }
    let recent = later.metrics.since(earlier.metrics)
    requestsPerSecond = recent.answers / seconds
    errorsPerSecond = recent.errors / seconds
    p50Ms = recent.percentileSeconds(0.5).map { $0 * 1_000 }
    p90Ms = recent.percentileSeconds(0.9).map { $0 * 1_000 }
    p99Ms = recent.percentileSeconds(0.99).map { $0 * 1_000 }
  }

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("t", atMs)
      $0.member("requestsPerSecond", requestsPerSecond)
      $0.member("errorsPerSecond", errorsPerSecond)
      $0.member("p50Ms", p50Ms)
      $0.member("p90Ms", p90Ms)
      $0.member("p99Ms", p99Ms)
    }
  }
}
