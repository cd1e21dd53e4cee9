// Each request is one line of JSON, whatever is in it, and none of it is secret.

import Foundation
import Glibc
import HeightsHTTP
import TestSupport
import Testing

@Suite struct AccessLogTests {
  /// Runs requests and gives back what was logged of them.
  private func logged(
    _ routes: (inout Router) -> Void, _ requests: (RunningServer) async throws -> Void
  ) async throws -> [[String: Any]] {
    var lines: [[String: Any]] = []
    try await withFolder { folder in
      let descriptor = open(folder + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      defer { close(descriptor) }
      try await withServer(logDescriptor: descriptor, routes) { server in
        try await requests(server)
        #expect(try await server.server.drain(limitMs: 5_000))
      }
      let text = try Data(contentsOf: URL(fileURLWithPath: folder + "/log"))
      for line in text.split(separator: UInt8(ascii: "\n")) {
        lines.append(try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any]))
      }
    }
    return lines
  }

  @Test func aLineSaysWhatWasAskedAndAnswered() async throws {
    let lines = try await logged {
      $0.get("/posts/{id}") { _ in .text("hello") }
    } _: { server in
      let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      _ = try await server.request(
        "GET", "/posts/17?page=2", [("X-Request-Id", "my-id"), ("traceparent", parent)])
      _ = try await server.request("BREW", "/nowhere")
    }
    try #require(lines.count == 2)
    let line = lines[0]
    #expect(line["method"] as? String == "GET")
    #expect(line["path"] as? String == "/posts/17")
    #expect(line["route"] as? String == "/posts/{id}")
    #expect(line["status"] as? Int == 200)
    #expect(line["bytes"] as? Int == 5)
    #expect(line["microseconds"] is Int)
    #expect(line["request"] as? String == "my-id")
    #expect(line["trace"] as? String == "0af7651916cd43dd8448eb211c80319c")
    let time = try #require(line["time"] as? String)
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    #expect(lines[1]["method"] as? String == "other")
    #expect(lines[1]["route"] == nil)
    #expect(lines[1]["status"] as? Int == 404)
    #expect((lines[1]["request"] as? String)?.isEmpty == false)
  }

  @Test func anAnswerWithoutABodyCountsNoBytes() async throws {
    try await withFolder { folder in
      try write("hello", to: folder + "/hello.txt")
      let lines = try await logged {
        $0.file("/hello", from: folder, name: "hello.txt")
      } _: { server in
        _ = try await server.request("GET", "/hello")
        _ = try await server.request("HEAD", "/hello")
        _ = try await server.request("GET", "/hello", [("If-None-Match", "*")])
      }
      #expect(lines.map { $0["status"] as? Int } == [200, 200, 304])
      #expect(lines.map { $0["bytes"] as? Int } == [5, 0, 0])
    }
  }

  @Test func whateverIsInARequestALineIsJSON() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let lines = try await logged {
      $0.get("/{name}") { _ in .noContent }
    } _: { server in
      var random = SplitMix(seed)
      for _ in 0..<200 {
        let path = (0..<Int.random(in: 1...20, using: &random)).map { _ in
          UInt8.random(in: 1...255, using: &random)
        }
        let agent = (0..<20).map { _ in UInt8.random(in: 0x20...0xff, using: &random) }
        _ = try await server.withClient { client in
          client.send(
            Array("GET /\"\\".utf8) + path + Array(" HTTP/1.1\r\nHost: test\r\nUser-Agent: ".utf8) + agent
              + Array("\r\nConnection: close\r\n\r\n".utf8))
          client.finishSending()
          return client.readAll()
        }
      }
    }
    #expect(lines.count > 100, "seed \(seed)")
    #expect(
      lines.allSatisfy { ($0["path"] as? String)?.utf8.starts(with: "/\"\\".utf8) == true }, "seed \(seed)")
  }

  @Test func nothingSecretIsLogged() async throws {
    let secret = "s3cr3t"
    let lines = try await logged {
      $0.post("/log-in") { _ in
        Response.text(secret).with(Cookie(name: "session", value: secret, maxAgeSeconds: 1, secure: true))
      }
    } _: { server async throws in
      let headers = [
        ("Cookie", "session=\(secret)"), ("Authorization", "Bearer \(secret)"),
        ("Referer", "https://test/?token=\(secret)"),
        ("Content-Type", "application/x-www-form-urlencoded"), ("User-Agent", secret),
      ]
      let target = "/log-in?token=\(secret)"
      #expect(
        try await server.request("POST", target, headers, body: Array("password=\(secret)".utf8)).status
          == 200)
    }
    #expect(lines.count == 1)
    #expect(!"\(lines)".contains(secret))
  }

  @Test func aRequestWhoseClientLeavesIsLoggedToo() async throws {
    let gate = AsyncGate()
    let lines = try await logged {
      $0.post("/take") { _ in .noContent }
    } _: { server in
      _ = try await server.withClient { client in
        client.send("POST /take HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc")
        client.finishSending()
        return client.readAll()
      }
      await gate.open()
    }
    #expect(lines.map { $0["status"] as? Int } == [499])
  }
}
