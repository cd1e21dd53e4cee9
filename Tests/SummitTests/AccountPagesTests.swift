// Signing up, logging in and out, and changing the password, by form.

import Foundation
import TestSupport
import Testing

@Suite struct AccountPagesTests {
  private static func form(_ changes: [String: String] = [:]) -> [String: String] {
    [
      "name": "mira", "displayName": "Mira <3", "email": "mira@example.com",
      "password": RunningSummit.password,
    ].merging(changes) { $1 }
  }

  @Test func somebodySignsUpAndIsLoggedIn() async throws {
    try await withSummit { summit in
      let mira = summit.visitor()
      let answer = try await mira.submit("/signup", AccountPagesTests.form(["back": "/popular"]))
      #expect(answer.status == 303 && answer.location == "/popular")
      let cookie = try #require(answer.headers["set-cookie"])
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
      let profile = try await mira.get("/@mira")
      #expect(profile.text.contains("<h1 dir=\"auto\">Mira &lt;3</h1>"))
      #expect(profile.text.contains("href=\"/settings\""))
    }
  }

  @Test func aFormWithMistakesComesBackWithWhatWasTypedButThePassword() async throws {
    try await withSummit { summit in
      let answer = try await summit.visitor().submit(
        "/signup",
        ["name": "A\"b", "displayName": " ", "email": "<me>", "password": "secret123", "back": "/popular"])
      #expect(answer.status == 422)
      #expect(answer.mistake("name") == "Use 3 to 20 lower-case letters, digits or underscores.")
      #expect(answer.mistake("email") == "A mail address has one @, such as name@example.com.")
      #expect(answer.mistake("password") == "Use at least 10 characters.")
      #expect(answer.text.contains("value=\"A&quot;b\"") && answer.text.contains("value=\"&lt;me&gt;\""))
      #expect(answer.hidden("back") == "/popular")
      #expect(!answer.text.contains("secret123"))
    }
  }

  @Test func aNameAndAnAddressBelongToOne() async throws {
    try await withSummit { summit in
      _ = try await summit.member("mira")
      let name = try await summit.visitor().submit(
        "/signup", AccountPagesTests.form(["email": "other@example.com"]))
      #expect(name.status == 422 && name.mistake("name") == "This name is taken.")
      let email = try await summit.visitor().submit(
        "/signup", AccountPagesTests.form(["name": "other", "email": "MIRA@example.com"]))
      #expect(email.status == 422 && email.mistake("email") == "This address is taken.")
    }
  }

  @Test func loggingInLeadsBackToWhereThePersonWas() async throws {
    try await withSummit { summit in
      _ = try await summit.member("mira")
      let mira = summit.visitor()
      let settings = try await mira.get("/settings")
      #expect(settings.status == 303 && settings.location == "/login?back=%2Fsettings")
      let form = try await mira.get("/login?back=%2Fsettings")
      let answer = try await mira.submit(
        "/login", ["name": "mira", "password": RunningSummit.password, "back": form.hidden("back")])
      #expect(answer.status == 303 && answer.location == "/settings")
      #expect(try await mira.get("/settings").text.contains("mira@example.com"))
    }
  }

  @Test func aWrongPasswordIsTold() async throws {
    try await withSummit { summit in
      _ = try await summit.member("mira")
      let visitor = summit.visitor()
      for name in ["mira", "nobody"] {
        let answer = try await visitor.submit("/login", ["name": name, "password": "a wrong password"])
        #expect(answer.status == 422)
        #expect(answer.mistake("password") == "Name and password don&#39;t belong together.")
        #expect(answer.text.contains("value=\"\(name)\"") && !answer.text.contains("a wrong password"))
      }
      #expect(visitor.sessionCookie == nil)
    }
  }

