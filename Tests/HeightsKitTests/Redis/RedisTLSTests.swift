// Redis behind TLS is asked like any other; one that can't prove its name is told nothing, least of all the password.

import Foundation
import TestSupport
import Testing

@testable import HeightsKit

@Suite struct RedisTLSTests {
  @Test func whatIsAskedAtOnceIsAnsweredInOrderWhateverItsSize() async throws {
    let server = try RedisServer(password: "s3cret", certifiedAs: "IP:127.0.0.1")
    let credentials = RedisCredentials(url: "rediss://:s3cret@127.0.0.1")
    try await withRedis(
      .server(server, tls: true), loops: 2, credentials: credentials, authorities: server.certificate
    ) { redis, loops in
      for loop in loops.loops {
        let (keys, values) = try await loop.run {
          let keys = (0..<200).map { RedisArgument("k\(loop.index)-\($0)") }
          // Larger than what the kernel takes at once, and than a record of TLS.
          let values = (0..<200).map { [UInt8](repeating: UInt8($0), count: $0 * 499) }
          let commands = zip(keys, values).map { ["SET", $0, RedisArgument($1)] } + keys.map { ["GET", $0] }
          let answers = await redis.commands(commands, deadlineMs: 20_000)
          return (answers.prefix(200), (values, Array(answers.suffix(200))))
        }
        #expect(keys.allSatisfy { $0 == .success(.bytes(Array("OK".utf8))) })
        #expect(values.0.map { .success(.bytes($0)) } == values.1)
      }
    }
  }

  @Test func whatIsRemovedIsToldToAll() async throws {
    let server = try RedisServer(certifiedAs: "IP:127.0.0.1")
    try await withRedis(.server(server, tls: true), authorities: server.certificate) { redis, _ in
      let heard = OneValue<[UInt8]>()
      redis.receive(from: SharedRedis.channels[0]) { if let bytes = $0 { heard.set(bytes) } }
      _ = try await redis.command("PUBLISH", RedisArgument(SharedRedis.channels[0]), "news")
      try await eventually("it is heard") { heard.value == Array("news".utf8) }
    }
  }

  @Test func aServerIsAskedByTheNameOfItsCertificate() async throws {
    let server = try RedisServer(certifiedAs: "DNS:localhost")
    try await withRedis(.named("localhost", server), authorities: server.certificate) { redis, _ in
      let answer = try await redis.text("PING")
      #expect(answer == "PONG")
    }
  }

  @Test(arguments: [("127.0.0.1", "IP address mismatch"), ("localhost", "hostname mismatch")])
  func aServerOfAnotherNameIsNotAsked(name: String, because: String) async throws {
    let server = try RedisServer(password: "s3cret", certifiedAs: "DNS:other.example")
    try await expectNothingIsSent(to: server, name: name, believing: server.certificate, because: because)
  }

  @Test func aServerThatNobodyVouchesForIsNotAsked() async throws {
    let server = try RedisServer(password: "s3cret", certifiedAs: "IP:127.0.0.1")
    let other = try RedisServer(certifiedAs: "IP:127.0.0.1")
    try await expectNothingIsSent(
      to: server, believing: other.certificate, because: "self-signed certificate")
  }

  private func expectNothingIsSent(
    to server: RedisServer, name: String = "127.0.0.1", believing: String, because: String
  ) async throws {
    let credentials = RedisCredentials(url: "rediss://:s3cret@127.0.0.1")
    let before = try logIns(at: server)
    try await withRedis(.named(name, server), credentials: credentials, authorities: believing) {
      redis, _ in
      let error = await #expect(throws: RedisError.self) { try await redis.command("PING") }
      #expect(error?.description.contains(because) == true, "\(String(describing: error))")
    }
    // The one is this question's own.
    #expect(try logIns(at: server) == before + 1)
  }

  private func logIns(at server: RedisServer) throws -> Int {
    let line = try server.run("INFO", "commandstats").split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("cmdstat_auth:calls=") }
    return try #require(
      line?.split(whereSeparator: { "=,".contains($0) }).dropFirst().first.flatMap { Int($0) })
  }

  /// It takes the first bytes for a command that goes on.
  @Test func aServerWithoutTLSIsGivenUp() async throws {
    let server = try RedisServer()
    try await withRedis(.server(server, tls: true)) { redis, _ in
      let error = await #expect(throws: RedisError.self) { try await redis.command("PING") }
      #expect(error?.description.contains("did not answer in time") == true, "\(String(describing: error))")
    }
  }

  @Test func certificatesThatCanNotBeReadAreTold() async throws {
    let server = try RedisServer(certifiedAs: "IP:127.0.0.1")
    try await withRedis(.server(server, tls: true), authorities: "/nowhere.crt") { redis, _ in
      let error = await #expect(throws: RedisError.self) { try await redis.command("PING") }
      #expect(error?.description.contains("the certificates in /nowhere.crt can't be read") == true)
    }
  }

  @Test func aServerThatHangsCostsNobodyMoreThanTheDeadlineAndIsFoundAgain() async throws {
    let server = try RedisServer(certifiedAs: "IP:127.0.0.1")
    try await withRedis(.server(server, tls: true), authorities: server.certificate) { redis, _ in
      server.signal(SIGSTOP)
      await #expect(throws: RedisError.timeout) { try await redis.command("GET", "a", deadlineMs: 100) }
      try await redis.left()
      server.signal(SIGCONT)
      try await redis.returned()
      #expect(try await redis.text("PING") == "PONG")
    }
  }
}

extension Placement.SharedCache {
  fileprivate static func named(_ name: String, _ server: RedisServer) throws -> Placement.SharedCache {
    .servers([try #require(ServerAddress("\(name):\(server.port)"))], tls: true)
  }
}
