// The client keeps connections, retries what is harmless to retry, and calls each failure by its name.

import Glibc
import HeightsHTTP
import HeightsRuntime
import Synchronization
import TestSupport
import Testing

@testable import Load

@Suite struct HTTPClientTests {
  @Test func requestsShareAConnectionUntilTheServerClosesIt() async throws {
    try await withClient { connection in
      var answered = 0
      while connection.readRequest() != nil {
        answered += 1
        connection.answer(200, "\(connection.index)", headers: answered == 3 ? "Connection: close\r\n" : "")
        if answered == 3 { return }
      }
    } _: { client, server in
      var bodies: [String] = []
      for _ in 0..<4 { bodies.append(try await client.send(.get("/")).get().text) }
      #expect(bodies == ["0", "0", "0", "1"])
      #expect(server.connectionCount == 2)
    }
  }

  @Test func ofANameWithSeveralAddressesTheFirstThatAnswersIsAsked() async throws {
    try await withClient { connection in
      while connection.readRequest() != nil { connection.answer(200, "here") }
    } _: { _, server in
      // Nobody listens at port 1.
      let nobody = try ["[::1]", "127.0.0.1"].map { try Endpoint.http("http://\($0):1") }
      let somebody = try Endpoint.http(server.target)
      let group = try EventLoopGroup(count: 1)
      for endpoint in [nobody[0].or([somebody]), nobody[1].or([nobody[0], somebody]), somebody.or(nobody)] {
        let client = HTTPClient(endpoint.answering(withinMs: 2_000), on: group.loops[0])
        #expect(try await client.send(.get("/")).get().text == "here")
        await client.close()
      }
      await group.shutdown()
      #expect(nobody[0].or(nobody).answering(withinMs: 2_000).origin == nobody[0].origin)
    }
  }

  @Test func anAnswerMayComeByteByByte() async throws {
    try await withClient { connection in
      while connection.readRequest() != nil {
        for piece in "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" {
          connection.write(String(piece))
        }
      }
    } _: { client, _ in
      for _ in 0..<3 {
        let answer = try await client.send(.get("/")).get()
        #expect(answer.text == "abc")
      }
    }
  }

  @Test func theRequestSaysWhatTheAPINeeds() async throws {
    let seen = Mutex<[TestRequest]>([])
    try await withClient { connection in
      while let request = connection.readRequest() {
        seen.withLock { $0.append(request) }
        connection.answer(204)
      }
    } _: { client, server in
      _ = try await client.send(SummitAPI.post("a \"b\"\n", key: "k1", cookie: "session=s")).get()
      _ = try await client.send(SummitAPI.follow("o d/d", "PUT", cookie: nil)).get()
      let requests = seen.withLock { $0 }
      #expect(requests[0].headers["host"] == String(server.target.dropFirst(7)))
      #expect(requests[0].headers["origin"] == server.target)
      #expect(requests[0].headers["content-type"] == "application/json")
      #expect(requests[0].headers["idempotency-key"] == "k1")
      #expect(requests[0].headers["cookie"] == "session=s")
      #expect(requests[0].body == #"{"text":"a \"b\"\u000a"}"#)
      #expect(requests[1].path == "/api/accounts/o%20d%2Fd/follow")
      #expect(requests[1].headers["content-length"] == "0")
    }
  }

  /// Connection 0 answers one request, reads a second one and closes; later connections answer everything.
  private static let closesUnderTheSecondRequest: @Sendable (TestConnection) -> Void = { connection in
    while connection.readRequest() != nil {
      connection.answer(200, "\(connection.index)")
      if connection.index == 0 {
        _ = connection.readRequest()
        return
      }
    }
  }

