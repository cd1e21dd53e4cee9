// What a handler gets of a request: JSON, forms, query, cookies and headers, within their limits.

import Foundation
import Glibc
import Testing

@testable import HeightsHTTP

@Suite struct RequestTests {
  // MARK: JSON

  private struct Person: Decodable {
    let name: String
    let age: Int
    let tags: [String]
  }

  private static func routes(_ router: inout Router) {
    router.post("/people") { request in
      let person = try request.json(Person.self)
      return .text("\(person.name) \(person.age) \(person.tags)")
    }
    router.post("/form", maxBodyBytes: 1 << 20) { request in
      let form = try request.form()
      let fields = form.fields.map { "\($0.name)=\($0.value)" }
      let files = try form.files.map { file in
        let isOnDisk = file.spool.isOnDisk ? "disk" : "memory"
        let bytes = try file.read()
        return
          "\(file.name)/\(file.filename)/\(file.contentType ?? "-")/\(bytes.count)/\(isOnDisk)/\(bytes.first ?? 0)"
      }
      return .text((fields + files).joined(separator: "|"))
    }
    router.get("/query") { request in
      let values = try ["a", "b c", ""].map { try request.query($0) ?? "none" }
      return .text(values.joined(separator: "|"))
    }
    router.get("/cookies") { .text(["a", "b", "__Host-c"].map($0.cookieOrNone).joined(separator: "|")) }
  }

