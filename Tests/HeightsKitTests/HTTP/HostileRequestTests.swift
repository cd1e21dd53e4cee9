// What a client can do that no honest client does: the server never crashes, never hangs, and never sees two requests
// where one was sent.

import Foundation
import HeightsHTTP
import Synchronization
import TestSupport
import Testing

@Suite struct HostileRequestTests {
  /// Counts the requests that came to a handler: what a smuggled request would do.
  private final class Seen: Sendable {
    private let paths = Mutex<[String]>([])
    var all: [String] { paths.withLock { $0 } }
    func add(_ path: String) { paths.withLock { $0.append(path) } }
  }

  private func withTarget(
    limits: HTTPLimits = HTTPLimits(), _ body: (RunningServer, Seen) async throws -> Void
  ) async throws {
    let seen = Seen()
    try await withServer(limits: limits) { router in
      router.get("/hello") { request in
        seen.add(request.path)
        return .text("hello")
      }
      router.get("/smuggled") { request in
        seen.add(request.path)
        return .text("smuggled")
      }
      router.post("/take") { request in
        seen.add(request.path)
        return .text(String(decoding: try request.bytes(), as: UTF8.self))
      }
    } _: { server in
      try await body(server, seen)
      // Whatever came before, the next client is served.
      #expect(try await server.request("GET", "/hello").text == "hello")
    }
  }

  @Test(arguments: [
    "/hello\0", "/hello\0.png", "/hello\0?a=1", "/hello?a=1\0",
    "/hello?\0",
    "/hel\0lo%20", "http://test/hello\0",
  ])
  func aZeroInATargetIsRefused(target: String) async throws {
    try await withTarget { server, seen in
      let request = RawRequest.text("GET", target)
      let answer = try await server.withClient { client in
        client.send(request)
        return Answer(try client.response())
      }
      #expect(answer.status == 400)
      #expect(seen.all == [])
    }
  }

  @Test(arguments: [1, 1_500, 3_000])
  func aQueryOfManyArgumentsIsAnswered(count: Int) async throws {
    try await withServer { router in
      router.get("/last") { .text(try $0.query("last") ?? "none") }
    } _: { server in
      let target = "/last?" + String(repeating: "a&", count: count) + "last=here"
      let answers = try await server.withClient { client in
        client.send(RawRequest.text("GET", target) + RawRequest.text("GET", "/last"))
        return [Answer(try client.response()).text, Answer(try client.response()).text]
      }
      #expect(answers == ["here", "none"])
    }
  }

  private static let inner = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

  /// Each would be two requests to somebody who frames it differently.
  @Test(arguments: [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Content-Length : 44\r\n\r\n",
    "Content-Length\t: 44\r\n\r\n",
    "X: y\rContent-Length: 44\r\n\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "X\r: y\r\nContent-Length: 2\r\n\r\nab",
    "Content-Length: +5\r\n\r\nabcde",
    "Content-Length: -5\r\n\r\nabcde",
    "Content-Length: 0x5\r\n\r\nabcde",
    "Content-Length: 5, 5\r\n\r\nabcde",
    "Content-Length: 5 5\r\n\r\nabcde",
    "Content-Length:\r\n\r\n",
    "Content-Length: 99999999999999999999999\r\n\r\n",
    "Content-Length: 18446744073709551617\r\n\r\na",
  ])
  func aRequestOfAmbiguousLengthIsRefusedAndEndsTheConnection(headers: String) async throws {
    try await withTarget { server, seen in
      let (text, end) = try await server.exchange(
        "POST /take HTTP/1.1\r\nHost: test\r\n" + headers + Self.inner)
      #expect(["400", "413", "501"].contains(text.split(separator: " ").dropFirst().first ?? ""), "\(text)")
      #expect(text.contains("Connection: close"))
      #expect(end == .closed)
      #expect(seen.all == [])
    }
  }

