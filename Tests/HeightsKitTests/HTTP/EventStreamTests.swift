// Server-sent events arrive as they were sent, one by one, and end with whichever side leaves first.

import Dispatch
import Synchronization
import Testing

@testable import HeightsHTTP

@Suite struct EventStreamTests {
  @Test func eventsArriveOneByOneAndTheStreamEndsWithItsProducer() async throws {
    let gate = AsyncGate()
    try await withServer {
      $0.get("/events") { _ in
        .events { stream in
          try stream.send(event: "first", data: "1")
          await gate.wait()
          try stream.sendComment("still here")
          try stream.send(data: "2")
        }
      }
    } _: { server in
      let (head, chunks) = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        let head = try client.head()
        var chunks = [String(decoding: try client.chunk() ?? [], as: UTF8.self)]
        Task { await gate.open() }
        while let chunk = try client.chunk() { chunks.append(String(decoding: chunk, as: UTF8.self)) }
        return (head["Content-Type"], chunks)
      }
      #expect(head == "text/event-stream")
      #expect(chunks.first == "event: first\ndata: 1\n\n")
      #expect(chunks.joined() == "event: first\ndata: 1\n\n: still here\n\ndata: 2\n\n")
    }
  }

  @Test(arguments: [
    ("a\nb", "data: a\ndata: b\n\n"), ("a\r\nb", "data: a\ndata: b\n\n"), ("a\rb", "data: a\ndata: b\n\n"),
    ("a\r\n\r\nevent: forged", "data: a\ndata: \ndata: event: forged\n\n"), ("", "data: \n\n"),
    ("a\u{2028}b\u{b}c", "data: a\u{2028}b\u{b}c\n\n"),
  ])
  func aLineBreakInTheDataIsNoFieldOfItsOwn(data: String, text: String) throws {
    let stream = EventStream { _ in }
    try stream.send(data: data)
    #expect(Self.content(of: stream) == text)
  }

  @Test func aLineBreakInTheNameOrACommentIsNoFieldOfItsOwn() throws {
    let stream = EventStream { _ in }
    try stream.send(event: "a\r\ndata: forged", data: "b")
    try stream.sendComment("c\ndata: forged")
    #expect(Self.content(of: stream) == "event: a data: forged\ndata: b\n\n: c\n: data: forged\n\n")
  }

  private static func content(of stream: EventStream) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = bytes.withUnsafeMutableBytes { stream.read(into: $0) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  @Test func aStreamEndsWhenTheClientLeavesThoughNothingIsSent() async throws {
    let ended = AsyncGate()
    try await withServer {
      $0.get("/events") { _ in
        .events { stream in
          defer { Task { await ended.open() } }
          try stream.send(data: "1")
          try await Task.sleep(for: .seconds(600))
        }
      }
    } _: { server in
      try await server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        _ = try client.head()
      }
      try await eventually("the producer ends") { await ended.isOpen }
      try await eventually("the connection is gone") { try await server.server.connectionCount() == 0 }
    }
  }

  @Test func aProducerLearnsThatTheClientIsGone() async throws {
    let failure = Mutex<(any Error)?>(nil)
    let ended = AsyncGate()
    try await withServer {
      $0.get("/events") { _ in
        .events { stream in
          do {
            // Until the client is gone: the test waits for that with a limit.
            while true {
              try stream.send(data: String(repeating: "x", count: 1_000))
              // Deaf to cancellation.
              await Task.yield()
            }
          } catch {
            failure.withLock { $0 = error }
            await ended.open()
          }
        }
      }
    } _: { server in
      try await server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        _ = try client.chunkAfterHead()
      }
      try await eventually("the producer ends") { await ended.isOpen }
      #expect(failure.withLock { $0 } is StreamClosed)
    }
  }

  @Test func aClientThatReadsTooSlowlyIsLeftBehind() async throws {
    let ended = DispatchSemaphore(value: 0)
    try await withServer {
      $0.get("/events") { _ in
        .events { stream in
          defer { ended.signal() }
          // Until the client is left behind: the test waits for that with a limit.
          while true {
            try stream.send(data: String(repeating: "x", count: 100_000))
            await Task.yield()
          }
        }
      }
    } _: { server in
      let wasLeftBehind = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        _ = try client.head()
        return ended.wait(timeout: .now() + .milliseconds(RawClient.timeoutMs)) == .success
      }
      #expect(wasLeftBehind)
    }
  }

  @Test func aDrainEndsStreams() async throws {
    try await withServer {
      $0.get("/events") { _ in
        .events { stream in
          try stream.send(data: "1")
          try await Task.sleep(for: .seconds(600))
        }
      }
    } _: { server in
      async let body = server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        return try client.response().text
      }
      try await eventually("the stream is there") { try await server.server.connectionCount() == 1 }
      #expect(try await server.server.drain(limitMs: RawClient.timeoutMs))
      #expect(try await body == "data: 1\n\n")
    }
  }

  @Test func streamsHoldNoPlaceOfRequestsInFlight() async throws {
    var limits = HTTPLimits()
    limits.inFlightPerLoop = 1
    try await withServer(limits: limits) {
      $0.get("/events") { _ in .events { _ in try await Task.sleep(for: .seconds(600)) } }
      $0.get("/hello") { _ in .text("hello") }
    } _: { server in
      let text = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/events"))
        _ = try client.head()
        let other = try RawClient(port: server.port)
        other.send(RawRequest.text("GET", "/hello"))
        return try other.response().text
      }
      #expect(text == "hello")
    }
  }
}

extension RawClient {
  fileprivate func chunkAfterHead() throws -> [UInt8]? {
    _ = try head()
    return try chunk()
  }
}