  @Test(arguments: ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example"])
  func nobodyIsSentToAnotherSite(_ back: String) async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let logIn = try await summit.visitor().submit(
        "/login", ["name": "mira", "password": RunningSummit.password, "back": back])
      #expect(logIn.status == 303 && logIn.location == "/")
      let token = try await mira.get("/").token
      let post = try await mira.submit("/posts", ["csrf": token, "text": "Hello", "back": back])
      let id = try #require(post.location?.split(separator: "-").last)
      let like = try await mira.submit("/posts/\(id)/like", ["csrf": token, "back": back])
      #expect(like.status == 303 && like.location == "/")
    }
  }

  @Test func loggingOutEndsTheSession() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let cookie = try #require(mira.sessionCookie)
      let answer = try await mira.submit("/logout", ["csrf": try await mira.get("/settings").token])
      #expect(answer.status == 303 && answer.location == "/" && mira.sessionCookie == nil)
      let stolen = try await summit.visitor().get("/api/me", headers: ["Cookie": cookie])
      #expect(stolen.status == 401)
    }
  }

  @Test func changingThePasswordEndsAllOtherSessions() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let elsewhere = summit.visitor()
      _ = try await elsewhere.submit("/login", ["name": "mira", "password": RunningSummit.password])
      #expect(try await elsewhere.get("/api/me").status == 200)
      let token = try await mira.get("/settings").token

      let wrong = try await mira.submit(
        "/settings", ["csrf": token, "current": "not my password", "new": "another long password"])
      #expect(wrong.status == 422 && wrong.mistake("current") == "This is not your password.")
      let short = try await mira.submit(
        "/settings", ["csrf": token, "current": RunningSummit.password, "new": "short"])
      #expect(short.status == 422 && short.mistake("new") == "Use at least 10 characters.")
      #expect(try await elsewhere.get("/api/me").status == 200)

      let right = try await mira.submit(
        "/settings", ["csrf": token, "current": RunningSummit.password, "new": "another long password"])
      #expect(right.status == 303 && right.location == "/settings?changed")
      #expect(try await mira.get("/settings?changed").text.contains("Your password is changed."))
      #expect(try await elsewhere.get("/api/me").status == 401)
      let old = try await elsewhere.submit("/login", ["name": "mira", "password": RunningSummit.password])
      #expect(old.status == 422)
      let new = try await elsewhere.submit("/login", ["name": "mira", "password": "another long password"])
      #expect(new.status == 303)
    }
  }

  @Test func whoKeepsLoggingInWithTheOldPasswordKeepsNothing() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/settings").token
      let cookies = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<4 {
          group.addTask {
            var cookies: [String] = []
            let end = ContinuousClock.now + .seconds(patienceS)
            while ContinuousClock.now < end {
              let intruder = summit.visitor()
              let answer = try await intruder.api(
                "POST", "/api/sessions", #"{"name":"mira","password":"\#(RunningSummit.password)"}"#)
              guard answer.status == 201, let cookie = intruder.sessionCookie else { return cookies }
              cookies.append(cookie)
            }
            Issue.record("the old password still logs in")
            return cookies
          }
        }
        let answer = try await mira.submit(
          "/settings",
          ["csrf": token, "current": RunningSummit.password, "new": "another long password"])
        #expect(answer.status == 303)
        return try await group.reduce(into: []) { $0 += $1 }
      }
      for cookie in cookies {
        let answer = try await summit.visitor().get("/api/me", headers: ["Cookie": cookie])
        #expect(answer.status == 401)
      }
      #expect(try await mira.get("/api/me").status == 200)
    }
  }

  @Test func loggingInEndsTheSessionThatTheBrowserHad() async throws {
    try await withSummit { summit in
      let (mira, _) = (try await summit.member("mira"), try await summit.member("jonas"))
      let former = try #require(mira.sessionCookie)
      _ = try await mira.submit("/login", ["name": "jonas", "password": RunningSummit.password])
      #expect(try await mira.get("/api/me").member("name") == "jonas")
      #expect(try await summit.visitor().get("/api/me", headers: ["Cookie": former]).status == 401)
    }
  }

  @Test func theSettingsListWhereSomebodyIsLoggedInAndEndAnyOfIt() async throws {
    try await withSummit { summit in
      let (mira, jonas) = (try await summit.member("mira"), try await summit.member("jonas"))
      let elsewhere = summit.visitor()
      _ = try await elsewhere.submit("/login", ["name": "mira", "password": RunningSummit.password])
      let settings = try await mira.get("/settings")
      #expect(settings.all("<li><div><b>([^<]*)</b>") == ["127.0.0.1", "127.0.0.1"])
      let others = settings.all("name=\"session\" value=\"([^\"]*)\"")
      #expect(others.count == 1, "its own session is ended by logging out")
      let fields = ["session": others[0]]

      let foreign = try await jonas.submit(
        "/settings/sessions/end", fields.merging(["csrf": try await jonas.get("/").token]) { $1 })
      #expect(foreign.status == 303)
      #expect(try await mira.submit("/settings/sessions/end", fields).status == 403)
      #expect(try await elsewhere.get("/api/me").status == 200)
      let answer = try await mira.submit(
        "/settings/sessions/end", fields.merging(["csrf": settings.token]) { $1 })
      #expect(answer.status == 303 && answer.location == "/settings#sessions")
      #expect(try await elsewhere.get("/api/me").status == 401)
      #expect(try await mira.get("/api/me").status == 200)
    }
  }

  @Test func guessingAPasswordInTheSettingsIsBounded() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/settings").token
      var statuses: [Int] = []
      for guess in 0..<11 {
        let answer = try await mira.submit(
          "/settings", ["csrf": token, "current": "guess \(guess)", "new": "another long password"])
        statuses.append(answer.status)
        if answer.status == 429 { #expect(Int(answer.headers["retry-after"] ?? "") ?? 0 > 0) }
      }
      #expect(statuses == Array(repeating: 422, count: 10) + [429])
    }
  }
}
