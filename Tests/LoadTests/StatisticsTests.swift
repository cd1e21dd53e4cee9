// Percentiles and popularity are what they claim to be.

import Foundation
import Testing
import Workload

@testable import Load

@Suite struct StatisticsTests {
  @Test(arguments: [UInt64(1), 2, 3]) func percentilesAreAtMostOnePercentAboveTheExactOnes(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var histogram = Histogram()
    // From microseconds to a minute, evenly over the orders of magnitude.
    let values = (0..<20_000).map { _ in Int(pow(60_000_000, random.unit())) }
    for value in values { histogram.record(microseconds: value) }
    let sorted = values.sorted()
    for percent in [0, 1, 50, 90, 99, 99.9, 100] {
      let exact = sorted[max(Int((Double(sorted.count) * percent / 100).rounded(.up)), 1) - 1]
      let told = histogram.percentile(percent)
      #expect(told >= exact && Double(told) <= Double(exact) * 1.01, "p\(percent), seed \(seed)")
    }
    #expect(histogram.maxMicroseconds == sorted.last)
    #expect(histogram.count == values.count)
  }

  @Test func smallDurationsAreExact() {
    for value in 0..<256 {
      var histogram = Histogram()
      histogram.record(microseconds: value)
      histogram.record(microseconds: 1_000_000)
      #expect(histogram.percentile(50) == value)
    }
  }

  @Test func whatIsBeyondTheRangeIsCountedAndItsMaximumKept() {
    var histogram = Histogram()
    histogram.record(microseconds: 3_600_000_000)
    histogram.record(microseconds: -5)
    #expect(histogram.count == 2)
    #expect(histogram.maxMicroseconds == 3_600_000_000)
    #expect(histogram.percentile(50) == 0)
    #expect(histogram.percentile(100) >= 60_000_000)
    #expect(Histogram().percentile(99) == 0)
  }

  @Test func mergingIsRecordingBoth() {
    var (left, right, both) = (Histogram(), Histogram(), Histogram())
    var random = SeededRandom(seed: 4)
    for index in 0..<1_000 {
      let value = Int.random(in: 0...100_000, using: &random)
      if index % 3 == 0 { left.record(microseconds: value) } else { right.record(microseconds: value) }
      both.record(microseconds: value)
    }
    left.merge(right)
    #expect(left == both)
  }

  @Test(arguments: [0, 0.5, 0.99, 1, 1.000_001, 1.5, 3]) func ranksAreDrawnAsZipfSays(_ exponent: Double) {
    let (count, draws, seed) = (40, 200_000, UInt64(5))
    let zipf = Zipf(count: count, exponent: exponent)
    var random = SeededRandom(seed: seed)
    var seen = [Int](repeating: 0, count: count)
    for _ in 0..<draws { seen[zipf.sample(&random) - 1] += 1 }
    let weights = (1...count).map { pow(Double($0), -exponent) }
    let sum = weights.reduce(0, +)
    // Ranks too rare for the test are left out of it, as the chi-squared test asks.
    let expected = weights.map { $0 / sum * Double(draws) }
    let used = expected.indices.filter { expected[$0] >= 5 }
    let chiSquared = used.reduce(0.0) { $0 + pow(Double(seen[$1]) - expected[$1], 2) / expected[$1] }
    // 99.99 % of the distribution with 39 degrees of freedom lies below 82; fewer degrees lie lower still.
    #expect(chiSquared < 82, "exponent \(exponent), seed \(seed)")
  }

  @Test func ranksStayInRangeForAnyCount() {
    var random = SeededRandom(seed: 6)
    for count in [1, 2, 3, 1_000_000] {
      for exponent in [0, 1, 4.0] {
        let zipf = Zipf(count: count, exponent: exponent)
        for _ in 0..<1_000 { #expect((1...count).contains(zipf.sample(&random))) }
      }
    }
  }

  @Test func actionsAreDrawnByTheirWeights() throws {
    let mix = ActionMix(
      try Workload([.readFeed: 3, .post: 1, .like: 0], popularityExponent: 1))
    var random = SeededRandom(seed: 7)
    var seen: [Action: Int] = [:]
    for _ in 0..<40_000 { seen[mix.sample(&random), default: 0] += 1 }
    #expect(Set(seen.keys) == [.readFeed, .post])
    #expect(abs(Double(seen[.post] ?? 0) / 10_000 - 1) < 0.05)
  }
}
