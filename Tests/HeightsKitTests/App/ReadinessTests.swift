// What load balancers ask: whether the process lives, whether it should get requests, what it has seen.

import Testing

@testable import HeightsKit

@Suite struct ReadinessTests {
  @Test func readinessFollowsTheProcessAndHealthDoesNot() async throws {
    let readiness = Readiness()
    try await withServer {
      $0.addHealth(stage: 5, readiness: readiness) {
        var text = MetricsText()
        text.metric("a", "gauge", "A.", 1)
        return text
      }
    } _: { server in
      for (state, status) in [
        (Readiness.State.starting, 503), (.ready, 200), (.draining, 503), (.ready, 200),
      ] {
        readiness.state = state
        let answer = try await server.request("GET", "/readyz")
        #expect(answer.status == status)
        #expect(answer.text == #"{"state":"\#(state.rawValue)","stage":5}"#)
        #expect(try await server.request("GET", "/healthz").text == #"{"state":"alive","stage":5}"#)
      }
      let metrics = try await server.request("GET", "/metrics")
      #expect(metrics["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
      try MetricsTests.checkFormat(metrics.text)
    }
  }
}
