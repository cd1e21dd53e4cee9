// How connections end: by the clients' wish, by their slowness, by a drain. None lives on that nobody needs.

import Foundation
import Glibc
import HeightsHTTP
import Testing

@Suite struct ConnectionLifetimeTests {
  private static func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
    var limits = HTTPLimits()
    limits.sweepIntervalMs = 10
    change(&limits)
    return limits
  }

  private static func routes(_ router: inout Router) {
    router.get("/hello") { _ in .text("hello") }
    router.post("/take") { .text(String(try $0.bytes().count)) }
    router.get("/large") { _ in .bytes(.init(repeating: 97, count: 32 << 20), contentType: "text/plain") }
  }

  // MARK: Slow clients

  @Test(arguments: ["", "G", "GET /hello HTTP/1.1\r\nHost: test\r\nX: "])
  func aHeadThatDoesNotComeEndsTheConnection(beginning: String) async throws {
    let limits = Self.limits { $0.headerTimeoutMs = 100 }
    try await withServer(limits: limits, Self.routes) { server in
      let (text, end) = try await server.exchange(beginning)
      #expect(text == "")
      #expect(end == .closed)
    }
  }

  @Test func aHeadThatTricklesInEndsTheConnectionToo() async throws {
    let limits = Self.limits { $0.headerTimeoutMs = 100 }
    try await withServer(limits: limits, Self.routes) { server in
      let wasCutOff = try await server.withClient { client in
        client.send("GET /hello HTTP/1.1\r\nHost: test\r\nX: ")
        return (0..<2_000).contains { _ in
          usleep(5_000)
          return !client.send("a")
        }
      }
      #expect(wasCutOff)
    }
  }

  @Test func headersThatTrickleInEndAKeptConnectionAsTheyEndANewOne() async throws {
    let limits = Self.limits { $0.headerTimeoutMs = 100 }
    try await withServer(limits: limits, Self.routes) { server in
      let wasCutOff = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/hello"))
        guard try client.response().text == "hello" else { return false }
        client.send("GET /hello HTTP/1.1\r\nHost: test\r\nX: ")
        return (0..<2_000).contains { _ in
          usleep(5_000)
          return !client.send("a")
        }
      }
      #expect(wasCutOff)
    }
  }

  @Test func aBodyThatDoesNotComeEndsTheConnection() async throws {
    let limits = Self.limits { $0.bodyTimeoutMs = 100 }
    try await withServer(limits: limits, Self.routes) { server in
      let (text, end) = try await server.exchange(
        "POST /take HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc")
      #expect(text == "")
      #expect(end == .closed)
      try await eventually("the connection is gone") { try await server.server.connectionCount() == 0 }
    }
  }

  @Test func aConnectionWithoutRequestsEnds() async throws {
    let limits = Self.limits { $0.keepAliveMs = 50 }
    try await withServer(limits: limits, Self.routes) { server in
      let (text, end) = try await server.exchange(RawRequest.text("GET", "/hello"))
      #expect(text.hasSuffix("hello"))
      #expect(end == .closed)
    }
  }

  @Test func aClientThatNeverReadsIsGivenUp() async throws {
    let limits = Self.limits { $0.inactivityTimeoutMs = 1_000 }
    try await withServer(limits: limits, Self.routes) { server in
      let end = try await blocking {
        let client = try RawClient(port: server.port, receiveBufferBytes: 4096)
        client.send(RawRequest.text("GET", "/large"))
        let deadline = Deadline.afterMs(RawClient.timeoutMs)
        // Reads nothing; the server's closing shows in that it takes nothing more.
        while client.send("x") && !deadline.hasPassed { usleep(20_000) }
        return deadline.hasPassed
      }
      #expect(end == false)
    }
  }

  @Test func aClientThatLeavesWhileItsHandlerRunsHarmsNothing() async throws {
    let gate = AsyncGate()
    try await withServer {
      $0.get("/slow") { _ in
        await gate.wait()
        return .text("late")
      }
      $0.get("/hello") { _ in .text("hello") }
    } _: { server in
      for _ in 0..<20 { try await server.withClient { _ = $0.send(RawRequest.text("GET", "/slow")) } }
      try await eventually("the handlers wait") { await gate.waiting == 20 }
      await gate.open()
      try await eventually("the connections are gone") {
        try await server.server.connectionCount() == 0
      }
      #expect(try await server.request("GET", "/hello").text == "hello")
    }
  }

  @Test func aClientMayShutDownItsSideBeforeTheAnswer() async throws {
    try await withServer {
      $0.get("/slow") { _ in
        try await Task.sleep(for: .milliseconds(20))
        return .text("slow")
      }
    } _: { server in
      let (text, end) = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/slow"))
        client.finishSending()
        return client.readAll()
      }
      #expect(text.hasSuffix("slow"))
      #expect(end == .closed)
    }
  }

  @Test func anEndThatComesWithTheLastBytesIsSeen() async throws {
    // Without limits on idle connections that would hide it.
    let limits = Self.limits { $0.keepAliveMs = 600_000 }
    try await withServer(limits: limits, Self.routes) { server in
      let requests = [
        RawRequest.text("GET", "/hello"), "GET /hel",
        "POST /take HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc",
      ]
      for _ in 0..<60 {
        for request in requests {
          let end = try await server.withClient { client in
            client.send(request)
            client.finishSending()
            return client.readAll().end
          }
          #expect(end == .closed, "\(request)")
        }
      }
    }
  }

  // MARK: Many

  @Test func connectionsBeyondTheBoundWaitUntilThereIsRoom() async throws {
    let limits = Self.limits { $0.connectionsPerLoop = 4 }
    try await withServer(limits: limits, Self.routes) { server in
      let text = try await blocking {
        var first = try (0..<4).map { _ in try RawClient(port: server.port) }
        for client in first {
          client.send(RawRequest.text("GET", "/hello"))
          _ = try client.response()
        }
        let fifth = try RawClient(port: server.port)
        fifth.send(RawRequest.text("GET", "/hello"))
        first.removeAll()
        return try fifth.response().text
      }
      #expect(text == "hello")
    }
  }

  @Test func idleConnectionsStandInNobodysWay() async throws {
    // Not thousands: both ends are in this process, beside those of other tests.
    let count = 200
    try await withServer(Self.routes) { server in
      let answers = try await blocking {
        let idle = try (0..<count).map { _ in try RawClient(port: server.port) }
        let busy = try RawClient(port: server.port)
        busy.send(RawRequest.text("GET", "/hello"))
        var texts = [try busy.response().text]
        for client in idle.suffix(10) {
          client.send(RawRequest.text("GET", "/hello"))
          texts.append(try client.response().text)
        }
        return texts
      }
      #expect(answers == Array(repeating: "hello", count: 11))
    }
  }

  // MARK: Drain

  @Test func aDrainAnswersWhatIsInFlightAndEndsTheRest() async throws {
    let limits = Self.limits { $0.drainIdleMs = 50 }
    let gate = AsyncGate()
    try await withServer(limits: limits) {
      $0.get("/slow") { _ in
        await gate.wait()
        return .text("slow")
      }
      $0.get("/hello") { _ in .text("hello") }
    } _: { server in
      async let slow = server.request("GET", "/slow")
      async let idle = server.withClient { client in
        client.send(RawRequest.text("GET", "/hello"))
        _ = try client.response()
        return client.readAll()
      }
      try await eventually("both are there") {
        let count = try await server.server.connectionCount()
        return await gate.waiting == 1 && count == 2
      }
      async let drained = server.server.drain(limitMs: RawClient.timeoutMs)
      #expect(try await idle == ("", .closed))
      await gate.open()
      #expect(try await slow.text == "slow")
      #expect(try await slow["Connection"] == "close")
      #expect(try await drained)
    }
  }

  @Test func aRequestThatComesDuringTheDrainIsAnsweredOnItsConnection() async throws {
    let limits = Self.limits { $0.drainIdleMs = RawClient.timeoutMs }
    try await withServer(limits: limits, Self.routes) { server in
      let isConnected = AsyncGate()
      // Asks on and on, until an answer says that it is the last.
      async let answers = server.withClient { client in
        var answers: [Answer] = []
        while answers.last?["Connection"] != "close" {
          guard client.send(RawRequest.text("GET", "/hello")) else { break }
          answers.append(Answer(try client.response()))
          Task { await isConnected.open() }
        }
        return (answers, client.readAll())
      }
      try await eventually("the client is there") { await isConnected.isOpen }
      #expect(try await server.server.drain(limitMs: RawClient.timeoutMs))
      let (all, rest) = try await answers
      #expect(all.allSatisfy { $0.status == 200 })
      #expect(all.last?["Connection"] == "close")
      #expect(rest == ("", .closed))
    }
  }

  @Test func whatDoesNotEndWithinTheDrainIsCutOff() async throws {
    let wasCancelled = AsyncGate()
    try await withServer {
      $0.get("/forever") { _ in
        do {
          try await Task.sleep(for: .seconds(600))
        } catch {
          await wasCancelled.open()
          throw error
        }
        return .text("late")
      }
    } _: { server in
      async let forever = server.exchange(RawRequest.text("GET", "/forever"))
      try await eventually("it runs") {
        try await server.metrics.contains("http_requests_in_flight 1\n")
      }
      #expect(try await server.server.drain(limitMs: 50) == false)
      try await eventually("the handler is cancelled") { await wasCancelled.isOpen }
      #expect(try await forever.end == .closed)
    }
  }

  @Test func afterADrainTheServerMayAcceptAgain() async throws {
    try await withServer(Self.routes) { server in
      #expect(try await server.server.drain(limitMs: 1_000))
      async let waiting = server.request("GET", "/hello")
      try await server.server.setAccepting(true)
      #expect(try await waiting.text == "hello")
      #expect(try await waiting["Connection"] == nil)
    }
  }
}
