// How much the app answers, how fast and with how many errors, from one reading of its figures to the next.

import HeightsRuntime
import Lab

/// The figures of the app's processes at one moment.
struct MetricsReading: Sendable {
  /// Since 1970.
  let atMs: Int
  /// By the name of the process; those that did not answer are left out.
  let metrics: [String: AppMetrics]
}

/// One second of the charts.
struct Sample: JSONWritable, Sendable, Equatable {
  /// The end of the time it is about, since 1970.
  let atMs: Int
  private(set) var requestsPerSecond: Double?
  /// Answers with a status of 500 or more.
  private(set) var errorsPerSecond: Double?
  /// Requests that changed something and were acknowledged.
  private(set) var writesPerSecond: Double?
  private(set) var p50Ms: Double?
  private(set) var p90Ms: Double?
  private(set) var p99Ms: Double?
  /// How far the follower that is furthest behind is behind; nil without followers.
  var lagBytes: Int?
  /// Requests per second by the name of the process. Not a part of the JSON.
  private(set) var rates: [String: Double] = [:]

  /// A second of which nothing is known.
  init(atMs: Int) { self.atMs = atMs }

  /// Readings at the same time, or across a clock that was set back, say nothing. A process that one of them lacks is
  /// left out: when it began to count is not known.
  init(from earlier: MetricsReading, to later: MetricsReading) {
    self.init(atMs: later.atMs)
    let seconds = Double(later.atMs - earlier.atMs) / 1_000
    let pairs = later.metrics.compactMap { name, metrics in
      earlier.metrics[name].map { (name: name, recent: metrics.since($0)) }
    }
    guard seconds > 0, !pairs.isEmpty else { return }
    let recent = AppMetrics.sum(pairs.map(\.recent))
    rates = Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, $0.recent.answers / seconds) })
    requestsPerSecond = recent.answers / seconds
    errorsPerSecond = recent.errors / seconds
    writesPerSecond = recent.writes / seconds
    p50Ms = recent.percentileSeconds(0.5).map { $0 * 1_000 }
    p90Ms = recent.percentileSeconds(0.9).map { $0 * 1_000 }
    p99Ms = recent.percentileSeconds(0.99).map { $0 * 1_000 }
  }

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("t", atMs)
      $0.member("requestsPerSecond", requestsPerSecond)
      $0.member("errorsPerSecond", errorsPerSecond)
      $0.member("writesPerSecond", writesPerSecond)
      $0.member("p50Ms", p50Ms)
      $0.member("p90Ms", p90Ms)
      $0.member("p99Ms", p99Ms)
      $0.member("lagBytes", lagBytes)
    }
  }
}
