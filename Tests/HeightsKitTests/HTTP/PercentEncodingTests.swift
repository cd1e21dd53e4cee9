// Percent-encoding is read strictly and written for one segment or value.

import Foundation
import TestSupport
import Testing

@testable import HeightsHTTP

@Suite struct PercentEncodingTests {
  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("%41%7a%7A", "Azz"), ("a+b", "a+b"), ("%2F%2f", "//"), ("%C3%A4", "\u{e4}"),
    ("\u{e4}", "\u{e4}"),
    ("%00", "\0"), ("%25", "%"), ("%2525", "%25"), ("%F0%9F%8F%94", "\u{1f3d4}"),
  ])
  func whatIsValidIsDecodedOnce(encoded: String, text: String) {
    #expect(PercentEncoding.decode(encoded.utf8) == text)
  }

  @Test(arguments: [
    "%", "%4", "%zz", "%4z", "%z4", "a%", "%%41", "%+1", "%ff", "%C3", "%C3%28", "%ED%A0%80", "%C0%80",
    "%F5%80%80%80", "% 41",
    "%-1",
  ])
  func whatIsInvalidIsRefused(encoded: String) {
    #expect(PercentEncoding.decode(encoded.utf8) == nil)
  }

  @Test func aPlusIsASpaceInFormsOnly() {
    #expect(PercentEncoding.decode("a+b%2B".utf8, plusIsSpace: true) == "a b+")
    #expect(PercentEncoding.decode("a+b%2B".utf8) == "a+b+")
  }

  @Test func whateverIsEncodedIsUnreservedAndComesBack() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    for _ in 0..<500 {
      let text = String.random(upTo: 30, using: &random)
      let encoded = text.percentEncoded
      try #require(encoded.wholeMatch(of: /([A-Za-z0-9._~\-]|%[0-9A-F]{2})*/) != nil, "seed \(seed)")
      try #require(PercentEncoding.decode(encoded.utf8) == text, "seed \(seed)")
    }
  }
}

extension String {
  /// Any characters, the troublesome among them often; not U+FEFF, which Foundation leaves out of what it reads.
  static func random(upTo limit: Int, using random: inout SplitMix) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...limit, using: &random) {
      let code: UInt32 =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: UInt32.random(in: 0...0x1f, using: &random)
        case 1: UInt32.random(in: 0x20...0x7f, using: &random)
        case 2: UInt32.random(in: 0x80...0xffff, using: &random)
        default: UInt32.random(in: 0x10000...0x10ffff, using: &random)
        }
      text.unicodeScalars.append(code == 0xfeff ? "\u{fffd}" : Unicode.Scalar(code) ?? "\u{fffd}")
    }
    return text
  }
}
