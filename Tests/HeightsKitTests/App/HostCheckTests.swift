// An app that is told its names answers to no others; one that is not told answers to all.

import Foundation
import HeightsKit
import Testing

@Suite struct HostCheckTests {
  private static let paths = ["/", "/healthz", "/readyz"]

  /// Of a request for each path, by `host`; nil for a client of HTTP/1.0 that names none.
  private func statuses(_ host: String?, names: String?) async throws -> Set<Int> {
    let variables = names.map { ["HEIGHTS_HOST_NAMES": $0] } ?? [:]
    return try await App.serving(variables: variables) { _ in
      var routes = Routes()
      routes.app.get("/") { _ in .text("here") }
      return routes
    } _: { url in
      Set(
        try Self.paths.map { path in
          let client = try RawClient(port: UInt16(url.port ?? 0))
          let head = "GET \(path) HTTP/1.\(host == nil ? 0 : 1)\r\n"
          client.send(head + (host.map { "Host: \($0)\r\n" } ?? "") + "Connection: close\r\n\r\n")
          return try client.response().status
        })
    }
  }

  @Test(arguments: ["localhost", "127.0.0.1:80", "summit.test", "www.summit.test"])
  func itsOwnNamesAreAnswered(host: String) async throws {
    #expect(try await statuses(host, names: "summit.test,.summit.test") == [200])
  }

  @Test(arguments: ["lab.example.com", "summit.test.example.com", "xsummit.test"])
  func namesOfOthersAreRefused(host: String) async throws {
    #expect(try await statuses(host, names: "summit.test,.summit.test") == [421])
    #expect(try await statuses(host, names: "") == [421])
    #expect(try await statuses(host, names: nil) == [200])
  }

  @Test func whoNamesNoHostIsNoBrowser() async throws {
    #expect(try await statuses(nil, names: "summit.test") == [200])
  }

  @Test func namesThatAreNoneAreToldOf() {
    let error = #expect(throws: EnvironmentError.self) {
      try Environment(["HEIGHTS_HOST_NAMES": "http://a"])
    }
    #expect(error?.description.hasPrefix("HEIGHTS_HOST_NAMES is 'http://a': expected names") == true)
  }
}
