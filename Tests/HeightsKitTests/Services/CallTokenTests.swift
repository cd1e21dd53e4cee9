// A token opens what it is for, for as long as it says, for whom it names; nothing else opens anything.

import TestSupport
import Testing

@testable import HeightsKit

@Suite struct CallTokenTests {
  private static let web = CallerSecret(seed: [UInt8](repeating: 1, count: 32))!  // 32 bytes
  private static let jobs = CallerSecret(seed: [UInt8](repeating: 2, count: 32))!  // 32 bytes
  private static let nowMs: Int64 = 1_800_000_000_000

  private static func placement(_ keys: [String: [String]], callers: [String] = ["web"]) -> Placement {
    let address = ServerAddress("127.0.0.1:1")!  // one
    return Placement(
      epoch: 1, services: ["echo": .init(addresses: [address], callers: callers)], keys: keys)
  }

  private static func callers() -> CallersKnown {
    let callers = CallersKnown(service: "echo")
    callers.follow(placement(["web": [web.publicKey], "jobs": [jobs.publicKey]]))
    return callers
  }

  private static func token(
    from caller: String = "web", to callee: String = "echo", _ secret: CallerSecret = web, atMs: Int64 = nowMs
  ) throws -> String {
    try "Bearer " + CallToken.text(from: caller, to: callee, secret, nowMs: atMs)
  }

  @Test func aCallerIsKnownByItsToken() throws {
    let callers = Self.callers()
    let token = try Self.token()
    for laterMs: Int64 in [0, 30_000, 59_000, 0] {
      #expect(try callers.caller(token, nowMs: Self.nowMs + laterMs) == "web")
    }
  }

  @Test func aTokenOfAnotherTimePlaceOrCallerOpensNothing() throws {
    let callers = Self.callers()
    let wrong = try [
      ("too old", Self.token(atMs: Self.nowMs - 120_000)),
      ("too new", Self.token(atMs: Self.nowMs + 120_000)),
      ("for another", Self.token(to: "posts")), ("signed by another", Self.token(Self.jobs)),
      ("of nobody", Self.token(from: "nobody")), ("not to call it", Self.token(from: "jobs", Self.jobs)),
    ]
    for (what, token) in wrong {
      #expect(throws: Problem.self, "\(what)") { try callers.caller(token, nowMs: Self.nowMs) }
    }
  }

  @Test(arguments: [
    (Int64.max, Int64.max), (.min, .max), (.min, .min), (.max, .min), (0, .max), (-1, 59),
    (1_800_000_000, .max),
  ]) func noNumberOfATokenIsTooLarge(iat: Int64, exp: Int64) throws {
    let parts = [#"{"alg":"EdDSA"}"#, #"{"iss":"web","aud":"echo","iat":\#(iat),"exp":\#(exp)}"#].map {
      Base64URL.text(Array($0.utf8))
    }
    let signed = parts.joined(separator: ".")
    let token = signed + "." + Base64URL.text(Self.web.signature(of: Array(signed.utf8)))
    #expect(throws: Problem.self) { try Self.callers().caller("Bearer " + token, nowMs: Self.nowMs) }
  }

  @Test func aTokenThatWasRightIsLookedAtAgain() throws {
    let callers = Self.callers()
    let token = try Self.token()
    #expect(try callers.caller(token, nowMs: Self.nowMs) == "web")
    #expect(throws: Problem.self) { try callers.caller(token, nowMs: Self.nowMs + 600_000) }
    callers.follow(Self.placement(["web": [Self.jobs.publicKey]]))
    #expect(throws: Problem.self, "its key is gone") { try callers.caller(token, nowMs: Self.nowMs) }
  }

  @Test func aKeyIsReplacedWithoutARefusal() throws {
    let callers = Self.callers()
    let old = try Self.token()
    callers.follow(Self.placement(["web": [Self.web.publicKey, Self.jobs.publicKey]]))
    let new = try Self.token(Self.jobs)
    for token in [old, new, old] { #expect(try callers.caller(token, nowMs: Self.nowMs) == "web") }
  }

  @Test func noByteOfATokenMayBeAnother() throws {
    let callers = Self.callers()
    let token = Array(try Self.token().utf8)
    for index in 7..<token.count {
      for byte in [UInt8(ascii: "A"), UInt8(ascii: "."), token[index] ^ 1, token[index] ^ 0x20]
      where byte != token[index] {
        var changed = token
        changed[index] = byte
        #expect(throws: Problem.self, "byte \(index) as \(byte)") {
          try callers.caller(String(decoding: changed, as: UTF8.self), nowMs: Self.nowMs)
        }
      }
    }
  }

  @Test(arguments: ["none", "HS256", "ES256", "eddsa", ""])
  func anotherWayOfSigningOpensNothing(_ algorithm: String) throws {
    let header = Base64URL.text(Array(#"{"alg":"\#(algorithm)","typ":"JWT"}"#.utf8))
    let parts = try Self.token().dropFirst(7).split(separator: ".")
    let signed = "\(header).\(parts[1])"
    let signature = Base64URL.text(Self.web.signature(of: Array(signed.utf8)))
    for token in ["\(signed).\(signature)", "\(signed).", signed] {
      #expect(throws: Problem.self) { try Self.callers().caller("Bearer " + token, nowMs: Self.nowMs) }
    }
  }
}
