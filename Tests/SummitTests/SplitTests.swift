// Whether Summit is one process or many, people and programs get the same answers, byte for byte.

import Foundation
import TestSupport
import Testing

@testable import Summit

@Suite struct SplitTests {
  /// How Summit's services are called.
  private enum Form: CaseIterable { case one, checked, split }

  private static let requests = 1_000
  private static let withoutCache = ["HEIGHTS_CACHE_BYTES": "0"]

  private func withSummit(_ form: Form, _ body: (RunningSummit) async throws -> Void) async throws {
    switch form {
    case .one: try await SummitTests.withSummit(on: .sqlite, Self.withoutCache, body)
    case .checked:
      try await SummitTests.withSummit(
        on: .sqlite, Self.withoutCache.merging(["HEIGHTS_CALLS": "checked"]) { $1 }, body)
    case .split: try await withSplitSummit(Self.withoutCache, body)
    }
  }

  @Test func anyFormOfSummitGivesTheSameAnswers() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var recorded: [String] = []
    for form in Form.allCases {
      try await withSummit(form) { summit in
        var session = try await RecordedSession(summit, seed: seed)
        let answers = try await session.record(Self.requests)
        if recorded.isEmpty { recorded = answers }
        let different = zip(recorded, answers).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(
          different == nil,
          "seed \(seed), \(form), request \(different?.offset ?? 0): \(different.map { Self.place($0.element) } ?? "")"
        )
        #expect(answers.count == recorded.count)
        #expect(await summit.calls == 0 || form == .split)
      }
    }
  }

  /// Where two texts part.
  private static func place(_ texts: (String, String)) -> String {
    let same = zip(texts.0, texts.1).prefix { $0 == $1 }.count
    func part(_ text: String) -> Substring { text.dropFirst(max(same - 80, 0)).prefix(160) }
    return "\(texts.0.prefix(40)) … \(part(texts.0)) became \(part(texts.1))"
  }

  @Test func aChangedPasswordEndsWhatTheOldOneHadOpenedAlsoWhereAccountsAreApart() async throws {
    try await withSplitSummit { summit in
      let (here, elsewhere) = (try await summit.member("ada"), summit.visitor())
      func logIn(_ password: String) async throws -> Int {
        let body = #"{"name":"ada","password":"\#(password)"}"#
        return try await elsewhere.api("POST", "/api/sessions", body).status
      }
      #expect(try await logIn(RunningSummit.password) == 201)
      let token = try await here.get("/settings").token
      for (current, status) in [("not the password", 422), (RunningSummit.password, 303)] {
        let answer = try await here.submit(
          "/settings", ["csrf": token, "current": current, "new": "quite another password"])
        #expect(answer.status == status)
      }
      #expect(try await elsewhere.api("GET", "/api/me").status == 401)
      #expect(try await here.api("GET", "/api/me").status == 200)
      #expect(try await logIn(RunningSummit.password) == 401)
      #expect(try await logIn("quite another password") == 201)
    }
  }

  @Test func noPageMakesMoreCallsThanItsBound() async throws {
    try await withSplitSummit(Self.withoutCache) { summit in
      let reader = try await summit.member("reader")
      _ = try await summit.member("author")
      let made = try await reader.api("POST", "/api/posts", #"{"text":"Hi"}"#)
      let post = try #require(made.member("id"))
      _ = try await reader.api("PUT", "/api/accounts/author/follow")
      // Who has sent it is one.
      let asks: [(method: String, path: String, calls: Int)] = [
        ("GET", "/", 5), ("GET", "/popular", 3), ("GET", "/posts/\(post)", 3), ("GET", "/@author", 5),
        ("GET", "/settings", 1), ("GET", "/api/feed", 3), ("GET", "/api/popular", 1),
        ("GET", "/api/posts/\(post)", 1), ("GET", "/api/me", 1), ("GET", "/api/accounts/author", 1),
        ("PUT", "/api/posts/\(post)/like", 2), ("PUT", "/api/accounts/author/follow", 3),
      ]
      for ask in asks {
        let before = await summit.calls
        let answer = try await reader.api(ask.method, ask.path)
        let count = await summit.calls - before
        #expect((200..<300).contains(answer.status), "\(ask.path): \(answer.status)")
        #expect((1...ask.calls).contains(count), "\(ask.path): \(count) calls")
      }
    }
  }
}

/// Requests by several people, the same for the same seed, and what was answered, without what is never the same twice.
private struct RecordedSession {
  /// The moment of the answer, and what each answer alone has, by which logs are searched. All other headers are compared; of
  /// cookies without their secret.
  private static let neverTheSame: Set = ["date", "x-request-id"]
  private static let people = ["ada", "ben", "cleo", "dora"]

  private let browsers: [Browser]
  private var random: SplitMix
  private var posts: [String] = []
  /// Of files, as they were last sent.
  private var tags: [String: String] = [:]
  private var names: [String: String] = [:]

  init(_ summit: RunningSummit, seed: UInt64) async throws {
    random = SplitMix(seed)
    var browsers = [summit.visitor()]
    for name in Self.people { browsers.append(try await summit.member(name)) }
    self.browsers = browsers
  }

  mutating func record(_ count: Int) async throws -> [String] {
    var answers: [String] = []
    for number in 0..<count {
      let (ask, answer) = try await step(number)
      answers.append("\(ask): \(plain(answer))")
    }
    return answers
  }

