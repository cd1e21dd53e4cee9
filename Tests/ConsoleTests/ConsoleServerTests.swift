// What the console's server gives to a browser, and to whom.

import Foundation
import Testing

@testable import Console

@Suite(.serialized)
struct ConsoleServerTests {
  private let console: ConsoleUnderTest

  init() throws { console = try ConsoleUnderTest() }

  @Test("the page and all that it asks for are served, under a policy without inline scripts or styles")
  func pageIsComplete() throws {
    var (asked, seen) = (["/"], Set<String>())
    while let path = asked.popLast() {
      guard seen.insert(path).inserted else { continue }
      let answer = try #require(console.get(path), "\(path)")
      #expect(answer.status == 200, "\(path)")
      #expect(answer.head.contains("Content-Type: \(contentType(of: path))"), "\(path): \(answer.head)")
      #expect(answer.head.contains("script-src 'self'; style-src 'self'; "), "\(path): \(answer.head)")
      #expect(!answer.head.contains("unsafe"), "\(path)")
      asked += references(in: answer.body)
    }
    #expect(seen.count > 5, "\(seen)")
  }

  @Test("a request that was sent to another name is refused, whatever it asks for")
  func foreignHostIsRefused() throws {
    for path in ["/", "/snapshot", "/events"] {
      for host in ["evil.example", "127.0.0.1.evil.example:9090", "localhost:9090@evil.example"] {
        let answer = try #require(console.get(path, host: host))
        #expect(answer.status == 421, "\(path) for \(host)")
        #expect(!answer.body.contains("Hut"))
      }
    }
  }

  @Test(
    "this machine's own names are answered",
    arguments: ["127.0.0.1", "127.0.0.1:9090", "localhost", "LOCALHOST:8000"])
  func ownNamesAreAnswered(host: String) throws {
    #expect(try #require(console.get("/snapshot", host: host)).status == 200)
  }

  @Test("the stream begins with the snapshot and the history, and goes on with snapshots")
  func streamGoesOn() throws {
    let answer = try #require(console.get("/events") { self.data(of: "snapshot", in: $0) != nil })
    #expect(answer.head.contains("text/event-stream"))
    let hello = try event("hello", in: answer.body)
    #expect((hello["snapshot"] as? [String: Any])?["topology"] != nil)
    #expect((hello["history"] as? [[String: Any]])?.isEmpty == false)
    #expect(try event("snapshot", in: answer.body)["topology"] != nil)
  }

  private func contentType(of path: String) -> String {
    switch (path as NSString).pathExtension {
    case "css": "text/css"
    case "js": "text/javascript"
    case "svg": "image/svg+xml"
    default: "text/html"
    }
  }

  /// The files that a page names in `src` and `href`, or a script in `from`.
  private func references(in text: String) -> [String] {
    let patterns = [#/<(?:link|script)[^>]+(?:src|href)="(/[^"]+)"/#, #/from '\.(/[^']+)'/#]
    return patterns.flatMap { pattern in text.matches(of: pattern).map { String($0.1) } }
  }

  private func event(_ name: String, in stream: String) throws -> [String: Any] {
    let json = try #require(data(of: name, in: stream))
    return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  /// Of the first event of that name that has come as a whole.
  private func data(of event: String, in stream: String) -> String? {
    let rest = stream.components(separatedBy: "event: \(event)\ndata: ").dropFirst().first
    let parts = rest?.components(separatedBy: "\n\n") ?? []
    return parts.count > 1 ? parts[0] : nil
  }
}
