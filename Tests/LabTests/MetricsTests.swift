// Figures are read from Prometheus text, also when it is odd.

import Testing

@testable import Lab

@Suite struct MetricsTests {
  private let text = """
    # HELP http_requests_total Answers.
    http_requests_total{method="GET",status="200"} 90
    http_requests_total{status="200",method="POST"} 5
    http_requests_total{status="503"} 5 1700000000
    http_request_duration_seconds_bucket{le="0.001"} 50
    http_request_duration_seconds_bucket{le="0.01"} 90
    http_request_duration_seconds_bucket{le="+Inf"} 100
    http_request_duration_seconds_count 100
    other{text="a \\"b\\" \\\\ , }"} 1
    """

  @Test func answersErrorsAndPercentilesAreRead() {
    let metrics = AppMetrics(text: text)
    #expect(metrics.answersByStatus == [200: 95, 503: 5])
    #expect(metrics.errors == 5)
    #expect(metrics.writes == 5)
    #expect(metrics.percentileSeconds(0.5) == 0.001)
    #expect(metrics.percentileSeconds(0.25) == 0.0005)
    #expect(metrics.percentileSeconds(0.99) == 0.01)
  }

  @Test func theDifferenceCountsWhatCameBetween() {
    let earlier = AppMetrics(text: text)
    let later = AppMetrics(
      text: text.replacingOccurrences(of: "} 90", with: "} 190").replacingOccurrences(
        of: "count 100", with: "count 200"))
    #expect(later.since(earlier).answersByStatus[200] == 100)
    #expect(later.since(earlier).buckets.map(\.count) == [0, 100])
    // After a restart the figures begin anew.
    #expect(earlier.since(later) == earlier)
  }

  @Test func theSumIsWhatAllHaveDone() {
    let metrics = AppMetrics(text: text)
    let sum = AppMetrics.sum([metrics, metrics])
    #expect(sum.answersByStatus == [200: 190, 503: 10])
    #expect(sum.writes == 10)
    #expect(sum.buckets.map(\.count) == [100, 180])
    #expect(sum.percentileSeconds(0.5) == metrics.percentileSeconds(0.5))
  }

  @Test func labelsMayHoldAnyText() {
    #expect(PrometheusSample.parse(text).last?.labels == ["text": "a \"b\" \\ , }"])
  }

  @Test(arguments: [
    "", "a", "a{", "a{b", "a{b=", "a{b=\"", "a{b=\"c\"", "a{b=\"c\"}", "a{b=\"c\"} x", "{} 1", "a{b=\"\\",
  ])
  func rubbishIsLeftOut(line: String) {
    #expect(PrometheusSample.parse(line) == [])
    #expect(AppMetrics(text: line).percentileSeconds(0.5) == nil)
  }
}
