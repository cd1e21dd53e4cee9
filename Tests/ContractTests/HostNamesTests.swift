// By which names an app may be asked for: one grammar, as code and as a regular expression.

import Foundation
import TestSupport
import Testing

@testable import Contract

@Suite struct HostNamesTests {
  private static let allowed = [
    "127.0.0.1", "127.0.0.1:8080", "192.168.1.2", "localhost", "LOCALHOST:1", "localhost.", "a.localhost",
    "a.b-c.localhost:65535", "[::1]", "[::1]:8080", "[FE80::1]:80", "summit.test", "Summit.Test.:80",
    "www.summit.test", "a.b.summit.test:8080", "tunnel.example.com", "my_app.localhost",
    "foo_bar.summit.test",
  ]
  private static let refused = [
    "", ":", ":80", ".", "evil.example", "localhost.evil.example", "evil-localhost", "127.0.0.1.evil.example",
    "127.0.0.1.5", "127.0.0", "1270.0.0.1", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:123456",
    "127.0.0.1:80:80",
    "summit.test.evil.example", "evilsummit.test", "summit-test", "a.tunnel.example.com", "example.com",
    "xtunnel.example.com", "tunnelxexample.com", "[::1", "[]", "[evil]", "[::1]evil", "::1", "localhost..",
    "localhost\n", "evil.example localhost", "evil.example,localhost", "löcalhost", "user@localhost",
    "a..localhost", ".localhost", "x/y.localhost", "a b.summit.test", "..summit.test", "[::1].", "[::1].:80",
    "[::1]a:80",
  ]

  private static let names = HostNames(["summit.test", ".summit.test", "Tunnel.example.com"])

  @Test(arguments: allowed) func isAllowed(host: String) throws {
    let names = try #require(Self.names)
    #expect(names.allow(host))
    #expect(try matches(names.pattern, host))
  }

  @Test(arguments: refused) func isRefused(host: String) throws {
    let names = try #require(Self.names)
    #expect(!names.allow(host))
    #expect(try !matches(names.pattern, host))
  }

  @Test func thePatternNeedsNoQuotingAnywhere() throws {
    let pattern = try #require(Self.names).pattern
    #expect(!pattern.contains { ["\\", "'", "\"", " ", "%", "#"].contains($0) })
  }

  @Test(arguments: [
    "", " ", "a..b", "..a", "a.", "a b", "a:80", "http://a", "*", "a/b", "ä.example", "a'b", "a\"b",
  ])
  func whatIsNoNameIsNotTaken(name: String) { #expect(HostNames([name]) == nil) }

  @Test func theyAreReadAsTheyAreWritten() {
    for names in [["a"], ["a.example", ".b.example"]] {
      #expect(HostNames(text: HostNames(names)?.text ?? "") == HostNames(names))
    }
    #expect(
      HostNames(text: "") == HostNames.none && HostNames.none.allow("localhost") && !HostNames.none.allow("a")
    )
  }

  /// By grep, which has the engine that HAProxy and Varnish have.
  private func matches(_ pattern: String, _ host: String) throws -> Bool {
    // It reads lines, and a header has none.
    if host.contains("\n") { return false }
    let grep = Process()
    grep.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    grep.arguments = ["grep", "-qiP", pattern]
    let input = Pipe()
    grep.standardInput = input
    try grep.run()
    try input.fileHandleForWriting.write(contentsOf: Data((host + "\n").utf8))
    try input.fileHandleForWriting.close()
    grep.waitInTime()
    return grep.terminationStatus == 0
  }
}
