// How many took how long, as Prometheus reads a histogram.

/// Counts of durations in buckets. A value: a copy is a snapshot.
package struct DurationCounts: Sendable {
  /// Upper bounds in microseconds. Each is about one and a half times the one before: fine enough for percentiles.
  static let boundsMicroseconds = [
    100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 15_000, 25_000, 40_000, 60_000,
    100_000,
    150_000, 250_000, 400_000, 600_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000, 6_000_000, 10_000_000,
  ]

  private var buckets = [Int](repeating: 0, count: boundsMicroseconds.count + 1)
  private var sumMicroseconds = 0

  /// Of nothing.
  package init() {}

  package mutating func record(microseconds: Int) {
    sumMicroseconds += microseconds
    // Most are short: found at the front.
    let bounds = Self.boundsMicroseconds
    buckets[bounds.firstIndex { microseconds <= $0 } ?? bounds.count] += 1
  }

  package mutating func add(_ other: DurationCounts) {
    sumMicroseconds += other.sumMicroseconds
    for (bucket, count) in other.buckets.enumerated() { buckets[bucket] += count }
  }

  fileprivate func write(_ name: String, _ labels: [(String, String)], to text: inout MetricsText) {
    var total = 0
    for (bound, count) in zip(Self.boundsMicroseconds, buckets) {
      total += count
      text.sample(name + "_bucket", labels + [("le", String(Double(bound) / 1e6))], Double(total))
    }
    total += buckets[buckets.count - 1]
    text.sample(name + "_bucket", labels + [("le", "+Inf")], Double(total))
    text.sample(name + "_sum", labels, Double(sumMicroseconds) / 1e6)
    text.sample(name + "_count", labels, Double(total))
  }
}

extension MetricsText {
  /// The samples of a histogram in seconds; `begin` goes before.
  package mutating func durations(_ name: String, _ labels: [(String, String)], _ counts: DurationCounts) {
    counts.write(name, labels, to: &self)
  }
}
