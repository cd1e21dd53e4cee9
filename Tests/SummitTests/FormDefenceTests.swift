// Nobody makes somebody else's browser write, and no page lets anything in that isn't Summit's own.

import Foundation
import Testing

@Suite struct FormDefenceTests {
  private static let forms = [
    "/posts", "/posts/1/like", "/posts/1/unlike", "/@mira/follow", "/@mira/unfollow", "/settings", "/logout",
  ]

  @Test func aFormWithoutTheSessionsTokenIsRefused() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let others = try await summit.member("jonas").get("/").token
      let own = try await mira.get("/").token
      #expect(own.count == 32 && own != others)
      for path in FormDefenceTests.forms {
        for token in [nil, "", String(own.dropLast()), others] {
          let answer = try await mira.submit(
            path, ["text": "Hello"].merging(token.map { ["csrf": $0] } ?? [:]) { $1 })
          #expect(answer.status == 403, "\(path) \(token ?? "-")")
          #expect(answer.text.contains("The form is out of date"))
        }
      }
      #expect(try await mira.get("/").posts.isEmpty)
    }
  }

  @Test func aFormOfAnotherSiteIsRefused() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      for headers in [
        ["Origin": "https://evil.example"], ["Origin": "null"], ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-site"],
      ] {
        for path in FormDefenceTests.forms + ["/login", "/signup", "/api/waitlist"] {
          let answer = try await mira.submit(path, ["csrf": token, "text": "Hello"], headers: headers)
          #expect(answer.status == 403, "\(path) \(headers)")
        }
      }
    }
  }

  @Test func whoIsNotLoggedInIsSentToLogIn() async throws {
    try await withSummit { summit in
      for path in FormDefenceTests.forms {
        let answer = try await summit.visitor().submit(
          path, ["text": "Hello", "back": "/popular?cursor=1-2"])
        #expect(answer.status == 303, "\(path)")
        #expect(answer.location == "/login?back=%2Fpopular%3Fcursor%3D1-2")
      }
    }
  }

  @Test func aPageRunsNothingAndIsKeptByNobody() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      for path in ["/", "/popular", "/@mira", "/settings", "/missing"] {
        let page = try await mira.get(path)
        let policy = page.headers["content-security-policy"] ?? ""
        #expect(policy.hasPrefix("default-src 'none'; style-src 'self'; img-src 'self'"), "\(path)")
        #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"))
        #expect(page.headers["x-content-type-options"] == "nosniff")
        #expect(page.headers["referrer-policy"] == "same-origin")
        #expect(page.headers["cache-control"] == (path == "/missing" ? "no-cache" : "no-store"), "\(path)")
        #expect(page.all("(<script|<style| style=| on[a-z]+=)").isEmpty, "\(path)")
      }
      #expect(try await summit.visitor().get("/").headers["vary"] == "Cookie")
    }
  }

  @Test func whatThePagesReferToIsThere() async throws {
    try await withSummit { summit in
      let visitor = summit.visitor()
      for path in [
        "/static/summit.css", "/static/favicon.svg", "/favicon.ico", "/assets/mountains-day.svg",
        "/assets/mountains-night.svg", "/openapi.json",
      ] {
        let file = try await visitor.get(path)
        #expect(file.status == 200, "\(path)")
        #expect(file.headers["x-content-type-options"] == "nosniff")
      }
      #expect(try await visitor.get("/favicon.ico").headers["content-type"] == "image/svg+xml")
    }
  }
}
