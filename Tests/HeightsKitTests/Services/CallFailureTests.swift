// What fails between two services is called by what is known of it, tried again where that is harmless, and never by many.

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
    // The breaker stands before most, and what it lets through is repeated for a tenth, and for the ten that are saved.
    #expect(asked.value < 100, "asked \(asked.value) times for 200 calls")
    #expect(asked.value >= 5)
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

  @Test func aCallNeverTakesLongerThanItsRequestMay() async throws {
    try await withEcho { connection in
      while connection.readRequest() != nil {}
    } _: { echo, _ in
      let due = Deadline.afterMs(200)
      let error = await #expect(throws: CallError.self) {
        _ = try await asRequest(due: due) { try await echo.said(Words(text: "a")) }
      }
      #expect(error?.effect == .mayHaveHappened)
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
