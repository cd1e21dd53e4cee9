// What leaves a process is OTLP/JSON as its rules have it, and nobody waits for whoever takes it.

import Contract
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HeightsHTTP
@testable import HeightsKit

@Suite struct TraceExportTests {
  /// One with a request and a statement that failed.
  private static func trace(_ number: UInt64 = 0xfeed, spans count: Int = 1) -> RequestTrace {
    var random = SplitMix(number)
    let context = TraceContext(
      traceparent:
        "00-0123456789abcdef0000000000000\(String(0x100 + number % 0xe00, radix: 16))-00000000000000ab-01",
      random: &random)
    func moment(_ ns: UInt64) -> Deadline { Deadline(uptimeNanoseconds: 1_000 + ns) }
    let part = TraceSpan(
      id: 0xb, parent: 0xa, begun: moment(10), ended: moment(20),
      subject: Facts(name: "SELECT \"notes\"", attributes: [SpanAttribute("db.query.text", "SELECT $1")]),
      failure: "timeout")
    return RequestTrace(
      trace: context,
      request: TraceSpan(
        id: 0xa, parent: 0xab, begun: moment(0), ended: moment(30),
        subject: Facts(
          kind: .server, name: "GET /", attributes: [SpanAttribute("http.response.status_code", 200)]),
        failure: nil),
      spans: Array(repeating: part, count: count), droppedSpans: 2,
      // Beyond what a JSON number holds exactly.
      sinceEpochNs: 1_796_000_000_123_456_789)
  }

  @Test func idsAreHexadecimalAndNumbersOf64BitsAreText() throws {
    let data = TracesData([Self.trace(0)], of: [.init("service.name", .text("web"))])
    #expect(
      String(decoding: try JSON.encode(data), as: UTF8.self)
        == #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},"#
        + #""scopeSpans":[{"scope":{"name":"heights"},"spans":["#
        + #"{"traceId":"0123456789abcdef0000000000000100","spanId":"000000000000000a","parentSpanId":"00000000000000ab","#
        + #""name":"GET /","kind":2,"startTimeUnixNano":"1796000000123457789","endTimeUnixNano":"1796000000123457819","#
        + #""attributes":[{"key":"http.response.status_code","value":{"intValue":"200"}},"#
        + #"{"key":"heights.dropped_spans","value":{"intValue":"2"}}]},"#
        + #"{"traceId":"0123456789abcdef0000000000000100","spanId":"000000000000000b","parentSpanId":"000000000000000a","#
        + #""name":"SELECT \"notes\"","kind":3,"startTimeUnixNano":"1796000000123457799","endTimeUnixNano":"1796000000123457809","#
        + #""attributes":[{"key":"db.query.text","value":{"stringValue":"SELECT $1"}},"#
        + #"{"key":"error.type","value":{"stringValue":"timeout"}}],"status":{"code":2}}]}]}]}"#)
  }

  @Test func whatIsWrittenIsReadByWhoRunsTheApp() throws {
    let data = TracesData([Self.trace(1), Self.trace(2)], of: [.init("service.name", .text("web"))])
    #expect(try JSONDecoder().decode(TracesData.self, from: Data(try JSON.encode(data))) == data)
  }

  @Test func aPathLeavesTheMachineOnlyWhereNoRouteTellsAsMuch() {
    func data(_ names: [String]) -> TracesData {
      let span = TracesData.Span(
        traceId: "a", spanId: "b", parentSpanId: nil, name: "GET", kind: 2, startTimeUnixNano: 1,
        endTimeUnixNano: 2, attributes: names.map { .init($0, .text("/x")) }, status: nil)
      let scope = TracesData.ScopeSpans(scope: .init(name: "heights"), spans: [span])
      return TracesData(resourceSpans: [.init(resource: .init(attributes: []), scopeSpans: [scope])])
    }
    #expect(data(["url.path", "http.route"]).withoutKnownPaths == data(["http.route"]))
    #expect(data(["url.path"]).withoutKnownPaths == data(["url.path"]))
  }

  // MARK: The file

