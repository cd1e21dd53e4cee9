// Writing, liking, following and leafing through, by form.

import Foundation
import Testing

@Suite struct PostPagesTests {
  /// A picture of one pixel.
  private static let png =
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ) ?? Data()

  @Test func whatSomebodyWritesStaysText() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let text = "<script>alert('1')</script>\r\n\"quoted\" & <b>more</b>"
      let answer = try await mira.submit("/posts", ["csrf": try await mira.get("/").token, "text": text])
      let id = try #require(answer.location?.split(separator: "-").last)
      #expect(answer.status == 303 && answer.location == "/#post-\(id)")
      let escaped =
        "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;\n&quot;quoted&quot; &amp; &lt;b&gt;more&lt;/b&gt;"
      for path in ["/", "/popular", "/@mira", "/posts/\(id)"] {
        for browser in [mira, summit.visitor()] {
          let page = try await browser.get(path).text
          #expect(page.contains("<p class=\"text\" dir=\"auto\">\(escaped)</p>"), "\(path)")
          #expect(!page.contains("<script"), "\(path)")
        }
      }
    }
  }

  @Test func aTextThatCannotBePostedComesBack() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      let long = "</textarea>" + String(repeating: "x", count: 500)
      let answer = try await mira.submit("/posts", ["csrf": token, "text": long])
      #expect(answer.status == 422 && answer.mistake("text") == "Use at most 500 characters.")
      #expect(answer.text.contains("\n&lt;/textarea&gt;xxx") && answer.posts.isEmpty)
      let empty = try await mira.submit("/posts", ["csrf": token, "text": " \r\n "])
      #expect(empty.status == 422 && empty.mistake("text") == "Write something.")
    }
  }

  @Test func aPhotoIsShown() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      let answer = try await mira.submit("/posts", ["csrf": token, "text": "See"], photo: PostPagesTests.png)
      #expect(answer.status == 303)
      let feed = try await mira.get("/")
      let photo = try #require(feed.all("<img src=\"(/media/[0-9a-f]{64}[.]png)\"").first)
      let shown = try await summit.visitor().get(photo)
      #expect(shown.status == 200 && shown.data == PostPagesTests.png)
      #expect(shown.headers["content-type"] == "image/png")
      #expect(shown.headers["x-content-type-options"] == "nosniff")
    }
  }

  @Test func anEmptyFileFieldIsNoPhoto() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      let answer = try await mira.submit("/posts", ["csrf": token, "text": "None"], photo: Data())
      #expect(answer.status == 303)
      #expect(try await mira.get("/").all("(<img)").isEmpty)
    }
  }

  @Test func whatOnlyClaimsToBeAPhotoIsRefused() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let token = try await mira.get("/").token
      let answer = try await mira.submit(
        "/posts", ["csrf": token, "text": "See <this>"], photo: Data("<svg onload=alert(1)>".utf8))
      #expect(answer.status == 422)
      #expect(answer.mistake("photo") == "Choose a JPEG, PNG, WebP or GIF picture.")
      #expect(answer.text.contains("See &lt;this&gt;</textarea>") && answer.posts.isEmpty)
    }
  }

  @Test func aFormSentTwiceMakesOnePost() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let page = try await mira.get("/")
      let form = ["csrf": page.token, "key": page.hidden("key"), "text": "Once"]
      #expect(!page.hidden("key").isEmpty)
      let first = try await mira.submit("/posts", form)
      let second = try await mira.submit("/posts", form)
      #expect(first.status == 303 && second.status == 303 && first.location == second.location)
      #expect(try await mira.get("/").posts.count == 1)
      #expect(try await mira.get("/").hidden("key") != page.hidden("key"))
    }
  }

  @Test func anotherTextUnderAUsedKeyIsNotLost() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let page = try await mira.get("/")
      let form = ["csrf": page.token, "key": page.hidden("key"), "text": "First"]
      _ = try await mira.submit("/posts", form)
      let again = try await mira.submit("/posts", form.merging(["text": "Second"]) { $1 })
      #expect(again.status == 422 && again.text.contains("Second</textarea>"))
      #expect(again.mistake("text") == "This was sent before, for another post. Send it again.")
      let anew = ["csrf": again.token, "key": again.hidden("key"), "text": "Second"]
      #expect(try await mira.submit("/posts", anew).status == 303)
      #expect(try await mira.get("/").posts.count == 2)
    }
  }

  @Test func aLikeIsSeenAtOnceAndCanBeTakenBack() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let post = try await mira.submit("/posts", ["csrf": try await mira.get("/").token, "text": "Like me"])
      let id = try #require(post.location?.split(separator: "-").last)
      let jonas = try await summit.member("jonas")
      for (action, count) in [("like", 1), ("like", 1), ("unlike", 0), ("unlike", 0)] {
        let page = try await jonas.get("/popular")
        let answer = try await jonas.submit(
          "/posts/\(id)/\(action)", ["csrf": page.token, "back": page.hidden("back")])
        #expect(answer.status == 303 && answer.location == "/popular#post-\(id)")
        for path in ["/popular", "/posts/\(id)", "/@mira"] {
          let seen = try await jonas.get(path).text
          #expect(seen.contains("<span class=\"count\">\(count)</span>"), "\(path)")
          #expect(seen.contains("action=\"/posts/\(id)/\(count == 1 ? "unlike" : "like")\""), "\(path)")
        }
        #expect(try await mira.get("/popular").text.contains("action=\"/posts/\(id)/like\""))
      }
    }
  }

  @Test func theFeedHoldsThoseWhomSomebodyFollows() async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      let jonas = try await summit.member("jonas")
      _ = try await jonas.submit("/posts", ["csrf": try await jonas.get("/").token, "text": "From Jonas"])
      #expect(try await mira.get("/").posts.isEmpty)
      let profile = try await mira.get("/@jonas")
      let form = ["csrf": profile.token, "back": "/@jonas"]
      let follow = try await mira.submit("/@jonas/follow", form)
      #expect(follow.status == 303 && follow.location == "/@jonas")
      #expect(try await mira.get("/@jonas").text.contains("action=\"/@jonas/unfollow\""))
      #expect(try await mira.get("/").text.contains("From Jonas"))
      _ = try await mira.submit("/@jonas/unfollow", form)
      #expect(try await mira.get("/").posts.isEmpty)
    }
  }

  @Test(arguments: ["/", "/@mira", "/popular"])
  func leafingThroughShowsEachPostOnce(_ path: String) async throws {
    try await withSummit { summit in
      let mira = try await summit.member("mira")
      var made: [String] = []
      for number in 0..<45 {
        let post = try await mira.api("POST", "/api/posts", #"{"text":"Post \#(number)"}"#)
        made.append(try #require(post.member("id")))
      }
      var (seen, sizes, next) = ([] as [String], [] as [Int], path as String?)
      while let address = next, sizes.count < 5 {
        let page = try await mira.get(address)
        seen += page.posts
        sizes.append(page.posts.count)
        next = page.next
      }
      #expect(seen == made.reversed())
      #expect(sizes == [20, 20, 5])
    }
  }
}
