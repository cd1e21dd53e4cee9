// Requests that arrive together: their handlers run one after another, and none is forgotten, refused or held back for it.

import Dispatch
import Foundation
import Glibc
import HeightsHTTP
import Synchronization
import Testing

@Suite struct BatchTests {
  private static let count = 40
  private static let limitSeconds = 10.0

  /// Has `count` requests arrive while the loop is busy, so that it finds all of them at once, and returns what
  /// `body` makes of each connection.
  private func together<T: Sendable>(
    _ server: RunningServer, _ loop: BusyLoop, count: Int = Self.count,
    _ body: @escaping @Sendable (RawClient) throws -> T
  ) async throws -> [T] {
    try await withThrowingTaskGroup(of: T.self) { group in
      async let busy = server.request("GET", "/busy")
      try await wait(for: loop.hasBegun)
      let sent = DispatchSemaphore(value: 0)
      for _ in 0..<count {
        group.addTask {
          try await server.withClient { client in
            client.send(RawRequest.bytes("GET", "/work"))
            sent.signal()
            return try body(client)
          }
        }
      }
      for _ in 0..<count { try await wait(for: sent) }
      loop.mayEnd.signal()
      #expect(try await busy.text == "free")
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  private func wait(for semaphore: DispatchSemaphore) async throws {
    try await blocking { try #require(semaphore.wait(timeout: .now() + Self.limitSeconds) == .success) }
  }

  @Test func aBurstOfQuickRequestsIsNotRefused() async throws {
    let loop = BusyLoop()
    var limits = HTTPLimits()
    limits.inFlightPerLoop = 2
    try await withServer(limits: limits) {
      loop.add(to: &$0)
      $0.get("/work") { _ in .text("done") }
    } _: { server in
      let answers = try await together(server, loop) { Answer(try $0.response()).status }
      #expect(answers == Array(repeating: 200, count: Self.count))
      #expect(try await server.metrics.contains("http_requests_in_flight 0\n"))
    }
  }

  @Test(arguments: [2, 7, count])
  func answersAreSentWhileOtherHandlersHaveYetToRun(count: Int) async throws {
    let loop = BusyLoop()
    let handled = Atomic<Int>(0)
    let answered = DispatchSemaphore(value: 0)
    try await withServer {
      loop.add(to: &$0)
      $0.get("/work") { _ in
        let isLast = handled.add(1, ordering: .relaxed).newValue == count
        // Longer than handlers run before answers are sent, on a machine however slow: 20 ms.
        usleep(25_000)
        return .text(
          !isLast || answered.wait(timeout: .now() + Self.limitSeconds) == .success ? "in time" : "late")
      }
    } _: { server in
      let answers = try await together(server, loop, count: count) {
        let answer = Answer(try $0.response()).text
        answered.signal()
        return answer
      }
      #expect(answers == Array(repeating: "in time", count: count))
    }
  }

  @Test func handlersThatWaitAndHandlersThatDoNotAreAllAnswered() async throws {
    let loop = BusyLoop()
    let handled = Atomic<Int>(0)
    try await withServer {
      loop.add(to: &$0)
      $0.get("/work") { _ in
        let number = handled.add(1, ordering: .relaxed).newValue
        if number % 3 == 0 { try await EventLoop.current?.sleep(ms: 1) }
        if number % 7 == 0 { throw Problem.notFound("Nothing.") }
        return .text("done")
      }
    } _: { server in
      let answers = try await together(server, loop) { Answer(try $0.response()).status }
      #expect(answers.count { $0 == 200 } == Self.count - Self.count / 7)
      #expect(answers.count { $0 == 404 } == Self.count / 7)
    }
  }

  @Test func anAnswerWithoutRoomForItsHeadersEndsItsConnectionAndNoOther() async throws {
    try await withServer {
      $0.get("/work") { _ in .text("done") }
      $0.get("/stream") { _ in .events { _ in try await Task.sleep(for: .seconds(60)) } }
    } _: { server in
      let others = try await server.withClient { other in
        other.send(RawRequest.text("GET", "/work"))
        var answers = [try other.response().status]
        // What a request's headers leave of 16 KiB is for the answer's.
        for size in stride(from: 15_000, through: 16_500, by: 20) {
          for target in ["/work", "/stream"] {
            let client = try RawClient(port: server.port)
            client.send(RawRequest.text("GET", target, [("X", String(repeating: "x", count: size))]))
            // 200, 431, or an end without an answer.
            if let head = try? client.head() { #expect([200, 431].contains(head.status)) }
          }
          other.send(RawRequest.text("GET", "/work"))
          answers.append(try other.response().status)
        }
        return answers
      }
      #expect(others.allSatisfy { $0 == 200 })
      try await eventually("the connections are gone") { try await server.server.connectionCount() == 0 }
      #expect(try await server.metrics.contains("http_requests_in_flight 0\n"))
    }
  }

  @Test func clientsThatLeaveWhileTheyWaitTakeNoPlaceWithThem() async throws {
    let loop = BusyLoop()
    let handled = Atomic<Int>(0)
    let gone = Atomic<Int>(0)
    var limits = HTTPLimits()
    limits.inFlightPerLoop = 1
    try await withServer(limits: limits) {
      loop.add(to: &$0)
      $0.get("/work") { _ in
        // The first one runs until all have left.
        if handled.add(1, ordering: .relaxed).newValue == 1 {
          let end = Deadline.afterMs(Int(Self.limitSeconds * 1_000))
          while gone.load(ordering: .acquiring) < Self.count, !end.hasPassed { usleep(1_000) }
        }
        return .text("done")
      }
    } _: { server in
      _ = try await together(server, loop) { client in
        while handled.load(ordering: .acquiring) == 0 { usleep(1_000) }
        client.reset()
        gone.add(1, ordering: .releasing)
      }
      for _ in 0..<10 { #expect(try await server.request("GET", "/work").status == 200) }
      #expect(try await server.metrics.contains("http_requests_in_flight 0\n"))
    }
  }
}

/// Keeps a server's loop busy until it may go on.
private struct BusyLoop: Sendable {
  let hasBegun = DispatchSemaphore(value: 0)
  let mayEnd = DispatchSemaphore(value: 0)

  func add(to router: inout Router) {
    router.get("/busy") { _ in
      hasBegun.signal()
      return .text(mayEnd.wait(timeout: .now() + 10) == .success ? "free" : "still busy")
    }
  }
}
