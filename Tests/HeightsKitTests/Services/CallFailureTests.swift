// What fails between two services is called by what is known of it, tried again where that is harmless, and never by many.

import Policies
import Synchronization
import TestSupport
import Testing

@testable import HeightsHTTP
@testable import HeightsKit

@Suite struct CallFailureTests {
  private static let done = #"{"text": "done", "times": 1}"#

  /// Runs `body` with a client whose service is a server of the test's own.
  private func withEcho(
    _ serve: @escaping @Sendable (TestConnection) -> Void,
    _ body: @escaping @Sendable (EchoClient, TestServer) async throws -> Void
  ) async throws {
    let server = try TestServer(serve)
    defer { server.stop() }
    let port = try #require(UInt16(server.target.split(separator: ":").last ?? ""))
    try await HeightsKitTests.withEcho(at: port) { client, _ in try await body(client, server) }
  }

  @Test func whatMayHaveHappenedIsRepeatedOnlyWhereThatIsHarmless() async throws {
    let asked = Mutex<[(path: String, isRepeated: Bool)]>([])
    try await withEcho { connection in
      guard let request = connection.readRequest() else { return }
      asked.withLock { $0.append((request.path, request.headers["heights-repeated"] != nil)) }
      // The first of each path ends without an answer.
      if asked.withLock({ $0.filter { $0.path == request.path }.count }) == 1 { return }
      connection.answer(200, Self.done, headers: "Content-Type: application/json\r\nConnection: close\r\n")
    } _: { echo, _ in
      let answer = try await echo.said(Words(text: "a"))
      #expect(answer?.text == "done")
      let error = await #expect(throws: CallError.self) { try await echo.nothing() }
      #expect(error?.effect == .mayHaveHappened)
    }
    let said = asked.withLock { $0.filter { $0.path == "/services/echo/said" } }
    #expect(said.map(\.isRepeated) == [false, true])
    #expect(asked.withLock { $0.filter { $0.path == "/services/echo/nothing" }.count } == 1)
  }

