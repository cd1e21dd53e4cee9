// What every answer carries, and what becomes of errors, overload and deadlines.

import Foundation
import HeightsData
import Testing

@Suite struct AnswerTests {
  private struct Unforeseen: Error {}
  private struct Known: ProblemConvertible {
    let problem = Problem(.conflict, title: "Known")
  }

  @Test func thrownErrorsBecomeProblems() async throws {
    try await withServer {
      $0.get("/problem") { _ in
        throw Problem(
          .tooManyRequests, type: "/problems/wait", title: "Wait", detail: "A \"little\".",
          fields: [Problem.Field("a", "b")], retryAfterSeconds: 7)
      }
      $0.get("/known") { _ in throw Known() }
      $0.get("/overloaded") { _ in throw Overloaded() }
      $0.get("/full") { _ in throw DatabaseError.full("x") }
      $0.get("/unforeseen") { _ in throw Unforeseen() }
    } _: { server in
      let answer = try await server.request("GET", "/problem")
      #expect(answer.status == 429)
      #expect(answer["Content-Type"] == "application/problem+json")
      #expect(answer["Retry-After"] == "7")
      let body =
        #"{"type":"/problems/wait","title":"Wait","status":429,"detail":"A \"little\".","errors":[{"name":"a","message":"b"}]}"#
      #expect(answer.text == body)
      for (path, status) in [
        ("/known", 409), ("/overloaded", 503), ("/full", 507), ("/unforeseen", 500), ("/none", 404),
      ] {
        let answer = try await server.request("GET", path)
        #expect(answer.status == status)
        #expect(try answer.json()["status"] as? Int == status)
        #expect(!answer.text.contains("Unforeseen"))
      }
      #expect(try await server.request("GET", "/overloaded")["Retry-After"] == "1")
    }
  }

  @Test func theAppMayShowProblemsAsPages() async throws {
    try await withServer {
      $0.get("/hello") { _ in throw Problem(.forbidden, title: "No") }
      $0.post("/take", maxBodyBytes: 1) { _ in .noContent }
      $0.showProblems { problem, request in
        request.prefersHTML ? .text("page of \(problem.title)", status: problem.status) : nil
      }
    } _: { server in
      let html = [("Accept", "text/html")]
      #expect(try await server.request("GET", "/hello", html).text == "page of No")
      #expect(try await server.request("GET", "/nowhere", html).text == "page of There is nothing here")
      let answer = try await server.request("GET", "/nowhere", [("Accept", "application/json, text/html")])
      #expect(answer["Content-Type"] == "application/problem+json")
    }
  }

  @Test func aMethodThatDoesNotFitIsToldWhichDo() async throws {
    try await withServer {
      $0.get("/thing") { _ in .text("thing") }
      $0.put("/thing") { _ in .noContent }
      $0.delete("/thing") { _ in .noContent }
    } _: { server in
      for method in ["POST", "PATCH", "TRACE", "BREW"] {
        let answer = try await server.request(method, "/thing", body: [])
        #expect(answer.status == 405)
        #expect(answer["Allow"] == "GET, PUT, DELETE, HEAD")
      }
      let options = try await server.request("OPTIONS", "/thing")
      #expect(options.status == 204)
      #expect(options["Allow"] == "GET, PUT, DELETE, HEAD")
      let head = try await server.request("HEAD", "/thing")
      #expect(head.status == 200)
      #expect(head["Content-Length"] == "5")
    }
  }

  @Test func everyAnswerNamesItsRequest() async throws {
    try await withServer {
      $0.get("/id") { .text($0.id) }
      $0.post("/take", maxBodyBytes: 1) { _ in .noContent }
    } _: { server in
      let own = try await server.request("GET", "/id", [("X-Request-Id", "client-id_7")])
      #expect(own.text == "client-id_7")
      #expect(own["X-Request-Id"] == "client-id_7")
      // One that could break a log is not taken over.
      for id in ["a b", "\"", String(repeating: "a", count: 65), ""] {
        let answer = try await server.request("GET", "/id", [("X-Request-Id", id)])
        #expect(answer["X-Request-Id"] == answer.text)
        #expect(answer.text.count == 13)
      }
      for (method, path) in [("GET", "/nowhere"), ("PUT", "/id"), ("POST", "/take")] {
        let answer = try await server.request(method, path, body: .init(repeating: 1, count: 3_000))
        #expect(answer["X-Request-Id"] != nil, "\(method) \(path)")
      }
      let refused = try await server.exchange("POST /take HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").text
      #expect(refused.contains("X-Request-Id: "))
    }
  }

  @Test func theTraceOfTheCallerIsTakenOver() async throws {
    try await withServer {
      $0.get("/trace") { .text($0.trace.traceparent) }
    } _: { server in
      let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      let text = try await server.request("GET", "/trace", [("traceparent", parent)]).text
      #expect(text.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
      #expect(text.hasSuffix("-01"))
      #expect(!text.contains("b7ad6b7169203331"))
      #expect(try await server.request("GET", "/trace").text.count == 55)
    }
  }

