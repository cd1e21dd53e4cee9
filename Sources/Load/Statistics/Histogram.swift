// Latencies in buckets that grow with the value: bounded memory, and an error of under 1 %.

/// A log-linear histogram of durations from 0 µs to 60 s.
///
/// Up to 127 µs each microsecond has a bucket of its own; from there each doubling is cut into 128 equal buckets, so
/// that a reported percentile is at most 1/128 (0.8 %) above the true one and never below it. Longer durations count
/// as 60 s; `maxMicroseconds` is exact all the same.
struct Histogram: Sendable, Equatable {
  private static let linearBits = 7
  private static let linear = 1 << linearBits
  private static let longestMicroseconds = 60_000_000
  private static let bucketCount = bucket(of: longestMicroseconds) + 1

  private var counts = [Int](repeating: 0, count: bucketCount)
  private(set) var count = 0
  private(set) var maxMicroseconds = 0
  private var sumMicroseconds = 0

  var meanMicroseconds: Double { count == 0 ? 0 : Double(sumMicroseconds) / Double(count) }

  /// Counts one duration; a negative one counts as 0.
  mutating func record(microseconds: Int) {
    let value = max(microseconds, 0)
    counts[Self.bucket(of: min(value, Self.longestMicroseconds))] += 1
    count += 1
    sumMicroseconds &+= value
    maxMicroseconds = max(maxMicroseconds, value)
  }

  mutating func merge(_ other: Histogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    count += other.count
    sumMicroseconds &+= other.sumMicroseconds
    maxMicroseconds = max(maxMicroseconds, other.maxMicroseconds)
  }

  /// The duration that `percent` (0…100) of all durations do not exceed, in µs; 0 when there are none.
  func percentile(_ percent: Double) -> Int {
    let rank = max(1, Int((Double(count) * min(max(percent, 0), 100) / 100).rounded(.up)))
    var seen = 0
    for index in counts.indices where counts[index] > 0 {
      seen += counts[index]
      if seen >= rank { return min(Self.highest(inBucket: index), maxMicroseconds) }
    }
    return maxMicroseconds
  }

  private static func bucket(of value: Int) -> Int {
    if value < linear { return value }
    let shift = (Int.bitWidth - 1 - value.leadingZeroBitCount) - linearBits
    return shift * linear + (value >> shift)
  }

  private static func highest(inBucket index: Int) -> Int {
    if index < 2 * linear { return index }
    let shift = index / linear - 1
    return ((index - shift * linear + 1) << shift) - 1
  }
}

/// What people read off a histogram, in milliseconds.
public struct LatencySummary: Sendable, Equatable, Codable {
  /// How many durations these figures stand for.
  public let count: Int
  /// 0 when there are none, as the others.
  public let meanMs: Double
  /// The duration that half of all do not exceed.
  public let p50Ms: Double
  /// The duration that 9 in 10 do not exceed.
  public let p90Ms: Double
  /// The duration that 99 in 100 do not exceed.
  public let p99Ms: Double
  /// The duration that 999 in 1,000 do not exceed.
  public let p999Ms: Double
  /// The longest duration, exact; the percentiles are at most 0.8 % too high.
  public let maxMs: Double

  init(_ histogram: Histogram) {
    func ms(_ percent: Double) -> Double { Double(histogram.percentile(percent)) / 1_000 }
    count = histogram.count
    meanMs = histogram.meanMicroseconds / 1_000
    (p50Ms, p90Ms, p99Ms, p999Ms) = (ms(50), ms(90), ms(99), ms(99.9))
    maxMs = Double(histogram.maxMicroseconds) / 1_000
  }
}