  @Test(arguments: [
    "HTTP/1.1 503 Busy\r\nHeights-Not-Begun: 1\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}"
  ])
  func whatWasNotBegunIsRepeatedWhateverItIs(_ refusal: String) async throws {
    let asked = Counter()
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        if asked.value == 1 { connection.write(refusal) } else { connection.answer(200, "null") }
      }
    } _: { echo, _ in
      try await echo.nothing()
    }
    #expect(asked.value == 2)
  }

  @Test func belowARepetitionNothingIsRepeated() async throws {
    let asked = Counter()
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        return
      }
    } _: { echo, _ in
      await #expect(throws: CallError.self) {
        _ = try await asRequest(isRepeated: true) { try await echo.said(Words(text: "a")) }
      }
    }
    #expect(asked.value == 1)
  }

  @Test func aLoadBalancersOwnAnswerMayHaveHappened() async throws {
    try await withEcho { connection in
      while connection.readRequest() != nil {
        connection.answer(502, "<html>", headers: "Content-Type: text/html\r\n")
      }
    } _: { echo, _ in
      let error = await #expect(throws: CallError.self) { try await echo.nothing() }
      #expect(error?.effect == .mayHaveHappened)
    }
  }

  @Test func whenAllFailsNobodyIsAskedMuchMoreOften() async throws {
    let asked = Counter()
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        connection.answer(502, "", headers: "Content-Type: text/html\r\n")
      }
    } _: { echo, _ in
      for _ in 0..<200 { _ = try? await echo.said(Words(text: "a")) }
    }
    // The breaker stands before most; it closes for none of them.
    #expect((5..<100).contains(asked.value), "asked \(asked.value) times for 200 calls")
  }

  @Test func triesMoreAreATenthOfTheCallsWhereTheServiceAnswersNowAndThen() async throws {
    let asked = Counter()
    let calls = 400
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        // Too few in a row for the breaker.
        if asked.value.isMultiple(of: 3) {
          connection.answer(200, Self.done)
        } else {
          connection.answer(502, "", headers: "Content-Type: text/html\r\n")
        }
      }
    } _: { echo, _ in
      for _ in 0..<calls { _ = try? await echo.said(Words(text: "a")) }
    }
    #expect(asked.value > calls)
    #expect(asked.value <= calls + calls * RetryBudget.percent / 100 + RetryBudget.most)
  }

  @Test func aServiceThatStandsStillTakesABoundedNumberOfCalls() async throws {
    let isOver = Mutex(false)
    try await withEcho { connection in
      guard connection.readRequest() != nil else { return }
      _ = eventually { isOver.withLock { $0 } }
    } _: { echo, server in
      await withTaskGroup(of: Void.self) { tasks in
        for _ in 0..<ServiceCaller.underWayLimit {
          tasks.addTask { _ = try? await asRequest(due: .afterMs(5_000)) { try await echo.nothing() } }
        }
        while server.connectionCount < ServiceCaller.underWayLimit {
          try? await Task.sleep(for: .milliseconds(1))
        }
        let error = await #expect(throws: CallError.self) { try await echo.nothing() }
        #expect(error?.effect == .didNotHappen)
        #expect(server.connectionCount == ServiceCaller.underWayLimit)
        isOver.withLock { $0 = true }
      }
    }
  }

  @Test func aCallEndsWithItsRequestsTimeAndTheServiceIsToldOfLess() async throws {
    let told = Mutex<Int?>(nil)
    let left = Mutex(false)
    try await withEcho { connection in
      while let request = connection.readRequest() {
        told.withLock { $0 = request.headers["heights-deadline-ms"].flatMap { Int($0) } }
      }
      // The caller has closed it: nothing else ends this.
      left.withLock { $0 = true }
    } _: { echo, _ in
      let error = await #expect(throws: CallError.self) {
        _ = try await asRequest(due: .afterMs(300)) { try await echo.nothing() }
      }
      #expect(error?.effect == .mayHaveHappened)
      while !left.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }
    #expect((1...290).contains(told.withLock { $0 } ?? 0))
  }

  @Test func aTryThatMayHaveHappenedIsNotHiddenByOneThatDidNot() async throws {
    let asked = Counter()
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        if asked.value == 1 { return }
        connection.answer(503, "{}", headers: "Heights-Not-Begun: 1\r\n")
      }
    } _: { echo, _ in
      let error = await #expect(throws: CallError.self) { _ = try await echo.said(Words(text: "a")) }
      #expect(error?.effect == .mayHaveHappened)
    }
    #expect(asked.value == ServiceCaller.tryLimit)
  }

  @Test func aTrialWhoseCallerGoesAwayIsFollowedByAnother() async throws {
    let isWell = Mutex(false)
    let asked = Counter()
    try await withEcho { connection in
      while connection.readRequest() != nil {
        asked.add()
        if isWell.withLock({ $0 }) {
          connection.answer(200, "null")
        } else if asked.value <= CircuitBreaker.failureLimit {
          return
        }
      }
    } _: { echo, _ in
      for _ in 0..<CircuitBreaker.failureLimit { _ = try? await echo.nothing() }
      // The trial is under way when there is one request more.
      let trial = Task {
        while !Task.isCancelled { _ = try? await asRequest { try await echo.nothing() } }
      }
      while asked.value == CircuitBreaker.failureLimit { try await Task.sleep(for: .milliseconds(1)) }
      trial.cancel()
      await trial.value
      isWell.withLock { $0 = true }
      while (try? await echo.nothing()) == nil { try await Task.sleep(for: .milliseconds(1)) }
    }
  }

  @Test func addressesThatGoWhileCallsAreMadeEndNothingButThose() async throws {
    let seed = UInt64.random(in: 0...(.max))
    let server = try TestServer { connection in
      while connection.readRequest() != nil { connection.answer(200, "null") }
    }
    defer { server.stop() }
    let here = try #require(ServerAddress(String(server.target.dropFirst("http://".count))))
    let nowhere = try #require(ServerAddress("nobody.invalid:1"))
    let loops = try EventLoopGroup(count: 1)
    try await loops.loops[0].run {
      var random = SplitMix(seed)
      let caller = ServiceCaller("echo", on: loops.loops[0], as: nil)
      for _ in 0..<30 {
        async let call = try? caller.call("nothing", Array("{}".utf8), .idempotent)
        await Task.yield()
        await caller.setAddresses(
          [[], [here], [nowhere], [here, nowhere]].randomElement(using: &random) ?? [])
        _ = await call
      }
      await caller.setAddresses([here])
      while (try? await caller.call("nothing", Array("{}".utf8), .idempotent)) == nil {
        try await Task.sleep(for: .milliseconds(1))
      }
      await caller.close()
    }
    await loops.shutdown()
  }

  @Test func anotherAddressIsAskedWhenOneDoesNotAnswer() async throws {
    let server = try TestServer { connection in
      while connection.readRequest() != nil { connection.answer(200, "null") }
    }
    defer { server.stop() }
    let here = try #require(ServerAddress(String(server.target.dropFirst("http://".count))))
    let closed = try TestServer { _ in }
    let nowhere = try #require(ServerAddress(String(closed.target.dropFirst("http://".count))))
    closed.stop()
    let loops = try EventLoopGroup(count: 1)
    try await loops.loops[0].run {
      // Whichever comes first, and however many find out at once.
      for _ in 0..<8 {
        let caller = ServiceCaller("echo", on: loops.loops[0], as: nil)
        await caller.setAddresses([nowhere, here])
        await withTaskGroup(of: Bool.self) { tasks in
          for _ in 0..<4 {
            tasks.addTask { (try? await caller.call("nothing", Array("{}".utf8), .once)) != nil }
          }
          for await isAnswered in tasks { #expect(isAnswered) }
        }
        await caller.close()
      }
    }
    await loops.shutdown()
  }

  @Test func whatBrokeOffMayHaveWritten() async throws {
    try await withEcho { connection in
      while connection.readRequest() != nil {
        connection.answer(500, "{}", headers: "Content-Type: application/problem+json\r\n")
      }
    } _: { echo, _ in
      let seen = SeenPositions()
      await #expect(throws: Problem.self) { try await asRequest(seen: seen) { try await echo.nothing() } }
      #expect(seen.token(of: 9) == .unknown)
      #expect(seen.cookie != nil, "the browser is told")
    }
  }

  @Test func aNewErrorOfANewerServiceIsToldByItsName() async throws {
    let answer = #"{"type": "/errors/echo/shouted", "title": "shouted", "status": 422}"#
    try await withEcho { connection in
      while connection.readRequest() != nil {
        connection.answer(422, answer, headers: "Content-Type: application/problem+json\r\n")
      }
    } _: { echo, _ in
      await #expect(throws: UnknownServiceError(service: "echo", name: "shouted")) {
        try await echo.nothing()
      }
    }
  }

  @Test func anAnswerThatIsNotUnderstoodIsAFailureOfTheCall() async throws {
    try await withEcho { connection in
      while connection.readRequest() != nil { connection.answer(200, #"{"words": 1}"#) }
    } _: { echo, _ in
      let error = await #expect(throws: CallError.self) { _ = try await echo.said(Words(text: "a")) }
      #expect(error?.call == "echo/said")
    }
  }

  @Test func ofWhatMayHaveHappenedOnlyLeadersKnow() async throws {
    try await withEcho { connection in
      _ = connection.readRequest()
    } _: { echo, _ in
      let seen = SeenPositions()
      await #expect(throws: CallError.self) { try await asRequest(seen: seen) { try await echo.nothing() } }
      #expect(seen.token(of: 9) == .unknown)
    }
  }
}
