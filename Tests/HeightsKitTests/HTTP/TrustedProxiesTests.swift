// Whom a request comes from: what proxies say is believed, what anybody else says is not.

import HeightsKit
import Testing

@testable import HeightsHTTP

@Suite struct TrustedProxiesTests {
  @Test(
    arguments: [
      ("203.0.113.9", nil, "203.0.113.9"),
      // A stranger's word for himself.
      ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
      ("10.20.0.7", nil, "10.20.0.7"),
      ("10.20.0.7", "203.0.113.9", "203.0.113.9"),
      ("10.20.0.7", "2001:db8::1", "2001:db8::1"),
      // What he says before a proxy says whom it has seen.
      ("10.20.0.7", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
      ("10.20.0.7", "203.0.113.9, 10.20.9.9,192.0.2.1", "203.0.113.9"),
      ("10.21.0.7", "203.0.113.9", "10.21.0.7"),
      // From one of us.
      ("10.20.0.7", "10.20.3.3, 10.20.9.9", "10.20.3.3"),
      ("10.20.0.7", "203.0.113.9, unknown, 10.20.9.9", "10.20.9.9"),
      ("10.20.0.7", "", "10.20.0.7"),
      ("local", "203.0.113.9", "local"),
    ] as [(String, String?, String)])
  func theClientIsTheNearestThatIsNoProxy(peer: String, forwardedFor: String?, client: String) throws {
    let proxies = try #require(TrustedProxies("10.20.0.0/16, 192.0.2.1"))
    #expect(proxies.client(of: peer, forwardedFor: forwardedFor) == client)
  }

  @Test(arguments: [
    "", "10.20.0.0/33", "10.20.0.0/-1", "10.20.0.1/16", "ten", "10.20.0.0/16,", "10.20.0.0/16/8", "::1",
  ])
  func whatIsNoListOfNetworksIsRefusedByName(text: String) {
    #expect(TrustedProxies(text) == nil)
    let error = #expect(throws: EnvironmentError.self) {
      try Environment(["HEIGHTS_TRUSTED_PROXIES": text])
    }
    #expect(error?.description.hasPrefix("HEIGHTS_TRUSTED_PROXIES is '\(text)': expected") == true)
  }

  @Test func everyLineOfTheHeaderCountsInItsOrder() async throws {
    let said = [
      ("X-Forwarded-For", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9"),
      ("X-Forwarded-For", "127.0.0.5"),
    ]
    let routes: (inout Router) -> Void = { $0.get("/who") { .text($0.remoteAddress) } }
    try await withServer(proxies: try #require(TrustedProxies("127.0.0.0/8")), routes) { server in
      let answers = [
        try await server.request("GET", "/who", said).text, try await server.request("GET", "/who").text,
      ]
      #expect(answers == ["203.0.113.9", "127.0.0.1"])
    }
    try await withServer(routes) { server in
      let answer = try await server.request("GET", "/who", said).text
      #expect(answer == "127.0.0.1")
    }
  }
}