  @Test(arguments: ["GET", "PUT", "DELETE", "POST with a key"])
  func aClosedConnectionIsRetriedOnceWhenThatIsHarmless(_ method: String) async throws {
    try await withClient(Self.closesUnderTheSecondRequest) { client, server in
      let first = await client.send(.get("/"))
      #expect(Visitors.isSettled(first))
      let plain = ClientRequest(String(method.prefix { $0 != " " }), "/")
      let request = method == "POST with a key" ? plain.keyed("k") : plain
      let answer = await client.send(request)
      #expect((try? answer.get().text) == "1")
      #expect(!Visitors.isSettled(answer), "the first sending may still be carried out")
      #expect(server.connectionCount == 2)
    }
  }

  @Test func aClosedConnectionIsAFailureOfAPostWithoutAKey() async throws {
    try await withClient(Self.closesUnderTheSecondRequest) { client, server in
      _ = try await client.send(.get("/")).get()
      #expect(await client.send(ClientRequest("POST", "/")) == .failure(.closed))
      #expect(server.connectionCount == 1)
    }
  }

  @Test func aNewConnectionThatIsClosedIsNotRetried() async throws {
    try await withClient { connection in
      _ = connection.readRequest()
    } _: { client, server in
      #expect(await client.send(.get("/")) == .failure(.closed))
      #expect(server.connectionCount == 1)
    }
  }

  @Test func anAnswerThatHadBegunIsNotRetried() async throws {
    try await withClient { connection in
      _ = connection.readRequest()
      connection.answer(200)
      _ = connection.readRequest()
      connection.write("HTTP/1.1 200 OK\r\nContent-Le")
    } _: { client, server in
      _ = try await client.send(.get("/")).get()
      #expect(await client.send(.get("/")) == .failure(.closed))
      #expect(server.connectionCount == 1)
    }
  }

  @Test func aRetryIsDoneOnceOnly() async throws {
    try await withClient { connection in
      if connection.index == 0, connection.readRequest() != nil { connection.answer(200) }
      _ = connection.readRequest()
    } _: { client, server in
      _ = try await client.send(.get("/")).get()
      #expect(await client.send(.get("/")) == .failure(.closed))
      #expect(server.connectionCount == 2)
    }
  }

  @Test func aPostGoesToANewConnectionWhenTheIdleOneHasEnded() async throws {
    try await withClient { connection in
      guard connection.readRequest() != nil else { return }
      connection.answer(200, "\(connection.index)")
    } _: { client, server in
      _ = try await client.send(.get("/")).get()
      while server.hasOpenConnections { try await Task.sleep(for: .milliseconds(1)) }
      #expect(try await client.send(ClientRequest("POST", "/")).get().text == "1")
    }
  }