  @Test func aBodyOfJSONIsDecoded() async throws {
    try await withServer(Self.routes) { server in
      for type in ["application/json", "APPLICATION/JSON; charset=utf-8"] {
        let answer = try await server.request(
          "POST", "/people", [("Content-Type", type)],
          body: Array(#"{"name":"Ada","age":36,"tags":["x"]}"#.utf8))
        #expect(answer.text == #"Ada 36 ["x"]"#)
      }
    }
  }

  @Test(arguments: [
    (#"{"name":"Ada","age":36}"#, 422, "tags", "This is required."),
    (#"{"name":"Ada","age":"36","tags":[]}"#, 422, "age", "A whole number was expected, not text."),
    (#"{"name":null,"age":36,"tags":[]}"#, 422, "name", "Text was expected, not null."),
    (#"{"name":"Ada","age":36,"tags":["x",1]}"#, 422, "tags[1]", "Text was expected, not a number."),
    (#"[]"#, 422, "body", "An object was expected, not an array."), (#"{"name":"#, 400, "none", "none"),
    ("", 400, "none", "none"),
    (String(repeating: "[", count: 50_000), 400, "none", "none"),
  ])
  func whatIsWrongWithJSONIsSaidByField(body: String, status: Int, field: String, message: String)
    async throws
  {
    try await withServer(Self.routes) { server in
      let answer = try await server.request(
        "POST", "/people", [("Content-Type", "application/json")], body: Array(body.utf8))
      #expect(answer.status == status)
      #expect(answer["Content-Type"] == "application/problem+json")
      let errors = try answer.json()["errors"] as? [[String: String]]
      #expect(errors?.first?["name"] ?? "none" == field)
      #expect(errors?.first?["message"] ?? "none" == message)
    }
  }

  @Test func anotherMediaTypeIsRefused() async throws {
    try await withServer(Self.routes) { server async throws in
      #expect(try await server.request("POST", "/people", body: Array("{}".utf8)).status == 415)
      #expect(
        try await server.request("POST", "/form", [("Content-Type", "text/plain")], body: [97]).status == 415)
      #expect(try await server.request("POST", "/form").status == 415)
      let type = ("Content-Type", "application/x-www-form-urlencoded")
      for (encoding, status) in [("gzip", 415), ("identity", 200), ("x-gzip", 415), ("gzip, identity", 415)] {
        let answer = try await server.request(
          "POST", "/form", [type, ("Content-Encoding", encoding)], body: Array("a=b".utf8))
        #expect(answer.status == status, "\(encoding)")
      }
    }
  }

  // MARK: Forms

  @Test(arguments: [
    ("a=1&b=two+words&c=%C3%A4%26%3D&a=2", "a=1|b=two words|c=\u{e4}&=|a=2"), ("a=&b=", "a=|b="), ("", ""),
    ("a&b=1", "a=|b=1"), ("a", "a="), ("a=b=c", "a=b=c"), ("=b", "=b"), ("&&a=1&", "a=1"),
    ("a=&a=1", "a=|a=1"), ("%61=%62", "a=b"), ("a=+%2B", "a= +"),
  ])
  func aSubmittedFormIsDecoded(body: String, fields: String) async throws {
    let type = [("Content-Type", "application/x-www-form-urlencoded")]
    try await withServer(Self.routes) { server in
      #expect(try await server.request("POST", "/form", type, body: Array(body.utf8)).text == fields)
      // The same, however the bytes arrive.
      let text = try await server.withClient { client in
        for byte in RawRequest.bytes("POST", "/form", type, body: Array(body.utf8)) {
          client.send([byte])
          // So that the server gets it alone.
          usleep(200)
        }
        return try client.response().text
      }
      #expect(text == fields)
    }
  }

  @Test(arguments: ["a=%ff", "%ff=a", "a=%4", "a=%"])
  func aFormThatIsNoPercentEncodedUTF8IsRefused(body: String) async throws {
    let type = [("Content-Type", "application/x-www-form-urlencoded")]
    try await withServer(Self.routes) { server async throws in
      #expect(try await server.request("POST", "/form", type, body: Array(body.utf8)).status == 400)
    }
  }

  private static func multipart(_ parts: [(head: String, body: [UInt8])], end: String = "--\r\n") -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      bytes +=
        Array("--limit\r\nContent-Disposition: form-data; \(part.head)\r\n\r\n".utf8) + part.body + [13, 10]
    }
    return bytes + Array("--limit\(end)".utf8)
  }

  private static let multipartType = [("Content-Type", "multipart/form-data; boundary=limit")]

  @Test func filesAreStreamedToDiskOnceTheyAreLarge() async throws {
    let large = [UInt8](repeating: 7, count: 200_000)
    let body = Self.multipart([
      ("name=\"text\"", Array("caf\u{e9}".utf8)), ("name=\"empty\"", []),
      ("name=\"small\"; filename=\"a.png\"\r\nContent-Type: image/png", [1, 2, 3]),
      ("name=\"large\"; filename=\"b.bin\"", large), ("name=\"none\"; filename=\"\"", []),
    ])
    try await withServer(Self.routes) { server in
      let text = try await server.request("POST", "/form", Self.multipartType, body: body).text
      #expect(
        text
          == "text=caf\u{e9}|empty=|small/a.png/image/png/3/disk/1|large/b.bin/-/200000/disk/7|none//-/0/disk/0"
      )
    }
  }

  @Test func aFormOfSeveralPartsMayArriveByteByByte() async throws {
    let body = Self.multipart([
      ("name=\"a\"", Array("1".utf8)), ("name=\"b\"", []), ("name=\"a\"", Array("2".utf8)),
      ("name=\"f\"; filename=\"f\"", Array("x\r\n--limiz".utf8)),
      ("name=\"f\"; filename=\"g\"", Array("y".utf8)),
    ])
    try await withServer(Self.routes) { server in
      let text = try await server.withClient { client in
        for byte in RawRequest.bytes("POST", "/form", Self.multipartType, body: body) {
          client.send([byte])
          // So that the server gets it alone.
          usleep(200)
        }
        return try client.response().text
      }
      #expect(text == "a=1|b=|a=2|f/f/-/10/memory/120|f/g/-/1/memory/121")
    }
  }

  @Test func aFormThatIsIncompleteOrWithoutBoundaryIsRefused() async throws {
    let whole = Self.multipart([("name=\"a\"", Array("1".utf8))])
    try await withServer(Self.routes) { server in
      let cut = try await server.request("POST", "/form", Self.multipartType, body: Array(whole.dropLast(12)))
      #expect(cut.status == 400)
      let unbounded = try await server.request(
        "POST", "/form", [("Content-Type", "multipart/form-data")], body: whole)
      #expect(unbounded.status == 400)
    }
  }

  @Test func aFormHasBoundsOfItsOwn() async throws {
    let type = [("Content-Type", "application/x-www-form-urlencoded")]
    try await withServer(Self.routes) { server async throws in
      let many = (0..<300).map { "f\($0)=1" }.joined(separator: "&")
      #expect(try await server.request("POST", "/form", type, body: Array(many.utf8)).status == 400)
      let long = "a=" + String(repeating: "x", count: 300_000)
      #expect(try await server.request("POST", "/form", type, body: Array(long.utf8)).status == 413)
    }
  }

  // MARK: Query, cookies

  @Test(arguments: [
    ("/query", "none|none|none"), ("/query?a=1", "1|none|none"), ("/query?a=1&a=2", "1|none|none"),
    ("/query?a", "|none|none"),
    ("/query?a=%26%3D+x", "&= x|none|none"), ("/query?b%20c=1", "none|1|none"),
    ("/query?b+c=1", "none|1|none"),
    ("/query?a=%C3%A4", "\u{e4}|none|none"),
  ])
  func queryArgumentsAreDecoded(target: String, values: String) async throws {
    try await withServer(Self.routes) { server in
      let text = try await server.request("GET", target).text
      #expect(text == values)
    }
  }

  @Test func aQueryThatIsNoUTF8IsRefused() async throws {
    try await withServer(Self.routes) { server async throws in
      for target in ["/query?a=%ff", "/query?a=%4", "/query?a=%zz"] {
        #expect(try await server.request("GET", target).status == 400)
      }
    }
  }

  @Test(arguments: [
    ("a=1; b=2; __Host-c=3", "1|2|3"), ("a=1;b=2", "1|2|none"), ("", "none|none|none"), ("b", "none||none"),
    (";;; =; a=1", "1|none|none"), ("A=1", "none|none|none"), ("A=1; a=2", "2|none|none"),
    ("a=1; a=2", "1|none|none"), (#"theme=5" wide; a=1"#, "1|none|none"), ("pref=x,a=2; a=1", "1|none|none"),
    (#"x="; a=2"; a=1"#, #"2"|none|none"#), (#"a="1 2"; b=a=b"#, #""1 2"|a=b|none"#),
    ("a=1\tb; \t b = 2 ;", "1\tb|2|none"), ("xa=2; a=1", "1|none|none"), ("a\u{301}=2; a=1", "1|none|none"),
    ("\(String(repeating: "c=d; ", count: 2_000))a=1", "1|none|none"),
    ("c=\(String(repeating: "d", count: 15_000)); a=1", "1|none|none"), ("a=1\r\nCookie: b=2", "1|2|none"),
  ])
  func cookiesAreFoundByName(header: String, values: String) async throws {
    try await withServer(Self.routes) { server in
      let text = try await server.request("GET", "/cookies", [("Cookie", header)]).text
      #expect(text == values)
    }
  }

  // MARK: Limits

  @Test func aBodyBeyondTheLimitIsRefusedBeforeOrWhileItArrives() async throws {
    try await withServer {
      $0.post("/small", maxBodyBytes: 2_000) { .text(String(try $0.bytes().count)) }
    } _: { server in
      #expect(
        try await server.request("POST", "/small", body: .init(repeating: 97, count: 2_000)).text == "2000")
      let announced = try await server.exchange(
        "POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: 2001\r\n\r\n")
      #expect(announced.text.hasPrefix("HTTP/1.1 413 "))
      #expect(announced.end == .closed)
      let chunked = try await server.withClient { client in
        client.send("POST /small HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("800\r\n\(String(repeating: "a", count: 2048))\r\n0\r\n\r\n")
        return try client.response().status
      }
      #expect(chunked == 413)
    }
  }

  /// A proxy that is still sending takes an answer for a failure.
  @Test func fromAProxyABodyBeyondTheLimitIsReadToItsEndBeforeTheAnswer() async throws {
    try await withServer(proxies: try #require(TrustedProxies("127.0.0.0/8"))) {
      $0.post("/small", maxBodyBytes: 2_000) { .text(String(try $0.bytes().count)) }
    } _: { server in
      for rest in ["Content-Length: 2001\r\nExpect: 100-continue", "Content-Length: 99999999999"] {
        let atOnce = try await server.exchange("POST /small HTTP/1.1\r\nHost: test\r\n\(rest)\r\n\r\n")
        #expect(atOnce.text.hasPrefix("HTTP/1.1 413 "))
        #expect(atOnce.end == .closed)
      }
      let answers = try await server.withClient { client in
        client.send("POST /small HTTP/1.1\r\nHost: test\r\nContent-Length: 3000000\r\n\r\n")
        client.send(String(repeating: "a", count: 3_000_000))
        client.send(RawRequest.bytes("POST", "/small", body: [97]))
        return (try client.response().status, try client.response().text)
      }
      #expect(answers == (413, "1"))
    }
  }

  @Test func aBodyThatNobodyWantsIsDroppedAndTheConnectionGoesOn() async throws {
    try await withServer {
      $0.get("/hello") { _ in .text("hello") }
    } _: { server in
      let answers = try await server.withClient { client in
        client.send(RawRequest.bytes("POST", "/nowhere", body: Array("GET /hello HTTP/1.1\r\n\r\n".utf8)))
        client.send(RawRequest.bytes("GET", "/hello", body: Array("body".utf8)))
        client.send(RawRequest.bytes("GET", "/hello"))
        return try (0..<3).map { _ in Answer(try client.response()) }
      }
      #expect(answers.map(\.status) == [404, 200, 200])
    }
  }

  @Test func aClientThatAsksMayGoOnWithItsBody() async throws {
    try await withServer(Self.routes) { server in
      let statuses = try await server.withClient { client in
        client.send("POST /form HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n")
        client.send("Content-Type: application/x-www-form-urlencoded\r\n\r\n")
        let first = try client.response().status
        client.send("a=1")
        return [first, try client.response().status]
      }
      #expect(statuses == [100, 200])
    }
  }

  // MARK: After the answer

  @Test func whatTheClientSentIsGoneOnceTheAnswerIs() async throws {
    let kept = Kept()
    try await withServer {
      $0.get("/keep") { request in
        kept.request = request
        return .text(request.header("X-A") ?? "none")
      }
      $0.get("/other") { _ in
        let request = try #require(kept.request)
        let found = [request.header("X-A"), request.cookie("a"), try request.query("a")]
        return .text(found.allSatisfy { $0 == nil } ? "gone" : "\(found)")
      }
    } _: { server in
      let texts = try await server.withClient { client in
        client.send(RawRequest.text("GET", "/keep?a=1", [("X-A", "mine"), ("Cookie", "a=1")]))
        let first = try client.response().text
        client.send(RawRequest.text("GET", "/other?a=2", [("X-A", "yours"), ("Cookie", "a=2")]))
        return [first, try client.response().text]
      }
      #expect(texts == ["mine", "gone"])
      kept.request = nil
    }
  }

  /// Used by handlers of one loop, one after the other: hence `@unchecked Sendable` is sound.
  private final class Kept: @unchecked Sendable {
    var request: Request?
  }
}

extension Request {
  fileprivate func cookieOrNone(_ name: String) -> String { cookie(name) ?? "none" }
}