  @Test func aFileAndTheOneBeforeItAreBounded() throws {
    let folder = try TemporaryFolder()
    let (path, line) = (folder.path + "/traces", [UInt8](repeating: 0x61, count: 300_000))
    let file = TraceFile(path)
    for _ in 0..<20 { try file.append(line) }
    let sizes = try [path, path + ".1"].map { try Data(contentsOf: URL(fileURLWithPath: $0)).count }
    #expect(
      sizes.allSatisfy { $0 > 0 && $0 <= TraceFile.limitBytes && $0 % (line.count + 1) == 0 }, "\(sizes)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600, "statements and paths are the owner's alone")
    // Another process goes on where this one has ended.
    try TraceFile(path).append(line)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == sizes[0] + line.count + 1)
  }

  @Test func aFileThatWasDeletedIsThereAgain() throws {
    let folder = try TemporaryFolder()
    let (path, line) = (folder.path + "/traces", [UInt8](repeating: 0x61, count: 300_000))
    let file = TraceFile(path)
    try file.append(line)
    try FileManager.default.removeItem(atPath: path)
    // Until it is full.
    for _ in 0..<(TraceFile.limitBytes / line.count + 1) { try file.append(line) }
    #expect(FileManager.default.fileExists(atPath: path))
  }

  // MARK: The exporter

  private static func exported(_ count: Int, to place: String) -> String {
    "traces_exported_total{to=\"\(place)\"} \(count)\n"
  }

  private static func dropped(_ count: Int, to place: String) -> String {
    "traces_dropped_total{to=\"\(place)\"} \(count)\n"
  }

  private func withExporter(
    _ variables: [String: String], _ body: (TraceExporter) async throws -> Void
  ) async throws -> String {
    let loops = try EventLoopGroup(count: 1)
    let settings = try #require(try TraceSettings(variables))
    let exporter = try TraceExporter(settings, on: loops.loops[0])
    exporter.start()
    try await body(exporter)
    await exporter.close()
    var text = MetricsText()
    exporter.writeMetrics(to: &text)
    await loops.shutdown()
    return text.text
  }

  @Test func whatWaitsAtTheEndIsWritten() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/traces"
    let metrics = try await withExporter(["HEIGHTS_TRACES_FILE": path, "OTEL_SERVICE_NAME": "web"]) {
      exporter in
      for number in 0..<5 { exporter.take(Self.trace(UInt64(number), spans: 128)) }
    }
    let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0a)
    let read = try lines.map { try JSONDecoder().decode(TracesData.self, from: $0) }
    // 129 spans each: one fills a line.
    #expect(read.map { $0.resourceSpans[0].scopeSpans[0].spans.count } == Array(repeating: 129, count: 5))
    #expect(read[0].resourceSpans[0].resource.attributes["service.name"] == "web")
    #expect(metrics.contains(Self.exported(5, to: "file")) && metrics.contains(Self.dropped(0, to: "file")))
  }

  @Test func moreThanMayWaitIsDroppedAndCounted() async throws {
    let folder = try TemporaryFolder()
    let over = 9
    let metrics = try await withExporter(["HEIGHTS_TRACES_FILE": folder.path + "/traces"]) { exporter in
      // Its task begins to export a second after it began.
      for number in 0..<(TraceOutlet.waitingLimit + over) { exporter.take(Self.trace(UInt64(number))) }
      exporter.drop(1)
    }
    #expect(metrics.contains(Self.exported(TraceOutlet.waitingLimit, to: "file")), "\(metrics)")
    #expect(metrics.contains(Self.dropped(over + 1, to: "file")), "\(metrics)")
  }

  @Test func aFileThatCannotBeWrittenLosesTracesAndNothingElse() async throws {
    let metrics = try await withExporter(["HEIGHTS_TRACES_FILE": "/nowhere/at/all"]) { $0.take(Self.trace()) }
    #expect(metrics.contains(Self.exported(0, to: "file")) && metrics.contains(Self.dropped(1, to: "file")))
  }

  @Test func aCollectorThatIsNotKnownKeepsNothingFromTheFile() async throws {
    let folder = try TemporaryFolder()
    let metrics = try await withExporter([
      "HEIGHTS_TRACES_FILE": folder.path + "/traces",
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://nowhere.invalid:4318",
    ]) { $0.take(Self.trace()) }
    #expect(metrics.contains(Self.exported(1, to: "file")), "\(metrics)")
    #expect(metrics.contains(Self.dropped(1, to: "collector")), "\(metrics)")
  }

  @Test(arguments: [(200, 1), (400, 1), (503, 1)])
  func aCollectorIsSentThem(status: Int, asked: Int) async throws {
    let got = Mutex<[(path: String, type: String?, spans: Int)]>([])
    try await withServer {
      $0.post("/otel/v1/traces", maxBodyBytes: 1 << 20) { request in
        let data = try JSON.decode(TracesData.self, from: request.bytes())
        got.withLock {
          $0.append((request.path, request.contentType, data.resourceSpans[0].scopeSpans[0].spans.count))
        }
        return Response(status: Status(status))
      }
    } _: { server in
      let endpoint = "http://127.0.0.1:\(server.port)/otel"
      let metrics = try await withExporter(["OTEL_EXPORTER_OTLP_ENDPOINT": endpoint]) {
        $0.take(Self.trace())
      }
      #expect(metrics.contains(Self.exported(status == 200 ? 1 : 0, to: "collector")))
      #expect(metrics.contains(Self.dropped(status == 200 ? 0 : 1, to: "collector")))
    }
    // While it is closed nothing is tried again.
    #expect(got.withLock { $0.count } == asked)
    #expect(got.withLock { $0.allSatisfy { $0.type == "application/json" && $0.spans == 2 } })
  }

  @Test func aCollectorThatIsBusyIsAskedAgain() async throws {
    let asked = Atomic<Int>(0)
    try await withServer {
      $0.post("/v1/traces", maxBodyBytes: 1 << 20) { _ in
        let number = asked.add(1, ordering: .relaxed).newValue
        return Response(status: number == 1 ? .serviceUnavailable : .ok)
      }
    } _: { server in
      let endpoint = "http://127.0.0.1:\(server.port)/v1/traces"
      let metrics = try await withExporter(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint]) { exporter in
        exporter.take(Self.trace())
        try await eventually("it is asked again") { asked.load(ordering: .relaxed) == 2 }
      }
      #expect(metrics.contains(Self.exported(1, to: "collector")))
      #expect(metrics.contains(Self.dropped(0, to: "collector")))
    }
  }

  // MARK: Settings

  @Test func whereNothingIsSetNothingIsTraced() throws {
    #expect(try TraceSettings([:]) == nil)
    #expect(try TraceSettings(["HEIGHTS_TRACES_SHARE": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": ""]) == nil)
  }

  @Test(arguments: [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "http://127.0.0.1:4318", "/v1/traces"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/", "http://collector:4318", "/v1/traces"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector/a%20b", "http://collector", "/a%20b/v1/traces"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318", "http://127.0.0.1:4318", "/"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/x", "http://127.0.0.1:1", "/x"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com", "https://otlp.example.com", "/v1/traces"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "HTTPS://a", "https://a", "/v1/traces"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://[::1]:1/o", "https://[::1]:1", "/o/v1/traces"),
  ])
  func anEndpointIsAsOpenTelemetryHasIt(name: String, url: String, origin: String, path: String) throws {
    let endpoint = try #require(try TraceSettings([name: url])?.endpoint)
    #expect(endpoint.origin == origin && endpoint.path == path)
  }

  @Test func anEndpointHasItsUsualPort() throws {
    func endpoint(_ url: String) throws -> TraceEndpoint? {
      try TraceSettings(["OTEL_EXPORTER_OTLP_ENDPOINT": url])?.endpoint
    }
    #expect(try endpoint("https://a")?.port == 443)
    #expect(try endpoint("http://a")?.port == 80)
    #expect(try endpoint("https://a:4318")?.authority == "a:4318")
  }

  @Test(arguments: [
    ("api-key=abc", ["api-key: abc"], 0), ("a=1, b = 2%2C3 ,", ["a: 1", "b: 2,3"], 0),
    ("Authorization=Basic%20YTpi", ["Authorization: Basic YTpi"], 0), ("a=b=c", ["a: b=c"], 0),
    ("a=", ["a: "], 0),
    // What would be another header, or is the client's own.
    ("a=b%0D%0AHost: c", [], 1), ("a:=b,ok=1", ["ok: 1"], 1), ("a b=c", [], 1), ("=x,y", [], 2),
    ("a=%zz", [], 1),
    ("Host=elsewhere,content-LENGTH=0,Transfer-Encoding=chunked", [], 3), ("a=b%00", [], 1),
  ])
  func headersForACollectorAreReadAndNothingElseBecomesOne(text: String, expected: [String], mistakes: Int)
    throws
  {
    var told: [String] = []
    let variables = [
      "OTEL_EXPORTER_OTLP_ENDPOINT": "https://a", "OTEL_EXPORTER_OTLP_HEADERS": "other=1",
      "OTEL_EXPORTER_OTLP_TRACES_HEADERS": text,
    ]
    let settings = try TraceSettings(variables) { told.append("\($0.rawValue) \($1)") }
    #expect(settings?.endpoint?.headers.map { "\($0.name): \($0.value)" } == expected)
    #expect(
      told == Array(repeating: "OTEL_EXPORTER_OTLP_TRACES_HEADERS NAME=VALUE,NAME=VALUE", count: mistakes))
  }

  @Test func whatThePartsOfAProcessAreCalled() throws {
    func resource(_ variables: [String: String]) throws -> [TracesData.Attribute]? {
      try TraceSettings(variables.merging(["HEIGHTS_TRACES_FILE": "/f"]) { $1 })?.resource
    }
    #expect(try resource([:]) == [.init("service.name", .text("app"))])
    #expect(try resource(["HEIGHTS_SERVICE": "posts"]) == [.init("service.name", .text("posts"))])
    #expect(
      try resource(["OTEL_RESOURCE_ATTRIBUTES": "service.name=a, host.name=b%2Cc"])
        == [.init("service.name", .text("a")), .init("host.name", .text("b,c"))])
    #expect(
      try resource(["OTEL_RESOURCE_ATTRIBUTES": "service.name=a", "OTEL_SERVICE_NAME": "b"])
        == [.init("service.name", .text("b"))])
    #expect(
      try resource(["OTEL_RESOURCE_ATTRIBUTES": "team=", "OTEL_SERVICE_NAME": ""])
        == [.init("service.name", .text("app")), .init("team", .text(""))])
  }

  @Test(arguments: [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317", "https://HOST:PORT"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://HOST:PORT"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:70000", "http://HOST:PORT"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://me:pass@collector", "http://HOST:PORT"),
    ("OTEL_RESOURCE_ATTRIBUTES", "a", "NAME=VALUE"), ("OTEL_RESOURCE_ATTRIBUTES", "=a", "NAME=VALUE"),
  ])
  func whatOthersSetIsLeftOutWhereItIsNotUnderstood(name: String, value: String, expected: String) throws {
    var told: [String] = []
    let settings = try TraceSettings([name: value, "HEIGHTS_TRACES_FILE": "/f"]) { variable, expected in
      told.append("\(variable.rawValue) \(expected)")
    }
    #expect(settings?.file == "/f" && settings?.endpoint == nil && settings?.resource.count == 1)
    #expect(told.count == 1 && told[0].hasPrefix(name) && told[0].contains(expected))
    #expect(!told[0].contains("pass"))
    #expect(try Environment([name: value]).traces == nil)
  }

  @Test(arguments: [
    (
      ["HEIGHTS_TRACES_FILE": "/f", "HEIGHTS_TRACES_SHARE": "2"],
      "HEIGHTS_TRACES_SHARE is '2': expected a number from 0 to 1"
    ),
    (
      ["HEIGHTS_TRACES_FILE": "/f", "HEIGHTS_TRACES_SLOW_MS": "0"],
      "HEIGHTS_TRACES_SLOW_MS is '0': expected whole milliseconds"
    ),
  ])
  func whatIsNotUnderstoodIsTold(variables: [String: String], expected: String) throws {
    let error = #expect(throws: EnvironmentError.self) { try Environment(variables) }
    #expect(error?.description.contains(expected) == true)
  }
}
