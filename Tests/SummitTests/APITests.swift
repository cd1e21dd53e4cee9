// The API: the same rules as the pages, as JSON.

import Foundation
import Testing

@Suite struct APITests {
  @Test func anAccountIsMadeReadAndUsed() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let own = try await mira.api("GET", "/api/me")
      #expect(own.status == 200 && own.member("email") == "mira@example.com")
      let seen = try await summit.visitor().api("GET", "/api/accounts/mira")
      #expect(seen.member("displayName") == "Mira" && seen.member("email") == nil)
      #expect(!seen.text.contains("argon2"))
      #expect(try await summit.visitor().api("GET", "/api/me").status == 401)
      #expect(try await mira.api("DELETE", "/api/sessions").status == 204)
      #expect(mira.sessionCookie == nil)
      let back = try await mira.api(
        "POST", "/api/sessions", #"{"name":"mira","password":"\#(RunningSummit.password)"}"#)
      #expect(back.status == 201 && mira.sessionCookie != nil)
    }
  }

  @Test func eachMistakeIsNamed() async throws {
    try await withSummit { summit in
      let visitor = summit.visitor()
      let wrong = try await visitor.api(
        "POST", "/api/accounts", #"{"name":"M","email":"m","password":"short"}"#)
      #expect(wrong.status == 422)
      #expect(wrong.all("\"name\":\"([a-zA-Z]+)\"") == ["name", "email", "password"])
      #expect(try await visitor.api("POST", "/api/accounts", "{").status == 400)
      let missing = try await visitor.api("POST", "/api/accounts", #"{"name":"mira"}"#)
      #expect(missing.status == 422)
      let form = try await visitor.submit("/api/accounts", ["name": "mira"])
      #expect(form.status == 415)
    }
  }

  @Test func aZeroInATextIsTheClientsMistakeOnEveryEngine() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      for path in ["/api/accounts/%00", "/api/accounts/a%00b/posts", "/@%00"] {
        let answer = try await mira.api("GET", path)
        #expect(answer.status == 400, "\(path)")
      }
      let name = try await mira.api("POST", "/api/sessions", #"{"name":"a\u0000b","password":"long enough"}"#)
      #expect(name.status == 400)
      let text = try await mira.api("POST", "/api/posts", #"{"text":"a\u0000b"}"#)
      #expect(text.status == 400 || text.status == 422)
    }
  }

  @Test func manyWhoWantTheSameNameGetItOnce() async throws {
    try await withSummit { summit in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<6 {
          group.addTask {
            try await summit.visitor().api(
              "POST", "/api/accounts",
              #"{"name":"mira","email":"m\#(number)@example.com","password":"\#(RunningSummit.password)"}"#
            ).status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [201, 422, 422, 422, 422, 422])
    }
  }

  @Test func guessesSentAtOnceAreBoundedAsThoseInTurn() async throws {
    try await withSummit { summit in
      let (mira, jonas) = (try await summit.member("mira"), try await summit.member("jonas"))
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<60 {
          group.addTask {
            let guess = #"{"name":"mira","password":"a wrong password \#(number)"}"#
            return try await summit.visitor().api("POST", "/api/sessions", guess).status
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.filter { $0 == 401 }.count == 10)
      #expect(statuses.filter { $0 == 429 }.count == 50)
      for (browser, name, status) in [(mira, "mira", 429), (jonas, "jonas", 201)] {
        let right = #"{"name":"\#(name)","password":"\#(RunningSummit.password)"}"#
        #expect(try await browser.api("POST", "/api/sessions", right).status == status)
      }
    }
  }

  @Test func whoGuessesAPasswordDoesNotShutItsOwnerOut() async throws {
    try await withSummit(["HEIGHTS_TRUSTED_PROXIES": "127.0.0.1"]) { summit in
      let mira = try await summit.member("mira")
      func logIn(_ password: String, from address: String) async throws -> Int {
        try await mira.api(
          "POST", "/api/sessions", #"{"name":"mira","password":"\#(password)"}"#,
          headers: ["X-Forwarded-For": address]
        ).status
      }
      for _ in 0..<10 { #expect(try await logIn("a wrong password", from: "192.0.2.1") == 401) }
      #expect(try await logIn(RunningSummit.password, from: "192.0.2.1") == 429)
      #expect(try await logIn(RunningSummit.password, from: "192.0.2.2") == 201)
    }
  }

  @Test func anAddressGetsSoManyAccountsAndNoMore() async throws {
    try await withSummit(["HEIGHTS_TRUSTED_PROXIES": "127.0.0.1"]) { summit in
      var statuses: [Int] = []
      for number in 0..<21 {
        let answer = try await summit.visitor().api(
          "POST", "/api/accounts",
          #"{"name":"m\#(number)x","email":"m\#(number)@example.com","password":"\#(RunningSummit.password)"}"#,
          headers: ["X-Forwarded-For": "192.0.2.1"])
        statuses.append(answer.status)
        if answer.status == 429 { #expect(Int(answer.headers["retry-after"] ?? "") ?? 0 > 0) }
      }
      #expect(statuses == Array(repeating: 201, count: 20) + [429])
      _ = try await summit.member("mira")
    }
  }

  @Test func theDocumentSaysOfEachOperationThatItMayEndInAProblem() async throws {
    try await withSummit { summit in
      let answer = try await summit.visitor().get("/openapi.json")
      let document = try #require(try JSONSerialization.jsonObject(with: answer.data) as? [String: Any])
      let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
      let operations = paths.values.flatMap(\.values)
      #expect(operations.count == 18)
      for operation in operations {
        let responses = operation["responses"] as? [String: [String: Any]]
        let name = operation["operationId"] as? String ?? ""
        #expect(responses?["default"]?["$ref"] as? String == "#/components/responses/Problem", "\(name)")
      }
    }
  }

  @Test func aKeySentTwiceMakesOnePost() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let key = ["Idempotency-Key": "attempt-1"]
      let first = try await mira.api("POST", "/api/posts", #"{"text":"Once"}"#, headers: key)
      let second = try await mira.api("POST", "/api/posts", #"{"text":"Once"}"#, headers: key)
      #expect(first.status == 201 && second.status == 200)
      #expect(first.member("id") == second.member("id"))
      let other = try await mira.api("POST", "/api/posts", #"{"text":"Another"}"#, headers: key)
      #expect(other.status == 422 && other.member("name") == "Idempotency-Key")
      let jonas = try await summit.member("jonas")
      let his = try await jonas.api("POST", "/api/posts", #"{"text":"Once"}"#, headers: key)
      #expect(his.status == 201 && his.member("id") != first.member("id"))
    }
  }

  @Test(arguments: [TestEngine.Kind.sqlite, .postgres])
  func aKeySentManyTimesAtOnceMakesOnePostAndAnswersAll(on kind: TestEngine.Kind) async throws {
    try await withSummit(on: kind) { summit in
      let mira = try await summit.member("mira")
      for round in 0..<15 {
        let key = ["Idempotency-Key": "attempt-\(round)"]
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
          for _ in 0..<8 {
            group.addTask { try await mira.api("POST", "/api/posts", #"{"text":"Once"}"#, headers: key) }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status).sorted() == [200, 200, 200, 200, 200, 200, 200, 201])
        #expect(Set(answers.map { $0.member("id") }).count == 1)
      }
    }
  }

  @Test func aPostIsReadLikedAndPopular() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let post = try await mira.api("POST", "/api/posts", #"{"text":"<b>Up</b>"}"#)
      let id = try #require(post.member("id"))
      #expect(post.headers["location"] == "/api/posts/\(id)")
      for (method, likes, status) in [("PUT", 1, 204), ("PUT", 1, 204), ("DELETE", 0, 404)] {
        #expect(try await mira.api(method, "/api/posts/\(id)/like").status == 204)
        let read = try await summit.visitor().api("GET", "/api/posts/\(id)")
        #expect(read.text.contains("\"likes\":\(likes)") && read.member("text") == "<b>Up</b>")
        #expect(try await mira.api("GET", "/api/posts/\(id)/likes/mira").status == status)
      }
      #expect(try await summit.visitor().api("GET", "/api/popular").member("id") == id)
      #expect(try await summit.visitor().api("PUT", "/api/posts/\(id)/like").status == 401)
      #expect(try await mira.api("PUT", "/api/posts/17/like").status == 404)
    }
  }

  @Test func theFeedFollows() async throws {
    try await withSummit { summit in
      let (mira, jonas) = (try await summit.member("mira"), try await summit.member("jonas"))
      let post = try await jonas.api("POST", "/api/posts", #"{"text":"Up"}"#)
      #expect(try await mira.api("GET", "/api/feed").member("id") == nil)
      #expect(try await mira.api("PUT", "/api/accounts/jonas/follow").status == 204)
      #expect(try await mira.api("GET", "/api/accounts/mira/following/jonas").status == 204)
      #expect(try await mira.api("GET", "/api/feed").member("id") == post.member("id"))
      #expect(try await mira.api("DELETE", "/api/accounts/jonas/follow").status == 204)
      #expect(try await mira.api("GET", "/api/feed").member("id") == nil)
      #expect(try await mira.api("GET", "/api/accounts/mira/following/jonas").status == 404)
      #expect(try await mira.api("PUT", "/api/accounts/mira/follow").status == 422)
      #expect(try await mira.api("PUT", "/api/accounts/nobody/follow").status == 404)
    }
  }

  @Test func aListIsPagedByCursor() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      for number in 0..<23 {
        _ = try await mira.api("POST", "/api/posts", #"{"text":"Post \#(number)"}"#)
      }
      for path in ["/api/feed", "/api/popular", "/api/accounts/mira/posts"] {
        let first = try await mira.api("GET", path)
        let next = try #require(first.member("next"))
        let second = try await mira.api("GET", path + "?cursor=" + next)
        let texts = first.all("\"text\":\"([^\"]*)\"") + second.all("\"text\":\"([^\"]*)\"")
        #expect(texts == (0..<23).reversed().map { "Post \($0)" }, "\(path)")
        #expect(second.text.hasSuffix("\"next\":null}"), "\(path)")
      }
    }
  }
}
