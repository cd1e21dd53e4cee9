// Metrics add up over loops, and every line is of Prometheus' format.

import Foundation
import HeightsHTTP
import Testing

@Suite struct MetricsTests {
  @Test func whatWasAnsweredIsCountedByRouteAndStatus() async throws {
    try await withServer(loops: 2) {
      $0.get("/posts/{id}") { request in
        try await Task.sleep(for: .milliseconds(1))
        return .text(try request.parameter("id"))
      }
      $0.post("/posts") { _ in throw Problem(.conflict, title: "No") }
    } _: { server in
      for number in 0..<40 { _ = try await server.request("GET", "/posts/\(number)") }
      for _ in 0..<3 { _ = try await server.request("POST", "/posts") }
      _ = try await server.request("GET", "/nowhere")
      let text = try await server.metrics
      try Self.checkFormat(text)
      #expect(text.contains(#"http_requests_total{method="GET",route="/posts/{id}",status="200"} 40"#))
      #expect(text.contains(#"http_requests_total{method="POST",route="/posts",status="409"} 3"#))
      #expect(text.contains(#"http_requests_total{route="none",status="404"} 1"#))
      #expect(text.contains(#"http_request_duration_seconds_count{method="GET",route="/posts/{id}"} 40"#))
      #expect(
        text.contains(#"http_request_duration_seconds_bucket{method="GET",route="/posts/{id}",le="+Inf"} 40"#)
      )
      // Each took a millisecond at least.
      #expect(
        text.contains(
          #"http_request_duration_seconds_bucket{method="GET",route="/posts/{id}",le="0.0006"} 0"#))
    }
  }

  @Test func labelsAndHelpCannotBreakALine() throws {
    var text = MetricsText()
    text.begin("a_total", "counter", "Line\nbreak.")
    text.sample("a_total", [("l", "quote \" slash \\ line\nbreak \u{e4}")], 1)
    text.metric("b", "gauge", "B.", 0.25)
    text.metric("c", "gauge", "C.", .infinity)
    text.metric("d", "gauge", "D.", -7)
    try Self.checkFormat(text.text)
    #expect(text.text.contains(#"a_total{l="quote \" slash \\ line\nbreak ä"} 1"#))
  }

  /// Checks each line's form, that every sample has its type before it, and that histograms never fall.
  static func checkFormat(_ text: String) throws {
    var types: [Substring: Substring] = [:]
    var last: (series: String, value: Double)?
    try #require(text.hasSuffix("\n"))
    for line in text.split(separator: "\n") {
      if let help = line.wholeMatch(of: /# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)/) {
        if help.1 == "TYPE" {
          #expect(types.updateValue(help.3, forKey: help.2) == nil, "\(line)")
          #expect(["counter", "gauge", "histogram"].contains(help.3))
        }
        continue
      }
      let form =
        /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_]\w*="([^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.e+\-]+|[+\-]?[Ii]nf|NaN)/
      let sample = try #require(line.wholeMatch(of: form), "\(line)")
      let value = try #require(Double(sample.5))
      let family = sample.1.replacing(/_(bucket|sum|count)$/, with: "")
      #expect(types[sample.1] != nil || types[family[...]] == "histogram", "\(line)")
      guard sample.1.hasSuffix("_bucket") else { continue }
      let series = String(line.replacing(/,le="[^"]*"/, with: "").split(separator: " ")[0])
      if let last, last.series == series { #expect(value >= last.value, "\(line)") }
      last = (series, value)
    }
  }
}
