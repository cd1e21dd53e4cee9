// The files of all hosts make one trace again, and what they tell is found.

import Contract
import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct TraceArchiveTests {
  private let home: TemporaryFolder
  private let folder: AppFolder

  init() throws {
    home = try TemporaryFolder()
    folder = try AppFolder(home.path)
    try folder.create()
  }

  private var archive: TraceArchive { TraceArchive(folder) }

  /// A span; times in milliseconds.
  private func span(
    _ trace: String, _ id: String, in parent: String? = nil, _ name: String, kind: Int = 3, _ startMs: Int64,
    _ endMs: Int64, failed: Bool = false, _ facts: [String: String] = [:]
  ) -> TracesData.Span {
    TracesData.Span(
      traceId: trace, spanId: id, parentSpanId: parent, name: name, kind: kind,
      startTimeUnixNano: startMs * 1_000_000, endTimeUnixNano: endMs * 1_000_000,
      attributes: facts.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) },
      status: failed ? .failed : nil)
  }

  private func write(_ spans: TracesData.Span..., to process: String, suffix: String = "") throws {
    let data = TracesData(resourceSpans: [
      .init(
        resource: .init(attributes: [
          .init("service.name", .text("web")), .init("service.instance.id", .text(process)),
        ]),
        scopeSpans: [.init(scope: .init(name: "heights"), spans: spans)])
    ])
    let path = folder.traces(of: process) + suffix
    if !FileManager.default.fileExists(atPath: path) {
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: try JSONEncoder().encode(data) + Data("\n".utf8))
    try file.close()
  }

  private let one = String(repeating: "a1", count: 16)
  private let two = String(repeating: "b2", count: 16)
  private let three = String(repeating: "c3", count: 16)

  private func writeOne() throws {
    try write(
      span(
        one, "01", "GET /", kind: 2, 1_000, 1_100,
        ["url.path": "/", "http.response.status_code": "200", "heights.request": "req-1"]),
      span(one, "02", in: "01", "POST /services/posts/feed", 1_010, 1_090), to: "web-a")
    try write(
      span(one, "04", in: "03", "SELECT posts", 1_030, 1_040, ["db.query.text": "SELECT a\n  FROM b"]),
      span(
        one, "03", in: "02", "POST /services/posts/feed", kind: 2, 1_020, 1_080,
        ["http.response.status_code": "200"]),
      span(one, "05", in: "03", "SELECT posts", 1_025, 1_029, failed: true, ["error.type": "timeout"]),
      to: "posts-b")
  }

  @Test func thePartsOfAllHostsAreOneWaterfall() throws {
    try writeOne()
    let trace = try archive.trace(one)
    #expect(
      trace.rows.map { "\($0.depth) \($0.place) \($0.name) \($0.startMs) \($0.milliseconds) \($0.detail)" }
        == [
          "0 web-a GET / 0.0 100.0 200 /", "1 web-a POST /services/posts/feed 10.0 80.0 ",
          "2 posts-b POST /services/posts/feed 20.0 60.0 200", "3 posts-b SELECT posts 25.0 4.0 timeout",
          "3 posts-b SELECT posts 30.0 10.0 SELECT a FROM b",
        ])
    #expect(trace.rows.map(\.hasFailed) == [false, false, false, true, false])
    #expect(trace.summary.places == ["posts-b", "web-a"] && trace.summary.spans == 5)
    #expect(trace.summary.name == "GET /" && trace.summary.status == 200 && trace.summary.milliseconds == 100)
    #expect(!trace.summary.hasFailed, "a statement's failure is none of the request's")
    #expect(trace.document.resourceSpans.map { $0.scopeSpans[0].spans.count }.sorted() == [2, 3])
  }

  @Test func aPartWhoseCallerKeptNothingStandsAlone() throws {
    try write(
      span(one, "03", in: "02", "POST /services/posts/feed", kind: 2, 10, 20, failed: true), to: "posts-b")
    #expect(try archive.trace(one).rows.map(\.depth) == [0])
    #expect(try archive.trace(one).summary.hasFailed)
  }

  @Test func spansThatAreEachOthersPartsEnd() throws {
    try write(
      span(one, "01", in: "01", "itself", 1, 2), span(one, "02", in: "03", "a", 1, 2),
      span(one, "03", in: "02", "b", 1, 2), to: "web-a")
    #expect(try archive.trace(one).rows.map(\.name) == ["itself"])
  }

  @Test func whatFailedComesFirstThenWhatWasSlowAndTheLatestOfEach() throws {
    let (four, five) = (String(repeating: "d4", count: 16), String(repeating: "e5", count: 16))
    try write(
      span(one, "01", "fine", kind: 2, 9_000, 9_010), span(two, "01", "slow", kind: 2, 1_000, 1_250),
      to: "web-a")
    try write(
      span(three, "01", "failed", kind: 2, 2_000, 2_001, failed: true),
      span(four, "01", "failed later", kind: 2, 3_000, 3_001, failed: true), to: "web-b")
    try write(span(five, "01", "slower", kind: 2, 500, 1_500), to: "web-b", suffix: ".1")
    #expect(archive.recent(limit: 9).map(\.name) == ["failed later", "failed", "slow", "slower", "fine"])
    #expect(archive.recent(limit: 2).map(\.id) == [four, three])
  }

  @Test func aTraceIsFoundByItsFirstDigitsAndByItsRequest() throws {
    try writeOne()
    try write(span(two, "01", "GET /", kind: 2, 1, 2), to: "web-a")
    #expect(try archive.trace("a1a1").id == one)
    let byRequest = try archive.trace("req-1")
    #expect(
      byRequest.id == one && byRequest.rows.count == 5,
      "with the parts of others, that don't name the request")
    for (id, code) in [
      ("ffff", "no_trace"), ("a1", "usage"), ("a1a1/../x", "usage"),
      (String(repeating: "a", count: 65), "usage"),
    ] {
      #expect(throws: LabError.self) { try archive.trace(id) }
      do { _ = try archive.trace(id) } catch let error { #expect(error.code == code, "\(id)") }
    }
    try write(span("a1a1" + two.dropFirst(4), "01", "GET /", kind: 2, 1, 2), to: "web-a")
    do { _ = try archive.trace("a1a1") } catch let error { #expect(error.code == "several_traces") }
  }

  @Test func timesThatNoClockTellsAreNobodys() throws {
    try writeOne()
    var spans = (0..<3).map { span(two, "0\($0)", "GET /", kind: 2, 1, 2) }
    spans[0].startTimeUnixNano = String(Int64.min)
    spans[1].startTimeUnixNano = "-1"
    spans[1].endTimeUnixNano = String(Int64.max)
    spans[2].endTimeUnixNano = "99999999999999999999"
    for span in spans { try write(span, to: "web-a") }
    #expect(archive.recent(limit: 9).map(\.id) == [one])
    var longest = span(three, "01", "GET /", kind: 2, 0, 0)
    longest.endTimeUnixNano = String(Int64.max)
    try write(longest, to: "web-a")
    #expect(try archive.trace(three).rows.count == 1)
  }

  @Test func aLineThatIsNotWholeIsNobodys() throws {
    try writeOne()
    let path = folder.traces(of: "web-a")
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(#"{"resourceSpans":[{"resource"#.utf8))
    try file.close()
    #expect(archive.recent(limit: 9).map(\.id) == [one])
    #expect(TraceArchive(folder).recent(limit: 9).first?.spans == 5)
  }

  @Test func whereNothingWasTracedThereIsNothing() {
    #expect(archive.recent(limit: 9).isEmpty)
  }
}