  @Test func handlersRunOnTheLoopThatAcceptedTheRequest() async throws {
    try await withServer(loops: 2) {
      $0.get("/loop") { _ in
        let before = EventLoop.current?.index
        try await Task.sleep(for: .milliseconds(1))
        await Task.yield()
        let after = EventLoop.current?.index
        return .text("\(before.map(String.init) ?? "none") \(after.map(String.init) ?? "none")")
      }
    } _: { server in
      var seen: Set<String> = []
      // The kernel spreads connections over the sockets by a hash: both loops get some of a hundred.
      for _ in 0..<100 { seen.insert(try await server.request("GET", "/loop").text) }
      #expect(seen == ["0 0", "1 1"])
    }
  }

  @Test func cookiesAndHeadersMayStandSeveralTimes() async throws {
    try await withServer {
      $0.get("/cookies") { _ in
        Response.text("a").with(Cookie(name: "a", value: "1", maxAgeSeconds: 60, secure: false))
          .with(Cookie(name: "__Host-b", value: "2", maxAgeSeconds: 0, secure: true))
      }
    } _: { server in
      let cookies = try await server.request("GET", "/cookies").all("Set-Cookie")
      #expect(
        cookies == [
          "a=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
          "__Host-b=2; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure",
        ])
    }
  }

  @Test func checksComeBeforeEveryHandler() async throws {
    try await withServer {
      $0.require { if $0.header("X-Pass") == nil { throw Problem(.forbidden, title: "No pass") } }
      $0.get("/hello") { _ in .text("hello") }
    } _: { server async throws in
      #expect(try await server.request("GET", "/hello").status == 403)
      #expect(try await server.request("GET", "/hello", [("X-Pass", "1")]).status == 200)
    }
  }

  // MARK: Bounds

  @Test func moreRequestsThanTheBoundAreRefusedAndPlacesComeBack() async throws {
    var limits = HTTPLimits()
    limits.inFlightPerLoop = 3
    let gate = AsyncGate()
    try await withServer(limits: limits) {
      $0.get("/slow") { _ in
        await gate.wait()
        return .text("done")
      }
      $0.get("/fast") { _ in .text("fast") }
    } _: { server in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<3 { group.addTask { try await server.request("GET", "/slow").status } }
        try await eventually("three handlers wait") { await gate.waiting == 3 }
        let refused = try await server.request("GET", "/fast")
        #expect(refused.status == 503)
        #expect(refused["Retry-After"] == "1")
        #expect(try await server.metrics.contains("http_requests_refused_total 1\n"))
        await gate.open()
        #expect(try await group.reduce(into: [Int]()) { $0.append($1) } == [200, 200, 200])
      }
      for _ in 0..<10 { #expect(try await server.request("GET", "/fast").status == 200) }
      #expect(try await server.metrics.contains("http_requests_in_flight 0\n"))
    }
  }

  @Test func aClientThatDoesNotReadHoldsNoPlace() async throws {
    var limits = HTTPLimits()
    limits.inFlightPerLoop = 1
    try await withServer(limits: limits) {
      $0.get("/large") { _ in .bytes(.init(repeating: 97, count: 32 << 20), contentType: "text/plain") }
      $0.get("/fast") { _ in .text("fast") }
    } _: { server in
      let status = try await server.withClient { silent in
        silent.send(RawRequest.text("GET", "/large"))
        _ = try silent.head()
        let other = try RawClient(port: server.port)
        other.send(RawRequest.text("GET", "/fast"))
        return try other.response().status
      }
      #expect(status == 200)
    }
  }

  @Test func aHandlerPastItsDeadlineIsCancelled() async throws {
    var limits = HTTPLimits()
    limits.handlerTimeoutMs = 50
    limits.sweepIntervalMs = 10
    try await withServer(limits: limits) {
      $0.get("/sleep") { _ in
        try await Task.sleep(for: .seconds(600))
        return .text("late")
      }
    } _: { server in
      let answer = try await server.request("GET", "/sleep")
      #expect(answer.status == 504)
      #expect(answer["Retry-After"] == "1")
    }
  }

  @Test func aCancelledHandlerDoesNotCancelTheNextOne() async throws {
    var limits = HTTPLimits()
    limits.handlerTimeoutMs = 50
    limits.sweepIntervalMs = 10
    try await withServer(limits: limits) {
      $0.get("/sleep") { _ in
        try? await Task.sleep(for: .seconds(600))
        return .text("woken")
      }
      $0.get("/next") { _ in .text(Task.isCancelled ? "cancelled" : "not cancelled") }
    } _: { server in
      let woken = try await server.request("GET", "/sleep").text
      let next = try await server.request("GET", "/next").text
      #expect([woken, next] == ["woken", "not cancelled"])
    }
  }

  @Test func aHandlerThatDoesNotHearIsAnsweredWithout() async throws {
    var limits = HTTPLimits()
    limits.handlerTimeoutMs = 50
    limits.sweepIntervalMs = 10
    limits.inFlightPerLoop = 1
    let gate = AsyncGate()
    try await withServer(limits: limits) {
      $0.get("/deaf") { request in
        await gate.wait()
        return .text(request.header("X-A") ?? "gone")
      }
    } _: { server in
      #expect(try await server.request("GET", "/deaf", [("X-A", "1")]).status == 504)
      // It runs, so it holds its place, until it ends.
      #expect(try await server.request("GET", "/deaf").status == 503)
      await gate.open()
      try await eventually("the place comes back") {
        try await server.metrics.contains("http_requests_in_flight 0\n")
      }
      #expect(try await server.request("GET", "/deaf").text == "gone")
    }
  }
}
