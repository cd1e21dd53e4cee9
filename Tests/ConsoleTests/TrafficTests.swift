// The figures of the charts.

import Lab
import Testing

@testable import Console

struct TrafficTests {
  @Test("rates are per second of the time that passed, however long the reading took")
  func ratesArePerSecond() {
    let traffic = Traffic(
      from: reading(atMs: 10_000, answers: 100, errors: 2, fast: 50, all: 102),
      to: reading(atMs: 12_500, answers: 350, errors: 7, fast: 175, all: 357))
    #expect(traffic.atMs == 12_500)
    #expect(traffic.requestsPerSecond == 102)
    #expect(traffic.errorsPerSecond == 2)
  }

  @Test("percentiles are of the requests between the two readings only, in milliseconds")
  func percentilesAreOfTheInterval() throws {
    let traffic = Traffic(
      from: reading(atMs: 0, answers: 1_000, errors: 0, fast: 0, all: 1_000),
      to: reading(atMs: 1_000, answers: 1_100, errors: 0, fast: 100, all: 1_100))
    #expect(try #require(traffic.p50Ms) == 5)
    #expect(try #require(traffic.p99Ms) <= 10)
  }

  @Test("a second without requests has a rate of zero and no percentiles")
  func quietSecondHasNoPercentiles() {
    let quiet = reading(atMs: 0, answers: 9, errors: 0, fast: 9, all: 9)
    let traffic = Traffic(from: quiet, to: MetricsReading(atMs: 1_000, metrics: quiet.metrics))
    #expect(traffic.requestsPerSecond == 0)
    #expect(traffic.p50Ms == nil)
  }

  @Test("nothing is made up when no time has passed")
  func nothingIsMadeUp() {
    let one = reading(atMs: 5, answers: 9, errors: 0, fast: 9, all: 9)
    #expect(Traffic(from: one, to: one) == Traffic(atMs: 5))
  }

  /// `fast` answers within 10 ms, the others within 1 s.
  private func reading(atMs: Int, answers: Int, errors: Int, fast: Int, all: Int) -> MetricsReading {
    MetricsReading(
      atMs: atMs,
      metrics: AppMetrics(
        text: """
          http_requests_total{status="200"} \(answers)
          http_requests_total{status="503"} \(errors)
          http_request_duration_seconds_bucket{le="0.01"} \(fast)
          http_request_duration_seconds_bucket{le="1"} \(all)
          http_request_duration_seconds_count \(all)

          """))
  }
}