  @Test func failuresAreCalledByTheirNames() async throws {
    let server = try TestServer { _ in }
    let closedPort = server.target
    server.stop()
    try await withClient(at: closedPort) { #expect(await $0.send(.get("/")) == .failure(.refused)) }

    try await withClient { connection in
      _ = connection.readRequest()
      connection.resetOnClose()
    } _: { client, _ in
      #expect(await client.send(.get("/")) == .failure(.reset))
    }

    try await withClient { connection in
      _ = connection.readRequest()
      connection.write("220 smtp.example.com ESMTP\r\n")
      _ = connection.readRequest()
    } _: { client, _ in
      guard case .failure(.malformed) = await client.send(.get("/")) else {
        Issue.record("a mail server's greeting is no answer")
        return
      }
    }

    let settings = HTTPClient.Settings.visitors(timeoutMs: 50)
    try await withClient(with: settings) { connection in
      while connection.readRequest() != nil {}
    } _: { client, _ in
      #expect(await client.send(.get("/")) == .failure(.timedOut))
    }
  }

  @Test func connectionsAndWaitingRequestsAreBounded() async throws {
    let gate = Mutex(false)
    let settings = HTTPClient.Settings.visitors(connections: 2, waiting: 3)
    try await withClient(with: settings) { connection in
      while connection.readRequest() != nil {
        if eventually({ gate.withLock { $0 } }) { connection.answer(200) }
      }
    } _: { client, server in
      let results = await withTaskGroup(of: Result<ClientResponse, ClientFailure>.self) { tasks in
        for _ in 0..<10 { tasks.addTask { await client.send(.get("/")) } }
        var results: [Result<ClientResponse, ClientFailure>] = []
        // Those beyond the bounds fail at once; only then may the others be answered.
        for _ in 0..<5 { if let result = await tasks.next() { results.append(result) } }
        gate.withLock { $0 = true }
        for await result in tasks { results.append(result) }
        return results
      }
      #expect(results.prefix(5).allSatisfy { $0 == .failure(.tooManyWaiting) })
      #expect(results.suffix(5).allSatisfy { (try? $0.get().status) == 200 })
      #expect(server.connectionCount == 2)
    }
  }

  @Test func aCancelledCallerClosesItsConnection() async throws {
    let asked = Mutex(false)
    let left = Mutex(false)
    try await withClient { connection in
      guard connection.readRequest() != nil else { return }
      asked.withLock { $0 = true }
      // Nothing more comes but the end.
      if connection.readRequest() == nil { left.withLock { $0 = true } }
    } _: { client, _ in
      let caller = Task { await client.deliver(ClientRequest("POST", "/"), by: .afterMs(60_000)) }
      while !asked.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      caller.cancel()
      let delivery = await caller.value
      #expect(delivery.result == .failure(.cancelled))
      #expect(delivery.wasSent)
      while !left.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      let late = Task { await client.deliver(.get("/"), by: .afterMs(60_000)) }
      late.cancel()
      #expect(await late.value.result == .failure(.cancelled))
    }
  }

  @Test func itIsToldWhetherAnythingWasSent() async throws {
    let server = try TestServer { _ in }
    let closedPort = server.target
    server.stop()
    try await withClient(at: closedPort) { client in
      #expect(await !client.deliver(.get("/"), by: .afterMs(5_000)).wasSent)
    }
    try await withClient { connection in
      _ = connection.readRequest()
    } _: { client, _ in
      let delivery = await client.deliver(ClientRequest("POST", "/"), by: .afterMs(5_000))
      #expect(delivery.result == .failure(.closed))
      #expect(delivery.wasSent)
    }
  }

  @Test func aConnectionThatWasIdleForLongIsNotUsedAgain() async throws {
    let settings = HTTPClient.Settings(userAgent: "test", idleMs: 0)
    try await withClient(with: settings) { connection in
      while connection.readRequest() != nil { connection.answer(200, "\(connection.index)") }
    } _: { client, server in
      var bodies: [String] = []
      for _ in 0..<3 { bodies.append(try await client.send(.get("/")).get().text) }
      #expect(bodies == ["0", "1", "2"])
      #expect(server.connectionCount == 3)
    }
  }

  @Test(arguments: [
    "https://example.com", "example.com", "http://", "http://a:b@c", "http://localhost:99999",
    "http://localhost/path",
    "",
  ])
  func aTargetThatIsNoAddressIsRefused(_ target: String) {
    #expect(throws: LoadError.self) { try Endpoint.target(target) }
  }

  private func withClient(
    with settings: HTTPClient.Settings = .visitors(), _ serve: @escaping @Sendable (TestConnection) -> Void,
    _ body: @escaping @Sendable (HTTPClient, TestServer) async throws -> Void
  ) async throws {
    let server = try TestServer(serve)
    try await withClient(at: server.target, settings) { try await body($0, server) }
    server.stop()
  }

  private func withClient(
    at target: String, _ settings: HTTPClient.Settings = .visitors(),
    _ body: @escaping @Sendable (HTTPClient) async throws -> Void
  ) async throws {
    let group = try EventLoopGroup(count: 1)
    let client = HTTPClient(try .http(target), on: group.loops[0], settings)
    let result = await Result { () async throws in try await group.loops[0].run { try await body(client) } }
    await client.close()
    await group.shutdown()
    try result.get()
  }
}

extension ClientResponse {
  var text: String { String(decoding: body, as: UTF8.self) }
}
