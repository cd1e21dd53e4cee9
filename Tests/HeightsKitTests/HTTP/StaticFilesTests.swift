// Static files: what is sent, what is left out when the client has it already, and what is never sent.

import Foundation
import Glibc
import Testing

@testable import HeightsHTTP

@Suite struct StaticFilesTests {
  /// A folder beside one that must not be served: `secret.txt` lies above it, `.hidden` in it.
  private func withFiles(_ body: (RunningServer, String) async throws -> Void) async throws {
    try await withFolder { folder in
      let root = folder + "/public"
      for path in [root, root + "/deep", root + "/.git"] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      try write("secret", to: folder + "/secret.txt")
      try write("hidden", to: root + "/.hidden")
      try write("hidden", to: root + "/.git/config")
      try write("0123456789", to: root + "/ten.txt")
      try write("", to: root + "/empty.txt")
      try write("deep", to: root + "/deep/a b.css")
      try write("plain", to: root + "/app.js")
      try write("gzipped", to: root + "/app.js.gz")
      try write("brotli", to: root + "/app.js.br")
      symlink(folder + "/secret.txt", root + "/link.txt")
      mkfifo(root + "/pipe", 0o600)
      try await withServer {
        $0.files("/static", from: root)
        $0.file("/one", from: root, name: "ten.txt")
      } _: { server in
        try await body(server, root)
      }
    }
  }

