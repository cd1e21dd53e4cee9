// Stage 1: the launch page and its waitlist, and what stays of them at stage 2.

import Foundation
import Testing

@Suite struct LaunchPageTests {
  @Test func theLaunchPageHasAFormAndAllItRefersTo() async throws {
    try await withSummit(stage: 1) { summit in
      let visitor = summit.visitor()
      let page = try await visitor.get("/")
      #expect(page.status == 200)
      #expect(page.text.contains("method=\"post\" action=\"/api/waitlist\""))
      #expect(page.text.contains("name=\"email\" type=\"email\""))
      #expect(page.all("(<script|<style| style=| on[a-z]+=)").isEmpty)
      for path in page.all("(?:src|href|srcset)=\"(/[^\"]*)\"") {
        #expect(try await visitor.get(path).status == 200, "\(path)")
      }
      #expect(try await visitor.get("/login").status == 404)
    }
  }

  /// Also at stage 2: a page that was left open over the climb still works.
  @Test(arguments: [1, 2])
  func anAddressIsStoredOnceHoweverItComes(stage: Int) async throws {
    try await withSummit(stage: stage) { summit in
      let visitor = summit.visitor()
      for address in ["me@example.com", " Me@Example.com "] {
        let form = try await visitor.submit("/api/waitlist", ["email": address])
        #expect(form.status == 303 && form.location == "/thanks")
      }
      let json = try await visitor.api("POST", "/api/waitlist", #"{"email":"me@example.com"}"#)
      #expect(json.status == 201 && json.member("email") == "me@example.com")
      let list = try await summit.waitlist()
      #expect(list.count == 1 && list[0].contains("\"me@example.com\""))
      let thanks = try await visitor.get("/thanks")
      #expect(thanks.status == 200 && thanks.text.contains("You are on the list."))
      for path in thanks.all("(?:src|href|srcset)=\"(/[^\"]*)\"") {
        #expect(try await visitor.get(path).status == 200, "\(path)")
      }
    }
  }

  @Test(arguments: [1, 2])
  func aWrongAddressIsToldOnAPage(stage: Int) async throws {
    try await withSummit(stage: stage) { summit in
      let visitor = summit.visitor()
      let form = try await visitor.submit("/api/waitlist", ["email": "<me>@example.com"])
      #expect(form.status == 422)
      let message = "The part before the @ can&#39;t be used"
      #expect(form.text.contains(message) && form.text.contains("href=\"/assets/launch.css\""))
      #expect(!form.text.contains("{{message}}"))
      let json = try await visitor.api("POST", "/api/waitlist", #"{"email":"me"}"#)
      #expect(json.status == 422)
      #expect(json.member("message") == "A mail address has one @, such as name@example.com.")
      #expect(try await summit.waitlist().isEmpty)
    }
  }

  @Test func whatIsNotThereIsToldOnTheLaunchPagesOwnPage() async throws {
    try await withSummit(stage: 1) { summit in
      let page = try await summit.visitor().get("/missing")
      #expect(page.status == 404 && page.text.contains("There is nothing here"))
      #expect(page.headers["content-type"] == "text/html; charset=utf-8")
      let document = try await summit.visitor().get("/missing", headers: [:])
      #expect(document.headers["content-type"] == "application/problem+json")
    }
  }

  @Test func anotherSiteCannotFillTheWaitlist() async throws {
    try await withSummit(stage: 1) { summit in
      let answer = try await summit.visitor().submit(
        "/api/waitlist", ["email": "me@example.com"], headers: ["Origin": "https://evil.example"])
      #expect(answer.status == 403)
      #expect(try await summit.waitlist().isEmpty)
    }
  }
}
