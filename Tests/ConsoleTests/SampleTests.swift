// The figures of the charts.

import Lab
import Testing

@testable import Console

@Suite struct SampleTests {
  @Test("rates are per second of the time that passed, however long the reading took")
  func ratesArePerSecond() {
    let sample = Sample(
      from: reading(atMs: 10_000, answers: 100, errors: 2, fast: 50, all: 102),
      to: reading(atMs: 12_500, answers: 350, errors: 7, fast: 175, all: 357))
    #expect(sample.atMs == 12_500)
    #expect(sample.requestsPerSecond == 102)
    #expect(sample.errorsPerSecond == 2)
    #expect(sample.writesPerSecond == 100)
    #expect(sample.rates == ["app": 102])
  }

  @Test("percentiles are of the requests between the two readings only, in milliseconds")
  func percentilesAreOfTheInterval() throws {
    let sample = Sample(
      from: reading(atMs: 0, answers: 1_000, errors: 0, fast: 0, all: 1_000),
      to: reading(atMs: 1_000, answers: 1_100, errors: 0, fast: 100, all: 1_100))
    #expect(try #require(sample.p50Ms) == 5)
    #expect(try #require(sample.p99Ms) <= 10)
  }

  @Test("several processes are one app, and each has its rate")
  func processesAreAdded() {
    let sample = Sample(
      from: reading(atMs: 0, answers: 10, names: ["a", "b"]),
      to: reading(atMs: 1_000, answers: 30, names: ["a", "b"]))
    #expect(sample.requestsPerSecond == 40)
    #expect(sample.rates == ["a": 20, "b": 20])
  }

  @Test("a process of which one reading is missing is left out, whatever it has counted before")
  func newProcessIsLeftOut() {
    let known = reading(atMs: 1_000, answers: 5_000)
    let none = MetricsReading(atMs: 0, metrics: [:])
    #expect(Sample(from: none, to: known) == Sample(atMs: 1_000))
    #expect(Sample(from: known, to: MetricsReading(atMs: 2_000, metrics: [:])) == Sample(atMs: 2_000))
  }

  @Test("a second without requests has a rate of zero and no percentiles")
  func quietSecondHasNoPercentiles() {
    let quiet = reading(atMs: 0, answers: 9, errors: 0, fast: 9, all: 9)
    let sample = Sample(from: quiet, to: MetricsReading(atMs: 1_000, metrics: quiet.metrics))
    #expect(sample.requestsPerSecond == 0)
    #expect(sample.p50Ms == nil)
  }

  @Test("nothing is made up when no time has passed")
  func nothingIsMadeUp() {
    let one = reading(atMs: 5, answers: 9, errors: 0, fast: 9, all: 9)
    #expect(Sample(from: one, to: one) == Sample(atMs: 5))
  }

  /// Answers with 200 were writes; `fast` answers came within 10 ms, the others within 1 s.
  private func reading(
    atMs: Int, answers: Int, errors: Int = 0, fast: Int = 0, all: Int = 0, names: [String] = ["app"]
  ) -> MetricsReading {
    let metrics = AppMetrics(
      text: """
        http_requests_total{method="post",status="200"} \(answers)
        http_requests_total{method="post",status="503"} \(errors)
        http_request_duration_seconds_bucket{le="0.01"} \(fast)
        http_request_duration_seconds_bucket{le="1"} \(all)
        http_request_duration_seconds_count \(all)

        """)
    return MetricsReading(atMs: atMs, metrics: Dictionary(uniqueKeysWithValues: names.map { ($0, metrics) }))
  }
}
