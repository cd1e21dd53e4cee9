// What many uploads at once may take: memory and disk together, of one address, and of those who may not send at all.

import Foundation
import Synchronization
import Testing

@testable import HeightsHTTP

@Suite struct UploadTests {
  private static let boundary = "b7f3a"
  private static let multipart = ("Content-Type", "multipart/form-data; boundary=b7f3a")

  /// Parts of a form, without its end.
  private static func parts(_ count: Int, bytes: Int) -> [UInt8] {
    (0..<count).flatMap { number in
      Array(
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"f\(number)\"; filename=\"x\"\r\n\r\n".utf8)
        + [UInt8](repeating: UInt8(number), count: bytes) + [13, 10]
    }
  }

  private func withUploads(
    _ received: ReceivedBytes, admission: Router.Admission? = nil,
    _ body: (RunningServer, Calls) async throws -> Void
  ) async throws {
    let calls = Calls()
    var limits = HTTPLimits()
    limits.received = received
    try await withServer(limits: limits) { router in
      router.post("/take", maxBodyBytes: 8 << 20, admission: admission) { request in
        calls.add()
        if case .form(let form) = request.body {
          return .text(
            try form.files.map { "\($0.sizeBytes):\(try $0.read().first ?? 0)" }.joined(separator: " "))
        }
        return .text("\(try request.bytes().count)")
      }
    } _: {
      try await body($0, calls)
    }
    try await eventually("all is given back") { received.heldBytes == 0 && received.memoryBytes == 0 }
  }

