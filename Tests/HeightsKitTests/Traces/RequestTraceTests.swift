// A request's trace has what was done for it, and nothing that people wrote.

import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP
@testable import HeightsKit

@Suite struct RequestTraceTests {
  private static let all = TraceSampling(share: 1, slowMs: 3_600_000)
  private static let none = TraceSampling(share: 0, slowMs: 3_600_000)
  private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

  private func traced(
    _ sampling: TraceSampling, _ routes: (inout Router) -> Void,
    _ requests: (RunningServer) async throws -> Void
  ) async throws -> KeptTraces {
    let kept = KeptTraces()
    try await withServer(tracing: RequestTracing(sampling, to: kept), routes, requests)
    return kept
  }

  @Test func aRequestIsTheTracesFirstSpan() async throws {
    let kept = try await traced(Self.all) {
      $0.get("/posts/{id}") { _ in .text("hello") }
    } _: { server in
      _ = try await server.request("GET", "/posts/17?secret=1", [("X-Request-Id", "my-id")])
    }
    let trace = try #require(kept.all.first)
    #expect(kept.all.count == 1 && trace.spans.isEmpty && trace.droppedSpans == 0)
    #expect(trace.request.parent == 0 && trace.request.failure == nil)
    #expect(trace.request.subject.kind == .server && trace.request.subject.name == "GET /posts/{id}")
    #expect(trace.request.begun <= trace.request.ended)
    #expect(
      trace.request.subject.attributes.sorted { $0.name < $1.name } == [
        SpanAttribute("heights.request", "my-id"), SpanAttribute("http.request.method", "GET"),
        SpanAttribute("http.response.status_code", 200), SpanAttribute("http.route", "/posts/{id}"),
        SpanAttribute("url.path", "/posts/17"), SpanAttribute("url.scheme", "http"),
      ])
  }

  @Test func ofThoseThatAreNotChosenTheFailedOnesAreKept() async throws {
    let kept = try await traced(Self.none) {
      $0.get("/good") { _ in .text("hello") }
      $0.get("/bad") { _ in throw Problem(.serviceUnavailable, title: "Later") }
    } _: { server in
      for path in ["/good", "/nowhere", "/bad"] { _ = try await server.request("GET", path) }
      _ = try await server.request("GET", "/good", [("traceparent", Self.parent + "-01")])
      _ = try await server.request("GET", "/bad", [("traceparent", Self.parent + "-00")])
    }
    #expect(kept.all.map(\.request.subject.name) == ["GET /bad", "GET /good", "GET /bad"])
    #expect(kept.all.map(\.request.failure) == ["503", nil, "503"])
    #expect(kept.all.dropFirst().allSatisfy { hex($0.request.parent) == "b7ad6b7169203331" })
    #expect(kept.all.dropFirst().allSatisfy { $0.trace.traceID == "0af7651916cd43dd8448eb211c80319c" })
  }

  @Test func theSlowOnesAreKept() async throws {
    let kept = try await traced(TraceSampling(share: 0, slowMs: 30)) {
      $0.get("/slow") { _ in
        try await EventLoop.current?.sleep(ms: 60)
        return .text("at last")
      }
    } _: {
      _ = try await $0.request("GET", "/slow")
    }
    #expect(kept.all.map(\.request.subject.name) == ["GET /slow"])
  }

  @Test func healthChecksAreInNoTrace() async throws {
    let kept = try await traced(Self.all) {
      $0.addHealth(stage: 2, readiness: Readiness(), metrics: nil)
    } _: { server in
      let (ready, alive) = (
        try await server.request("GET", "/readyz"), try await server.request("GET", "/healthz")
      )
      #expect(ready.status == 503 && alive.status == 200)
    }
    #expect(kept.all.isEmpty)
  }

  @Test func aStormOfFailuresIsBounded() async throws {
    let kept = try await traced(Self.none) {
      $0.get("/bad") { _ in throw Problem(.serviceUnavailable, title: "Later") }
    } _: { server in
      for _ in 0..<(2 * TraceAllowance.failedPerSecond) { _ = try await server.request("GET", "/bad") }
    }
    // They may fall in several seconds.
    #expect(kept.all.count + kept.dropped == 2 * TraceAllowance.failedPerSecond)
    #expect(kept.all.count >= TraceAllowance.failedPerSecond)
  }

  @Test func whoeverAsksForManyPushesNoFailureOut() async throws {
    let kept = try await traced(Self.none) {
      $0.get("/good") { _ in .text("hello") }
      $0.get("/bad") { _ in throw Problem(.serviceUnavailable, title: "Later") }
    } _: { server in
      for _ in 0..<(2 * TraceAllowance.chosenPerSecond + TraceAllowance.failedPerSecond) {
        _ = try await server.request("GET", "/good", [("traceparent", Self.parent + "-01")])
      }
      _ = try await server.request("GET", "/bad", [("traceparent", Self.parent + "-01")])
    }
    #expect(kept.all.last?.request.subject.name == "GET /bad")
  }

  @Test func aLongPathIsToldInPart() async throws {
    let kept = try await traced(Self.all) { _ in
    } _: { server in
      _ = try await server.request("GET", "/" + String(repeating: "a", count: 300))
    }
    #expect(kept.all.first?.request["url.path"] == .text("/" + String(repeating: "a", count: 255)))
  }

  @Test func whereNobodyWantsTracesNothingIsGathered() async throws {
    try await withServer {
      $0.get("/") { request in .text(request.beginSpan() == nil ? "none" : "some") }
    } _: { server in
      let answer = try await server.request("GET", "/", [("traceparent", Self.parent + "-01")])
      #expect(answer.text == "none")
    }
  }

  @Test func spansBeyondTheBoundAreCounted() {
    let (spans, over) = (RequestSpans(), 7)
    let request = PretendRequest(spans: spans)
    for _ in 0..<(RequestSpans.limit + over) { request.beginSpan()?.end(Facts()) }
    let late = request.beginSpan()
    let (kept, dropped) = spans.close()
    #expect(kept.count == RequestSpans.limit && dropped == over)
    late?.end(Facts())
    #expect(spans.close().spans.isEmpty, "what ends later is nobody's")
    request.end()
    #expect(request.beginSpan() == nil)
  }

  // MARK: Statements

  private static let secret = "wörter-of-a-person"

  /// What is written and read in a request.
  private func work(_ database: Database, _ spans: RequestSpans) async throws -> UInt64 {
    let request = PretendRequest(spans: spans)
    try await CurrentRequest.$context.withValue(request) {
      try await database.transaction { transaction in
        let shard = Shard(of: Self.secret)
        try await transaction.execute(
          "INSERT INTO notes (shard, id, text) VALUES (\(shard), 1, \(Self.secret))")
        _ = try await transaction.query("SELECT text FROM notes WHERE shard = \(shard)") { try $0.text(0) }
      }
      _ = try await database.query("SELECT id FROM notes WHERE text = \(Self.secret)") { try $0.int(0) }
      await #expect(throws: DatabaseError.self) {
        _ = try await database.query("SELECT nothing FROM notes") { try $0.int(0) }
      }
    }
    return request.trace.span
  }

  private func check(_ spans: [TraceSpan], under request: UInt64, _ system: String) throws {
    let names = spans.map(\.subject.name)
    let database = try #require(names.last?.split(separator: " ").last)
    #expect(
      names == [
        "INSERT \(database)", "SELECT \(database)", "TRANSACTION \(database)", "SELECT \(database)",
        "SELECT \(database)",
      ])
    let transaction = try #require(spans.first { $0.subject is TransactionSpan })
    #expect(spans.map { $0.parent == transaction.id } == [true, true, false, false, false])
    #expect(spans.map { $0.parent == request } == [false, false, true, true, true])
    #expect(transaction.begun <= spans[0].begun && spans[1].ended <= transaction.ended)
    #expect(spans.map(\.failure) == [nil, nil, nil, nil, "invalid"])
    #expect(spans[3]["db.query.text"] == .text("SELECT id FROM notes WHERE text = $1"))
    #expect(spans.allSatisfy { $0["db.system.name"] == .text(system) })
    #expect(
      !spans.contains { "\($0.subject.attributes) \($0.subject.name)".contains("person") },
      "values are not told")
  }

  @Test func aSpanLetsTheValuesOfItsStatementGo() {
    var held = ""
    let sql: SQL = "INSERT INTO notes (id, text) VALUES (1, \(Self.secret))"
    dump(StatementSpan(sql: sql, system: .sqlite, database: "notes", server: nil), to: &held)
    #expect(held.contains("notes") && !held.contains("person"))
  }

  @Test func statementsOfSQLiteAreParts() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      let spans = RequestSpans()
      let request = try await folder.loops.loops[0].run { try await work(database, spans) }
      try check(spans.close().spans, under: request, "sqlite")
      database.close()
    }
  }

  @Test func statementsOfPostgreSQLArePartsAndNameTheServer() async throws {
    try await withPostgres { notes, database in
      let spans = RequestSpans()
      let request = try await notes.loops.loops[0].run { try await work(database, spans) }
      let all = spans.close().spans
      try check(all, under: request, "postgresql")
      #expect(all[0]["server.address"] != nil && all[3]["server.address"] != nil)
    }
  }

  @Test func commandsToRedisArePartsWithoutTheirArguments() async throws {
    try await withServerOfRedis { redis, loops in
      let spans = RequestSpans()
      let request = PretendRequest(spans: spans)
      try await loops.loops[0].run {
        try await CurrentRequest.$context.withValue(request) {
          _ = try await redis.command("SET", RedisArgument(Self.secret), "1")
          _ = await redis.commands([["GET", RedisArgument(Self.secret)], ["TIME"]])
        }
      }
      let all = spans.close().spans
      #expect(all.map(\.subject.name) == ["SET", "PIPELINE"])
      #expect(all.map(\.parent) == [request.trace.span, request.trace.span])
      #expect(all[1]["db.operation.batch.size"] == .number(2))
      #expect(all.allSatisfy { $0["db.system.name"] == .text("redis") && $0["server.port"] != nil })
      #expect(!"\(all.map(\.subject.attributes))".contains("person"))
    }
  }

  private func withServerOfRedis(
    _ body: (SharedRedis, EventLoopGroup) async throws -> Void
  ) async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, loops in
      try await redis.returned()
      try await body(redis, loops)
    }
  }

  // MARK: Calls

  @Test func aCallIsAPartAndTheCalleesParent() async throws {
    try await withEcho { echo, _ in
      let spans = RequestSpans()
      let request = PretendRequest(spans: spans)
      let told = try await CurrentRequest.$context.withValue(request) { try await echo.context() }
      let span = try #require(spans.close().spans.first)
      #expect(span.parent == request.trace.span && span.id == told.parentSpan)
      #expect(told.traceID == request.trace.traceID)
      #expect(span.subject.name == "POST /services/echo/context" && span.subject.kind == .client)
      #expect(
        span["http.response.status_code"] == .number(200) && span["server.address"] == .text("127.0.0.1"))
    }
  }
}
