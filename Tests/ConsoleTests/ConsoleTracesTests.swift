// Traces are shown to whoever has the token, and to nobody else.

import Contract
import Foundation
import Testing

@testable import Console
@testable import Lab

@Suite struct ConsoleTracesTests {
  private let trace = String(repeating: "a1", count: 16)

  private func write(to console: ConsoleUnderTest) throws {
    let span = TracesData.Span(
      traceId: trace, spanId: "00000000000000a1", parentSpanId: nil, name: "GET /", kind: 2,
      startTimeUnixNano: 5_000_000, endTimeUnixNano: 9_000_000,
      attributes: [.init("url.path", .text("/invitations/secret"))], status: nil)
    let data = TracesData(resourceSpans: [
      .init(
        resource: .init(attributes: [.init("service.instance.id", .text("server-a"))]),
        scopeSpans: [.init(scope: .init(name: "heights"), spans: [span])])
    ])
    let path = console.lab.folder.traces(of: "server-a")
    try JSONEncoder().encode(data).write(to: URL(fileURLWithPath: path))
  }

  @Test func theListAndATraceWantTheToken() throws {
    let console = try ConsoleUnderTest()
    try write(to: console)
    for path in ["/traces", "/traces/\(trace)"] {
      let without = try #require(console.get(path))
      #expect(without.status == 401 && !without.body.contains("invitations"))
      #expect(console.get(path, headers: ["Authorization": "Bearer x"])?.status == 403)
    }
  }

  @Test func whoHasTheTokenSeesThem() throws {
    let console = try ConsoleUnderTest()
    try write(to: console)
    let token = ["Authorization": "Bearer \(console.token)"]
    let list = try #require(console.get("/traces", headers: token))
    #expect(list.status == 200 && list.head.contains("no-store"))
    let summary =
      #"{"id":"\#(trace)","name":"GET /","path":"/invitations/secret","startedAtMs":5,"milliseconds":4.0,"spans":1,"#
      + #""places":["server-a"],"hasFailed":false}"#
    #expect(list.body == "[\(summary)]")
    #expect(
      console.get("/traces/\(trace.prefix(8))", headers: token)?.body
        == #"{"summary":\#(summary),"rows":[{"depth":0,"name":"GET /","place":"server-a","#
        + #""detail":"/invitations/secret","startMs":0.0,"milliseconds":4.0,"hasFailed":false}]}"#)
    #expect(console.get("/traces/ffffffff", headers: token)?.status == 404)
    #expect(console.get("/traces/a", headers: token)?.status == 400)
  }
}