  /// One request, and its answer.
  private mutating func step(_ number: Int) async throws -> (String, Answer) {
    let browser = browsers[Int.random(in: 0..<browsers.count, using: &random)]
    let name = (Self.people + ["nobody", "%22"])[Int.random(in: 0..<Self.people.count + 2, using: &random)]
    let post = posts.isEmpty ? "17" : posts[Int.random(in: 0..<posts.count, using: &random)]
    let page = ["Accept": "text/html"]
    func api(_ method: String, _ path: String, _ json: String? = nil, _ headers: [String: String] = [:])
      async throws -> (String, Answer)
    {
      (plain("\(method) \(path)"), try await browser.api(method, path, json, headers: headers))
    }
    switch Int.random(in: 0..<26, using: &random) {
    case 0, 1, 2:
      let answer = try await api(
        "POST", "/api/posts", #"{"text":"Post \#(number) \u00fc\ud83c\udfd4 & <b>"}"#,
        number.isMultiple(of: 2) ? ["Idempotency-Key": "k\(number / 8)"] : [:])
      if let id = answer.1.member("id") { posts.append(id) }
      // Of posts of one millisecond their shards decide which is newer.
      try await Task.sleep(for: .milliseconds(2))
      return answer
    case 3: return try await api("POST", "/api/posts", #"{"text":""}"#)
    case 4, 5: return try await api("PUT", "/api/posts/\(post)/like")
    case 6: return try await api("DELETE", "/api/posts/\(post)/like")
    case 7: return try await api("PUT", "/api/accounts/\(name)/follow")
    case 8: return try await api("DELETE", "/api/accounts/\(name)/follow")
    case 9: return try await api("GET", "/api/accounts/\(name)/following/ada")
    case 10: return try await api("GET", "/api/feed")
    case 11: return try await api("GET", "/api/feed?cursor=\(post)")
    case 12: return try await api("GET", "/api/popular")
    case 13: return try await api("GET", "/api/posts/\(post)")
    case 14: return try await api("GET", "/api/accounts/\(name)/posts")
    case 15: return try await api("GET", "/@\(name)", nil, page)
    case 16: return try await api("GET", "/posts/\(post)", nil, page)
    case 17: return try await api("GET", "/", nil, page)
    case 18: return try await api("POST", "/api/sessions", logIn(number))
    case 19: return try await api("POST", "/api/accounts", signUp(number))
    case 20: return try await api("GET", "/api/me")
    case 21: return try await api("GET", ["/nowhere", "/api/nothing/\(post)", "/@", "/posts/x"][number % 4])
    case 22: return try await api(["DELETE", "PUT"][number % 2], ["/api/me", "/popular"][number / 2 % 2])
    case 23:
      let texts = ["{", #"{"text":7}"#, #"{"words":"Hi"}"#, "[]", #"{"text":"\ud83c"}"#, ""]
      return try await api("POST", "/api/posts", texts[number % texts.count])
    case 24:
      return try await api(
        "GET", "/api/feed?cursor=\(["x", "-1", "9", String(repeating: "9", count: 20)][number % 4])")
    default:
      let path = ["/openapi.json", "/favicon.ico", "/thanks"][number % 3]
      let asked = number.isMultiple(of: 2) ? tags[path] : #""another""#
      let answer = try await api("GET", path, nil, asked.map { ["If-None-Match": $0] } ?? [:])
      tags[path] = answer.1.headers["etag"] ?? tags[path]
      return answer
    }
  }

  /// With the right password, with a wrong one, or as nobody.
  private func logIn(_ number: Int) -> String {
    let name = number.isMultiple(of: 7) ? "nobody" : Self.people[number % 4]
    let password = number.isMultiple(of: 5) ? "a wrong password" : RunningSummit.password
    return #"{"name":"\#(name)","password":"\#(password)"}"#
  }

  /// Somebody new, or with the name of somebody who is there.
  private func signUp(_ number: Int) -> String {
    let name = number.isMultiple(of: 2) ? "new\(number)" : Self.people[number % 4]
    return #"{"name":"\#(name)","email":"\#(number)@example.com","password":"\#(RunningSummit.password)"}"#
  }

  private mutating func plain(_ answer: Answer) -> String {
    var headers = answer.headers.filter { !Self.neverTheSame.contains($0.key) }
    // Moments and secrets in a page are not always of the same length.
    if headers["content-length"] == String(answer.data.count) { headers["content-length"] = "its own" }
    let lines =
      headers
      .sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return plain("\(answer.status) \(lines) \(answer.text)")
  }

  /// Identifiers, in the order in which they were seen; secrets and moments go.
  private mutating func plain(_ text: String) -> String {
    let secret = /[0-9a-f]{32}|session=[^;]+|name="key" value="[0-9a-z]+"/
    let moment = /<time [^<]*<|"createdAtMs":[0-9]+|[A-Z][a-z]+ 20[0-9]{2}/
    var plain = text.replacing(secret, with: "SECRET").replacing(moment, with: "MOMENT")
    for match in plain.matches(of: /[0-9]{15,}/) {
      let id = String(match.output)
      if names[id] == nil { names[id] = "ID\(names.count)" }
    }
    for (id, name) in names where plain.contains(id) { plain = plain.replacing(id, with: name) }
    return plain
  }
}
