// What another site makes a browser send changes nothing.

import HeightsHTTP
import Testing

@Suite struct OriginTests {
  private typealias Headers = [(String, String)]

  private static let site = "Sec-Fetch-Site"

  private static let passing: [Headers] = [
    [], [(site, "same-origin")], [(site, "none")], [("Origin", "http://test")], [("Origin", "https://test")],
    [("Origin", "https://TEST")], [(site, "same-origin"), ("Origin", "https://elsewhere.example")],
  ]

  private static let refused: [Headers] = [
    [(site, "cross-site")], [(site, "same-site")], [(site, "")], [(site, "SAME-ORIGIN!")],
    [("Origin", "null")],
    [("Origin", "")], [("Origin", "https://elsewhere.example")], [("Origin", "https://test.example")],
    [("Origin", "https://sub.test")], [("Origin", "https://test:8080")], [("Origin", "test")],
    [("Origin", "https://evil://test")], [("Origin", "ftp://test")], [("Origin", "https://eviltest")],
    [(site, "cross-site"), ("Origin", "https://test")], [("Host", "a:443"), ("Origin", "http://a")],
    [("Host", "a:80"), ("Origin", "https://a")], [("Host", "a:8443"), ("Origin", "https://a")],
  ]

  private func withGuarded(_ body: (RunningServer) async throws -> Void) async throws {
    try await withServer {
      $0.require(Origin.check)
      $0.get("/thing") { _ in .noContent }
      $0.post("/thing") { _ in .noContent }
      $0.put("/thing") { _ in .noContent }
      $0.delete("/thing") { _ in .noContent }
    } _: { server in
      try await body(server)
    }
  }

  @Test func requestsOfTheSameSiteAndOfProgramsPass() async throws {
    try await withGuarded { server in
      for headers in Self.passing {
        for method in ["POST", "PUT", "DELETE"] {
          let status = try await server.request(method, "/thing", headers).status
          #expect(status == 204, "\(method) \(headers)")
        }
      }
    }
  }

  @Test func requestsOfOtherSitesAreRefusedUnlessTheyChangeNothing() async throws {
    try await withGuarded { server in
      for headers in Self.refused {
        for method in ["POST", "PUT", "DELETE"] {
          let status = try await server.request(method, "/thing", headers).status
          #expect(status == 403, "\(method) \(headers)")
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
          let status = try await server.request(method, "/thing", headers).status
          #expect(status == 204, "\(method) \(headers)")
        }
      }
    }
  }
}
