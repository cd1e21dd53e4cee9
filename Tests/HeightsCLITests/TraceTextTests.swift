// Traces as a terminal shows them.

import Contract
import Foundation
import Testing

@testable import HeightsCLI
@testable import Lab

@Suite struct TraceTextTests {
  private let output = Output(result: { _ in }, progress: { _ in })

  private func span(
    _ id: String, in parent: String? = nil, _ name: String, kind: Int, _ startMs: Int64, _ endMs: Int64,
    failed: Bool = false
  ) throws -> RecordedSpan {
    try #require(
      RecordedSpan(
        TracesData.Span(
          traceId: "a1", spanId: id, parentSpanId: parent, name: name, kind: kind,
          startTimeUnixNano: startMs * 1_000_000, endTimeUnixNano: endMs * 1_000_000,
          attributes: [.init("db.query.text", .text("SELECT 1"))], status: failed ? .failed : nil),
        of: .init(attributes: [.init("service.instance.id", .text("web-a"))])))
  }

  @Test func aWaterfallHasALineForEachSpan() throws {
    let trace = RecordedTrace(
      id: "a1",
      [
        try span("1", "GET /", kind: 2, 1_796_000_000_000, 1_796_000_000_064),
        try span("2", in: "1", "SELECT posts", kind: 3, 1_796_000_000_032, 1_796_000_000_048),
      ])
    #expect(
      TraceText.waterfall(trace, output) == """
        GET /, 64.00 ms
        a1, 2026-11-30T00:53:20.000Z

        WHERE  WHAT                                              AT MS  TOOK MS
        web-a  GET /           ████████████████████████████████  0.00   64.00    SELECT 1
        web-a    SELECT posts  ················████████········  32.00  16.00    SELECT 1
        """)
  }

  @Test(arguments: [(0.0, 0.0, 1), (99.9, 0.1, 1), (0, 100, 32), (50, 100, 16)])
  func aBarStaysWithinItsWidth(startMs: Double, ms: Double, length: Int) {
    let row = RecordedTrace.Row(
      depth: 0, name: "", place: "", detail: "", startMs: startMs, milliseconds: ms, hasFailed: false)
    let bar = TraceText.bar(row, of: 100)
    #expect(bar.count == 32 && bar.count { $0 == "█" } == length)
  }

  @Test func whatFailedIsRed() throws {
    let coloured = Output(result: { _ in }, progress: { _ in }, colours: true)
    let trace = RecordedTrace(id: "a1", [try span("1", "GET /", kind: 2, 1, 2, failed: true)])
    #expect(TraceText.list([trace.summary], coloured).contains("\u{1b}[31ma1"))
    #expect(!TraceText.list([trace.summary], output).contains("\u{1b}"))
    #expect(TraceText.list([], output).hasPrefix("No request was traced yet"))
  }
}