  @Test func aFileIsSentWithItsTypeAndValidators() async throws {
    try await withFiles { server, _ in
      let answer = try await server.request("GET", "/static/ten.txt")
      #expect(answer.status == 200)
      #expect(answer.text == "0123456789")
      #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
      #expect(answer["Cache-Control"] == "public, max-age=300")
      #expect(answer["X-Content-Type-Options"] == "nosniff")
      #expect(answer["Accept-Ranges"] == "bytes")
      #expect(answer["ETag"]?.hasPrefix("\"") == true)
      #expect(try HTTPDate.seconds(#require(answer["Last-Modified"])) != nil)
      #expect(
        try await server.request("GET", "/static/deep/a%20b.css")["Content-Type"] == "text/css; charset=utf-8"
      )
      #expect(try await server.request("GET", "/one").text == "0123456789")
      let empty = try await server.request("GET", "/static/empty.txt")
      #expect(empty.status == 200)
      #expect(empty["Content-Length"] == "0")
    }
  }

  @Test func headSaysTheSameWithoutTheBody() async throws {
    try await withFiles { server, _ in
      let answers = try await server.withClient { client in
        client.send(RawRequest.text("HEAD", "/static/ten.txt") + RawRequest.text("GET", "/static/ten.txt"))
        return [Answer(try client.response(headOnly: true)), Answer(try client.response())]
      }
      for name in ["Content-Length", "ETag", "Last-Modified", "Content-Type"] {
        #expect(answers[0][name] != nil)
        #expect(answers[0][name] == answers[1][name])
      }
      #expect(answers[1].text == "0123456789")
    }
  }

  @Test func aCopyThatIsStillGoodIsNotSentAgain() async throws {
    try await withFiles { server, root in
      let first = try await server.request("GET", "/static/ten.txt")
      let (tag, date) = (try #require(first["ETag"]), try #require(first["Last-Modified"]))
      let good = [
        ("If-None-Match", tag), ("If-None-Match", "W/\(tag)"), ("If-None-Match", "\"other\", \(tag)"),
        ("If-None-Match", "*"),
        ("If-Modified-Since", date),
        ("If-Modified-Since", HTTPDate.text(try #require(HTTPDate.seconds(date)) + 60)),
      ]
      for header in good {
        let answer = try await server.request("GET", "/static/ten.txt", [header])
        #expect(answer.status == 304, "\(header)")
        #expect(answer.body.isEmpty)
        #expect(answer["ETag"] == tag)
      }
      let stale = [
        [("If-None-Match", "\"other\"")], [("If-Modified-Since", HTTPDate.text(0))],
        [("If-Modified-Since", "yesterday")],
        // The tag says more than the date.
        [("If-None-Match", "\"other\""), ("If-Modified-Since", date)],
      ]
      for headers in stale {
        #expect(try await server.request("GET", "/static/ten.txt", headers).status == 200, "\(headers)")
      }
      try write("9876543210", to: root + "/ten.txt")
      #expect(
        try await server.request("GET", "/static/ten.txt", [("If-None-Match", tag)]).text == "9876543210")
    }
  }

  @Test func whatIsNotSentAgainHasTheLengthOfTheFileAndNoBody() async throws {
    try await withFiles { server, _ in
      for path in ["/static/ten.txt", "/static/empty.txt", "/one"] {
        let length = try await server.request("GET", path)["Content-Length"]
        for method in ["GET", "HEAD"] {
          let answers = try await server.withClient { client in
            client.send(RawRequest.text(method, path, [("If-None-Match", "*")]))
            client.send(RawRequest.text("GET", "/static/deep/a%20b.css"))
            // What the first has after its header is taken for the beginning of the second.
            return [Answer(try client.response(headOnly: true)), Answer(try client.response())]
          }
          #expect(answers[0].status == 304)
          #expect(answers[0]["Content-Length"] == length, "\(method) \(path)")
          #expect(answers[1].status == 200 && answers[1].text == "deep", "\(method) \(path)")
        }
      }
    }
  }

  @Test(arguments: [
    ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=4-", 206, "456789", "bytes 4-9/10"),
    ("bytes=-3", 206, "789", "bytes 7-9/10"), ("bytes=0-0", 206, "0", "bytes 0-0/10"),
    ("bytes=8-99", 206, "89", "bytes 8-9/10"), ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
    ("bytes=0-9223372036854775807", 206, "0123456789", "bytes 0-9/10"),
    ("bytes=9223372036854775807-9223372036854775807", 416, "", "bytes */10"),
    ("bytes=10-", 416, "", "bytes */10"),
    ("bytes=-0", 416, "", "bytes */10"), ("bytes=3-1", 200, "0123456789", "none"),
    ("bytes=0-1,3-4", 200, "0123456789", "none"),
    ("bytes=-", 200, "0123456789", "none"), ("bytes=a-b", 200, "0123456789", "none"),
    ("lines=0-1", 200, "0123456789", "none"),
    ("bytes=+1-2", 200, "0123456789", "none"), ("bytes=99999999999999999999-", 200, "0123456789", "none"),
  ])
  func aRangeIsSentAlone(range: String, status: Int, text: String, contentRange: String) async throws {
    try await withFiles { server, _ in
      let answer = try await server.request("GET", "/static/ten.txt", [("Range", range)])
      #expect(answer.status == status)
      #expect(answer.text == text)
      #expect(answer["Content-Range"] ?? "none" == contentRange)
    }
  }

  @Test func aRangeOfAnEmptyFileCannotBeHad() async throws {
    try await withFiles { server, _ async throws in
      for range in ["bytes=0-", "bytes=-1"] {
        #expect(try await server.request("GET", "/static/empty.txt", [("Range", range)]).status == 416)
      }
    }
  }

  @Test func aRangeOfAnotherVersionIsTheWholeFile() async throws {
    try await withFiles { server, _ in
      let first = try await server.request("GET", "/static/ten.txt")
      let (tag, date) = (try #require(first["ETag"]), try #require(first["Last-Modified"]))
      for (validator, status) in [
        (tag, 206), (date, 206), ("\"other\"", 200), (HTTPDate.text(0), 200), ("W/\(tag)", 200),
      ] {
        let answer = try await server.request(
          "GET", "/static/ten.txt", [("Range", "bytes=0-1"), ("If-Range", validator)])
        #expect(answer.status == status, "\(validator)")
      }
    }
  }

  @Test(arguments: [
    ("br, gzip", "br", "brotli"), ("gzip, br", "br", "brotli"), ("gzip", "gzip", "gzipped"),
    ("br;q=0, gzip", "gzip", "gzipped"), ("br; q=0.000, gzip;q=0.1", "gzip", "gzipped"),
    ("gzip;q=0", "none", "plain"),
    ("GZIP", "gzip", "gzipped"), ("identity", "none", "plain"), ("", "none", "plain"),
    ("zstd", "none", "plain"),
  ])
  func aFileCompressedBeforehandIsSentToThoseWhoTakeIt(accepted: String, encoding: String, text: String)
    async throws
  {
    try await withFiles { server, _ in
      let answer = try await server.request("GET", "/static/app.js", [("Accept-Encoding", accepted)])
      #expect(answer["Content-Encoding"] ?? "none" == encoding)
      #expect(answer.text == text)
      #expect(answer["Content-Type"] == "text/javascript; charset=utf-8")
      #expect(answer["Vary"] == "Accept-Encoding")
      #expect(answer["Accept-Ranges"] == (encoding == "none" ? "bytes" : "none"))
    }
  }

  @Test func eachFormOfAFileHasATagOfItsOwn() async throws {
    try await withFiles { server, _ in
      var tags: Set<String?> = []
      for accepted in ["br", "gzip", ""] {
        tags.insert(
          try await server.request("GET", "/static/app.js", [("Accept-Encoding", accepted)])["ETag"])
      }
      #expect(tags.count == 3)
    }
  }

  @Test(arguments: [
    "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt",
    "/static/%2e%2e%2fsecret.txt",
    "/static/%252e%252e/secret.txt", "/static/deep/../../secret.txt", "/static/deep/%2e%2e/%2e%2e/secret.txt",
    "/static//secret.txt", "/static/./ten.txt", "/static/..%5csecret.txt", "/static/ten.txt%00",
    "/static/ten.txt%00.css",
    "/static/.hidden", "/static/.git/config", "/static/%2egit/config", "/static/link.txt", "/static/pipe",
    "/static/deep",
    "/static/deep/", "/static/", "/static", "/static/nothing.txt", "/static/ten.txt/",
    "/static/%2fetc/passwd",
    "/static//etc/passwd", "/../secret.txt", "/static/\u{301}../secret.txt",
  ])
  func whatIsNotAFileOfTheFolderIsNotFound(target: String) async throws {
    try await withFiles { server, _ in
      let answer = try await server.request("GET", target)
      #expect(answer.status == 404)
      #expect(!answer.text.contains("secret\n"))
      #expect(answer["Content-Type"] == "application/problem+json")
    }
  }

  @Test func aLargeFileArrivesWhole() async throws {
    try await withFiles { server, root in
      let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try Data(bytes).write(to: URL(fileURLWithPath: root + "/large.bin"))
      let answer = try await server.request("GET", "/static/large.bin")
      #expect(answer.body == bytes)
      #expect(answer["Content-Type"] == "application/octet-stream")
    }
  }

  @Test(arguments: [
    ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Sunday, 06-Nov-94 08:49:37 GMT", -1), ("Sun, 06 Nov 1994 08:49:37 GMTx", -1), ("", -1), ("now", -1),
  ])
  func datesAreReadAndWritten(text: String, seconds: Int) {
    #expect(HTTPDate.seconds(text) ?? -1 == seconds)
    if seconds >= 0 { #expect(HTTPDate.text(seconds) == text) }
  }
}
