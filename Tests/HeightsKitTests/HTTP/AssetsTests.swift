// A static file has a name that changes with its content, and nobody keeps another version under it.

import Foundation
import HeightsData
import Testing

@Suite struct AssetsTests {
  private func withAssets(
    _ baseURL: String = "", _ body: (Assets, String, RunningServer) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      try write("body {}", to: folder + "/site.css")
      try write("hidden", to: folder + "/.secret.css")
      try write("squeezed", to: folder + "/site.css.br")
      try write("plain", to: folder + "/LICENSE")
      let assets = try Assets(folder, at: "/static", baseURL: baseURL)
      try await withServer {
        $0.assets(assets)
      } _: {
        try await body(assets, folder, $0)
      }
    }
  }

  @Test func theNameHasTheHashOfTheContentAndIsKeptForGood() async throws {
    try await withAssets { assets, _, server in
      let hash = ObjectKey.hash(Array("body {}".utf8)).prefix(16)
      #expect(assets.url("site.css") == "/static/site.\(hash).css")
      #expect(assets.files.map(\.name) == ["LICENSE", "site.css"])
      let answer = try await server.request("GET", assets.url("site.css"))
      #expect(answer.text == "body {}" && answer["Content-Type"] == "text/css; charset=utf-8")
      #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
      #expect(try await server.request("GET", assets.url("LICENSE")).text == "plain")
      #expect(
        try await server.request("GET", assets.url("site.css"), [("Accept-Encoding", "br")]).text
          == "squeezed")
    }
  }

  @Test func itsOwnNameIsServedForAWhileAndAnotherVersionsNameIsKeptByNobody() async throws {
    try await withAssets { assets, _, server in
      #expect(try await server.request("GET", "/static/site.css")["Cache-Control"] == "public, max-age=300")
      let other = try await server.request("GET", "/static/site.0123456789abcdef.css")
      #expect(other.text == "body {}" && other["Cache-Control"] == "no-store")
      for path in ["/static/none.0123456789abcdef.css", "/static/.secret.css", "/static/../site.css"] {
        #expect(try await server.request("GET", path).status == 404, "\(path)")
      }
      #expect(assets.url("none.css") == "/static/none.css")
    }
  }

  @Test func aFileOfAnyNameIsFoundWherePagesSay() async throws {
    let names = [
      "50%off.css", "a#b.css", "a b.css", "q?x=1.css", "café.css", "cafe\u{301}.css", "日本/a b/ü.txt",
      "a+b&c.txt", "%41.txt",
      "no-end", "two..dots.css", "\"quoted\" <name>.txt",
    ]
    try await withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/日本/a b", withIntermediateDirectories: true)
      for (number, name) in names.enumerated() { try write("content \(number)", to: folder + "/" + name) }
      let assets = try Assets(folder, at: "/static", baseURL: "")
      try await withServer {
        $0.assets(assets)
      } _: { server in
        for (number, name) in names.enumerated() {
          let url = assets.url(name)
          #expect(url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"\"#<>?".utf8.contains($0) }, "\(url)")
          let answer = try await server.request("GET", url)
          #expect(
            answer.text == "content \(number)" && answer["Cache-Control"]?.contains("immutable") == true,
            "\(url)")
        }
      }
    }
  }

  @Test func theyMayBeServedFromElsewhere() async throws {
    try await withAssets("https://cdn.example.com/") { assets, _, _ in
      let url = assets.url("site.css")
      #expect(url.hasPrefix("https://cdn.example.com/static/site."))
      try await Task.sleep(for: .zero)
    }
  }
}
