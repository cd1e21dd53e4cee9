// What the writer writes is JSON that says what it was given, as another reader sees it.

import Foundation
import TestSupport
import Testing

@testable import HeightsRuntime

@Suite struct JSONWriterTests {
  private func parsed(_ bytes: [UInt8]) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
  }

  @Test func stringsComeBackAsTheyWere() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    for _ in 0..<2_000 {
      let text = String.random(upTo: 20, using: &random)
      let back = try #require(try parsed(JSONWriter.bytes(of: text)) as? String, "seed \(seed)")
      try #require(Array(back.utf8) == Array(text.utf8), "seed \(seed)")
    }
  }

  @Test func everyControlCharacterIsEscaped() throws {
    for code in UInt8(0)...0x7f {
      let text = String(UnicodeScalar(code))
      let bytes = JSONWriter.bytes(of: text)
      #expect(bytes.allSatisfy { $0 >= 0x20 })
      #expect(try parsed(bytes) as? String == text)
    }
    #expect(
      String(decoding: JSONWriter.bytes(of: "\"\\\n\r\t\u{1}/"), as: UTF8.self) == #""\"\\\n\r\t\u0001/""#)
  }

  @Test(arguments: [
    (0, "0"), (-1, "-1"), (7, "7"), (10, "10"), (Int.max, "9223372036854775807"),
    (Int.min, "-9223372036854775808"),
  ])
  func wholeNumbersAreExact(number: Int, text: String) {
    #expect(String(decoding: JSONWriter.bytes(of: number), as: UTF8.self) == text)
    #expect(String(decoding: JSONWriter.bytes(of: Int64(number)), as: UTF8.self) == text)
  }

  @Test func otherNumbersComeBackAndWhatIsNoNumberIsNull() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    for number in [0, -0.5, 1e300, .leastNonzeroMagnitude, 0.1, 1e20]
      + (0..<500).map({ _ in Double(bitPattern: random.next()) })
    {
      let bytes = JSONWriter.bytes(of: number)
      if number.isFinite {
        try #require(Double(String(decoding: bytes, as: UTF8.self)) == number, "seed \(seed)")
        try #require(parsed(bytes) is NSNumber, "seed \(seed): \(number)")
      } else {
        #expect(String(decoding: bytes, as: UTF8.self) == "null")
      }
    }
  }

  @Test func commasStandBetweenMembersAndNowhereElse() {
    var json = JSONWriter()
    json.object {
      $0.member("a", 1)
      $0.member("b", nil as String?)
      $0.member("c") { $0.member("d", true) }
      $0.member("e", array: [1, 2])
      $0.member("f", array: [String]())
      $0.member("g") { _ in }
      $0.member("h", json: Array("[0]".utf8))
      $0.member(named: "i\"", ["x"])
      $0.member("j", hexadecimal: 1, 0xab)
      $0.member("k", false)
    }
    let text = #"""
      {"a":1,"b":null,"c":{"d":true},"e":[1,2],"f":[],"g":{},"h":[0],"i\"":["x"],"j":"000000000000000100000000000000ab","k":false}
      """#
    #expect(String(decoding: json.bytes, as: UTF8.self) == text)
  }
}