  @Test(arguments: [
    "FFFFFFFFFFFFFFFFF\r\nabc", "-1\r\nabc", "zz\r\nabc", "0x3\r\nabc", "\r\nabc", " 3\r\nabc\r\n0\r\n\r\n",
    "3\r\nabcXY",
    "3\r\nabcdef\r\n0\r\n\r\n", "3 3\r\nabc",
  ])
  func malformedChunksAreRefused(body: String) async throws {
    try await withTarget { server, seen in
      let (text, end) = try await server.exchange(
        "POST /take HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
      #expect(text.hasPrefix("HTTP/1.1 400") || text.hasPrefix("HTTP/1.1 413"), "\(text)")
      #expect(end == .closed)
      #expect(seen.all == [])
    }
  }

  @Test func wellFormedChunksWithExtensionsAndTrailersAreOneBody() async throws {
    try await withTarget { server, _ in
      let texts = try await server.withClient { client in
        client.send(
          "POST /take HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;a=\"b\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nContent-Length: 99\r\nX: y\r\n\r\n"
            + RawRequest.text("GET", "/hello"))
        return [try client.response().text, try client.response().text]
      }
      #expect(texts == ["abc0123456789", "hello"])
    }
  }

  @Test func aChunkThatClaimsToBeHugeEndsWithTheClientsPatience() async throws {
    var limits = HTTPLimits()
    limits.bodyTimeoutMs = 100
    limits.sweepIntervalMs = 10
    try await withTarget(limits: limits) { server, seen in
      let (text, end) = try await server.exchange(
        "POST /take HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc")
      #expect(text == "")
      #expect(end == .closed)
      #expect(seen.all == [])
    }
  }

  @Test func aBodyWithoutEndIsCutOff() async throws {
    try await withTarget { server, seen in
      let chunk = [UInt8]("10000\r\n".utf8) + [UInt8](repeating: 97, count: 0x10000) + [13, 10]
      let wasCutOff = try await server.withClient { client in
        client.send("POST /take HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        // 128 MiB at most: more than the limit, the 64 that are tolerated beyond it, and what the kernel takes.
        return (0..<2048).contains { _ in !client.send(chunk) }
      }
      #expect(wasCutOff)
      #expect(seen.all == [])
    }
  }

  @Test(arguments: [
    ("GET /hello\r\n\r\n", "400"), ("GET /hello HTTP/1.1\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\n Host: test\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\nHost: test\r\nHost: other\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\nHost: test\r\nno colon\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\nHost: test\r\nX\0: y\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\nHost: test\r\nX\u{7f}: y\r\n\r\n", "400"),
    ("GET /hello HTTP/1.1\r\nHost: test\r\nX: \u{1}\r\n\r\n", "400"),
    ("GET /hello http/1.1\r\nHost: test\r\n\r\n", "400"), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    ("GET /hello HTTP/9.9\r\nHost: test\r\n\r\n", "505"),
    ("GET /hel lo HTTP/1.1\r\nHost: test\r\n\r\n", "400"),
  ])
  func aMalformedHeadIsRefused(request: String, status: String) async throws {
    try await withTarget { server, seen in
      let answer = try await server.withClient { client in
        client.send(request)
        client.finishSending()
        return client.readAll()
      }
      #expect(answer.text.hasPrefix("HTTP/1.1 \(status) "), "\(answer.text)")
      #expect(answer.end == .closed)
      #expect(seen.all == [])
    }
  }

  @Test func bytesThatAreNoRequestGetNoHandler() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    try await withTarget { server, seen in
      for length in [1, 7, 64, 300, 5_000, 70_000] {
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        _ = try await server.withClient { client in
          client.send(bytes)
          client.finishSending()
          return client.readAll()
        }
        #expect(seen.all == [], "seed \(seed)")
      }
    }
  }

  @Test func oneMutatedByteIsNeverTwoRequests() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    let plain = RawRequest.bytes(
      "POST", "/take", [("X-A", "b"), ("Cookie", "a=b; c=d")], body: Array("body".utf8))
    try await withTarget { server, seen in
      for _ in 0..<150 {
        var bytes = plain
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        let before = seen.all.count
        let sent = bytes
        _ = try await server.withClient { client in
          client.send(sent)
          client.finishSending()
          return client.readAll()
        }
        #expect(seen.all.count <= before + 1, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }

  // MARK: Paths

  @Test func controlCharactersInThePathAreRefused() async throws {
    try await withTarget { server, _ async throws in
      for path in ["/\u{1}", "/hello\u{7f}", "/\u{1b}[2J"] {
        #expect(try await server.request("GET", path).status == 400)
      }
    }
  }

  @Test func pathsThatAreNoUTF8AreRefusedAndOthersAreNot() async throws {
    try await withServer {
      $0.get("/{name}/{second}") { .text(try $0.parameter("name") + "|" + $0.parameter("second")) }
    } _: { server in
      let status = try await server.withClient { client in
        client.send(
          Array("GET /\u{e9}".utf8.prefix(6)) + [0xff] + Array("/x HTTP/1.1\r\nHost: test\r\n\r\n".utf8))
        return try client.response().status
      }
      #expect(status == 400)
      #expect(try await server.request("GET", "/%ff/x").status == 400)
      #expect(try await server.request("GET", "/%4/x").status == 400)
      #expect(try await server.request("GET", "/caf\u{e9}/x").text == "caf\u{e9}|x")
      #expect(try await server.request("GET", "/caf%C3%A9/a%2Fb%00").text == "caf\u{e9}|a/b\0")
    }
  }

  @Test func aNullEndsThePathAndNothingElse() async throws {
    try await withTarget { server, seen in
      _ = try await server.withClient { client in
        client.send("GET /hello\0/../smuggled HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        return client.readAll()
      }
      #expect(seen.all.allSatisfy { $0 == "/hello" })
    }
  }

  @Test(arguments: [
    ("GET http://test/hello", 200), ("GET HTTPS://test/hello?a=b", 200), ("GET http://test", 404),
    ("GET http://test?a", 404), ("OPTIONS *", 204), ("GET *", 404), ("OPTIONS /hello", 204),
    ("CONNECT test:443", 404),
    ("TRACE /hello", 405), ("BREW /hello", 405), ("GET hello", 404), ("GET ftp://test/hello", 404),
  ])
  func targetsInTheirOtherFormsAreUnderstood(line: String, status: Int) async throws {
    try await withTarget { server, _ in
      let found = try await server.withClient { client in
        client.send("\(line) HTTP/1.1\r\nHost: test\r\n\r\n")
        return try client.response().status
      }
      #expect(found == status)
    }
  }

  // MARK: Sizes

  @Test func headersBeyondTheLimitAreRefused() async throws {
    try await withTarget { server, seen in
      let long = String(repeating: "a", count: 20_000)
      let requests = [
        ("GET /hello HTTP/1.1\r\nHost: test\r\nX: \(long)\r\n\r\n", "431"),
        (
          "GET /hello HTTP/1.1\r\nHost: test\r\n" + String(repeating: "X: y\r\n", count: 4_000) + "\r\n",
          "431"
        ),
        ("GET /\(long) HTTP/1.1\r\nHost: test\r\n\r\n", "414"),
        ("GET /hello?\(long) HTTP/1.1\r\nHost: test\r\n\r\n", "414"),
        ("GET /hello HTTP/1.1\r\nHost: test\r\nCookie: \(long)\(long)\(long)\r\n\r\n", "431"),
      ]
      for (request, status) in requests {
        let text = try await server.exchange(request).text
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(200))")
      }
      #expect(seen.all == [])
    }
  }

  @Test(arguments: ["X: ", "Cookie: a=", "Cookie: a=1; b=", "cookie: ; a=1"], ["x", "; a=1", "; "])
  func headersOfAnySizeHaveOneAnswer(name: String, text: String) async throws {
    try await withTarget { server, _ in
      var last = "200"
      for bytes in Array(stride(from: 100, through: 17_500, by: 311)) + [20_000, 60_000] {
        let value = String(String(repeating: text, count: bytes / text.count))
        let request = "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(name)\(value)\r\n\r\n"
        let answer = try await server.exchange(request).text
        #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(bytes): \(answer.prefix(300))")
        let status = String(answer.dropFirst(9).prefix(3))
        // Once they are too many, more of them are as well.
        #expect(status == "431" || status == last, "\(bytes): \(answer.prefix(300))")
        last = status
      }
      #expect(last == "431")
    }
  }

  @Test func headersMayArriveByteByByte() async throws {
    try await withTarget { server, _ in
      let text = try await server.withClient { client in
        for byte in RawRequest.bytes("POST", "/take", [("X-A", "b")], body: Array("bytes".utf8)) {
          client.send([byte])
        }
        return try client.response().text
      }
      #expect(text == "bytes")
    }
  }

  // MARK: Order

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    try await withServer {
      $0.get("/{n}") { request in
        // The first to come are the last to be ready.
        let number = try Int(request.parameter("n")) ?? 0
        if number % 3 != 0 { try await Task.sleep(for: .milliseconds(number % 3 == 1 ? 5 : 1)) }
        return .text(String(number))
      }
    } _: { server in
      let texts = try await server.withClient { client in
        client.send((0..<60).map { RawRequest.text("GET", "/\($0)") }.joined())
        return try (0..<60).map { _ in try client.response().text }
      }
      #expect(texts == (0..<60).map(String.init))
    }
  }

  @Test func bareLineFeedsEndLinesForBothSidesAlike() async throws {
    try await withTarget { server, seen in
      let texts = try await server.withClient { client in
        client.send("GET /hello HTTP/1.1\nHost: test\n\n" + RawRequest.text("GET", "/hello"))
        return [try client.response().text, try client.response().text]
      }
      #expect(texts == ["hello", "hello"])
      #expect(seen.all == ["/hello", "/hello"])
    }
  }

  @Test func aLineBreakInARedirectIsAnErrorAndNoHeader() async throws {
    try await withServer {
      $0.get("/to") { .redirect(to: try $0.query("next") ?? "/") }
      $0.get("/cookie") { _ in
        Response().with(Cookie(name: "a", value: "b\r\nX-Evil: 1", maxAgeSeconds: 1, secure: false))
      }
    } _: { server in
      #expect(try await server.request("GET", "/to?next=/fine%20place").status == 303)
      for target in [
        "/to?next=/%0d%0aX-Evil:%201", "/to?next=/%0aX-Evil:%201", "/to?next=/%0dX-Evil:%201", "/cookie",
      ] {
        let answer = try await server.request("GET", target)
        #expect(answer.status == 500)
        #expect(answer["X-Evil"] == nil)
        #expect(answer["Location"] == nil)
      }
    }
  }
}