  private final class Calls: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
  }

  /// An upload that stays where it is. `@unchecked Sendable` is sound: one thread after the other uses it.
  private final class Beginning: @unchecked Sendable {
    let client: RawClient
    init(_ client: RawClient) { self.client = client }
  }

  private func begin(_ server: RunningServer, bytes: [UInt8]) async throws -> Beginning {
    let port = server.port
    return try await blocking {
      let client = try RawClient(port: port)
      client.send("POST /take HTTP/1.1\r\nHost: test\r\nContent-Length: 8000000\r\n")
      client.send("\(Self.multipart.0): \(Self.multipart.1)\r\n\r\n")
      client.send(bytes)
      return Beginning(client)
    }
  }

  @Test func uploadsThatAreNotFinishedHoldNoMoreMemoryThanOneSmallBodyEach() async throws {
    let received = ReceivedBytes()
    try await withUploads(received) { server, _ in
      let (count, parts, bytes) = (20, 30, 60 << 10)
      var clients: [Beginning] = []
      for _ in 0..<count {
        clients.append(try await begin(server, bytes: Self.parts(parts, bytes: bytes)))
      }
      try await eventually("all has arrived") { received.heldBytes > count * parts * bytes }
      #expect(received.memoryBytes <= count * Spool.memoryLimitBytes)
      withExtendedLifetime(clients) {}
    }
  }

  @Test func everyPartOfAFormIsWholeAlsoInAFile() async throws {
    try await withUploads(ReceivedBytes()) { server, _ in
      let body = Self.parts(5, bytes: 40_000) + Array("--\(Self.boundary)--\r\n".utf8)
      let answer = try await server.request("POST", "/take", [Self.multipart], body: body)
      #expect(answer.text == "40000:0 40000:1 40000:2 40000:3 40000:4")
    }
  }

  @Test func whatGoesBeyondTheBudgetIsRefusedUntilThereIsRoomAgain() async throws {
    let received = ReceivedBytes(limitBytes: 300_000)
    try await withUploads(received) { server, calls in
      var first: Beginning? = try await begin(server, bytes: Self.parts(1, bytes: 200_000))
      try await eventually("it has arrived") { received.heldBytes > 200_000 }
      let refused = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 150_000))
      #expect(refused.status == 503 && refused["Retry-After"] == "2")
      #expect(calls.value == 0)
      withExtendedLifetime(first) {}
      first = nil
      try await eventually("it is given back") { received.heldBytes == 0 }
      let taken = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 150_000))
      #expect(taken.text == "150000")
    }
  }

  @Test func oneAddressTakesNoMoreThanItsPartAndSmallBodiesGoOn() async throws {
    let received = ReceivedBytes(addressLimitBytes: 250_000)
    try await withUploads(received) { server, _ in
      let first = try await begin(server, bytes: Self.parts(1, bytes: 200_000))
      try await eventually("it has arrived") { received.heldBytes > 200_000 }
      let refused = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 150_000))
      #expect(refused.status == 503 && refused["Retry-After"] == "5")
      let small = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 60_000))
      #expect(small.text == "60000")
      withExtendedLifetime(first) {}
    }
  }

  @Test func whenMemoryIsScarceBodiesGoToFilesAtOnce() async throws {
    let received = ReceivedBytes(memoryLimitBytes: 0)
    try await withUploads(received) { server, _ in
      let answer = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 1_000))
      #expect(answer.text == "1000")
    }
  }

  @Test func nothingOfALargeBodyIsTakenBeforeItsClientIsKnown() async throws {
    let (received, gate) = (ReceivedBytes(), AsyncGate())
    let admission: Router.Admission = { request in
      await gate.wait()
      if request.header("Authorization") == nil { throw Problem(.unauthorized, title: "Log in first") }
    }
    try await withUploads(received, admission: admission) { server, calls in
      let body = [UInt8](repeating: 1, count: 1 << 20)
      async let stranger = server.request("POST", "/take", body: body)
      async let known = server.request("POST", "/take", [("Authorization", "x")], body: body)
      try await eventually("both are asked about") { await gate.waiting == 2 }
      // A body that needs no leave goes past them.
      let small = try await server.request("POST", "/take", body: [UInt8](repeating: 1, count: 60_000))
      #expect(small.text == "60000")
      // What the small one took is given back when its answer is on its way.
      try await eventually("the large ones have taken nothing") { received.heldBytes == 0 }
      #expect(calls.value == 1)
      await gate.open()
      let (one, other) = try await (stranger, known)
      #expect(one.status == 401)
      #expect(other.text == "\(body.count)")
      #expect(calls.value == 2)
    }
  }

  @Test func aClientThatGoesWhileItIsAskedAboutLeavesNothingBehind() async throws {
    let (received, gate) = (ReceivedBytes(), AsyncGate())
    try await withUploads(received, admission: { _ in await gate.wait() }) { server, calls in
      var client: Beginning? = try await begin(server, bytes: Self.parts(2, bytes: 100_000))
      try await eventually("it is asked about") { await gate.waiting == 1 }
      client?.client.reset()
      client = nil
      await gate.open()
      try await eventually("its connection has ended") { try await server.server.connectionCount() == 0 }
      #expect(calls.value == 0)
    }
  }

  /// A body without bytes is whole before it is known whether it may come.
  @Test func anAdmissionThatComesWhileTheHandlerWaitsDoesNotHandleTheRequestAgain() async throws {
    let (asked, handled, calls, admissions) = (AsyncGate(), AsyncGate(), Calls(), Calls())
    try await withServer { router in
      let admission: Router.Admission = { _ in
        await asked.wait()
        admissions.add()
      }
      router.post("/take", maxBodyBytes: 8 << 20, admission: admission) { _ in
        calls.add()
        await handled.wait()
        return .text("done")
      }
      router.get("/") { _ in .text("hello") }
    } _: { server in
      let port = server.port
      async let answer = blocking {
        let client = try RawClient(port: port)
        client.send("POST /take HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        return try client.response()
      }
      try await eventually("its handler waits") { await handled.waiting == 1 }
      await asked.open()
      try await eventually("its client may send") { admissions.value == 1 }
      // By the time that this is answered, the loop has seen to all that the admission had it do.
      #expect(try await server.request("GET", "/").text == "hello")
      await handled.open()
      #expect(try await answer.text == "done")
      #expect(calls.value == 1)
    }
  }
}
