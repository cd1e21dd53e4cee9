// People get a page when something goes wrong, programs a problem document.

import Foundation
import Testing

@Suite struct ProblemPagesTests {
  @Test(arguments: ["/missing", "/@nobody", "/posts/17", "/posts/abc", "/static/missing.css"])
  func aPersonGetsAPage(_ path: String) async throws {
    try await withSummit { summit in
      let answer = try await summit.visitor().get(path)
      #expect(answer.status == 404)
      #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
      #expect(answer.text.contains("<h1>There is nothing here</h1>"))
      #expect(answer.text.contains(/href="\/static\/summit\.[0-9a-f]{16}\.css"/))
    }
  }

  @Test func aProgramGetsADocument() async throws {
    try await withSummit { summit in
      let visitor = summit.visitor()
      for (path, headers) in [
        ("/missing", [:]), ("/missing", ["Accept": "application/json"]),
        ("/missing", ["Accept": "application/json, text/html"]), ("/api/missing", ["Accept": "text/html"]),
        ("/api/posts/17", ["Accept": "text/html"]),
      ] {
        let answer = try await visitor.get(path, headers: headers)
        #expect(answer.status == 404)
        #expect(answer.headers["content-type"] == "application/problem+json", "\(path) \(headers)")
        #expect(answer.member("title") == "There is nothing here")
      }
    }
  }

  @Test func aPathIsNotTakenForMarkup() async throws {
    try await withSummit { summit in
      let answer = try await summit.visitor().get("/@%3Cscript%3E")
      #expect(answer.status == 404 && answer.text.contains("&lt;script&gt;"))
      #expect(!answer.text.contains("<script"))
    }
  }

  @Test func aMethodThatDoesNotFitIsToldWithTheOnesThatDo() async throws {
    try await withSummit { summit in
      let answer = try await summit.visitor().get("/logout")
      #expect(answer.status == 405 && answer.headers["allow"] == "POST")
      #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
    }
  }

  @Test func aPhotoThatIsTooLargeIsToldOnAPage() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      let answer = try await mira.submit(
        "/posts", ["csrf": token, "text": "Large"], photo: Data(count: 11 << 20))
      #expect(answer.status == 413)
      #expect(answer.text.contains("A photo may have up to 10 MB."))
    }
  }

  @Test func aCursorThatIsNoneIsTold() async throws {
    try await withSummit { summit in
      for path in ["/popular?cursor=x", "/?cursor=1", "/popular?cursor=1-2-3"] {
        let answer = try await summit.visitor().get(path)
        #expect(answer.status == 400, "\(path)")
      }
    }
  }
}
