// What we write another reader reads as the same value, and the reverse; texts that are nearly JSON both take or both refuse.

import Foundation
import TestSupport
import Testing

@testable import HeightsRuntime

@Suite struct JSONDifferentialTests {
  private let seed = UInt64.random(in: 0...UInt64.max)

  private func foundation<Value: Codable>(_ value: Value) throws -> [UInt8] {
    [UInt8](try JSONEncoder().encode(value))
  }

  private func foundation<Value: Codable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  private func compare<Value: Codable & Equatable>(_ value: Value, _ type: Value.Type = Value.self) throws {
    let (ours, theirs) = (try JSON.encode(value), try foundation(value))
    // An optional within another loses its outer layer on the way, so the value itself is not always what comes back.
    let expected = try foundation(type, theirs)
    try #require(try foundation(type, ours) == expected, "seed \(seed): \(value)")
    try #require(try JSON.decode(type, from: theirs) == expected, "seed \(seed): \(value)")
    try #require(try JSON.decode(type, from: ours) == expected, "seed \(seed): \(value)")
  }

  @Test func valuesOfEveryTypeComeBackBothWays() throws {
    var samples = JSONSamples(seed: seed)
    for _ in 0..<60 {
      try compare(samples.sample())
      try compare(samples.list { $0.shape() })
    }
  }

  @Test func valuesOfAnyShapeComeBackBothWays() throws {
    var samples = JSONSamples(seed: seed)
    for _ in 0..<300 {
      let tree = samples.tree()
      try compare(tree)
    }
  }

  @Test func valuesAloneComeBackBothWays() throws {
    var samples = JSONSamples(seed: seed)
    for _ in 0..<300 {
      try compare(samples.double())
      try compare(samples.float())
      try compare(samples.whole(UInt64.self))
      try compare(samples.whole(Int64.self))
      try compare(samples.whole(Int128.self))
      try compare(samples.whole(UInt128.self))
      try compare(samples.maybe { $0.chance(2) })
      let text = samples.text()
      let back = try JSON.decode(String.self, from: foundation(text))
      try #require(back.utf8.elementsEqual(text.utf8), "seed \(seed)")
    }
  }

  @Test func numbersInAnySpellingAreReadAsTheSame() throws {
    var samples = JSONSamples(seed: seed)
    for _ in 0..<2_000 {
      let digits = (0...Int.random(in: 0..<24, using: &samples.random)).map { _ in
        samples.one(of: Array("0123456789"))
      }
      var text = (samples.chance(2) ? "-" : "") + (digits.first == "0" ? "0" : String(digits))
      if samples.chance(2) {
        text += "." + samples.one(of: ["0", "5", "000", "25", "123456789012345678901"])
      }
      if samples.chance(2) {
        text +=
          samples.one(of: ["e", "E", "e+", "e-"]) + samples.one(of: ["0", "1", "02", "10", "22", "300"])
      }
      let bytes = Array(text.utf8)
      let (ours, theirs) = (try? JSON.decode(Double.self, from: bytes), try? foundation(Double.self, bytes))
      if theirs == nil && ours == 0 { continue }  // see `reason`
      try #require(ours?.bitPattern == theirs?.bitPattern, "seed \(seed): \(text)")
      let float = try? JSON.decode(Float.self, from: bytes)
      try #require(float == Float(text).flatMap { $0.isFinite ? $0 : nil }, "seed \(seed): \(text)")
    }
  }

  // MARK: Nearly JSON

  /// Why Foundation takes a text that we refuse, or the reverse; nil if nothing explains it.
  private func reason(_ bytes: [UInt8]) -> String? {
    if bytes.prefix(4).contains(0) { return "it reads UTF-16 and UTF-32, which it knows by their zeros" }
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return "it passes over a byte order mark" }
    let text = String(decoding: bytes, as: UTF8.self)
    if text.contains(/[eE]-\d{3}/) { return "it doesn't take a number that is nearest to zero for one" }
    if text.contains(/[\d.]{17}/) { return "it rounds a number before it asks whether it is whole" }
    if text.contains(/0[eE]/) { return "it doesn't take a zero with an exponent for a number" }
    do {
      _ = try JSONTree.ours(bytes)
    } catch let error as JSONError {
      let before = bytes[..<(error.offset ?? 0)].last { !" \n\r\t".utf8.contains($0) }
      if error.kind == .malformed, before == UInt8(ascii: ",") { return "it allows a comma before a bracket" }
      // Its other reader looks at all of a text.
      if (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) == nil {
        return "it doesn't look at the value of a name that was there before"
      }
    } catch {}
    return nil
  }

  @Test(arguments: ["[1,]", #"{"a":1,}"#, "\u{feff}null", "1\u{0}", #"{"a":1,"a":01}"#])
  func whatFoundationMayTakeIsRefusedAndNamed(text: String) {
    #expect(throws: JSONError.self) { try JSONTree.ours(Array(text.utf8)) }
    #expect(reason(Array(text.utf8)) != nil)
  }

  private func compare(_ mutant: [UInt8]) -> (isTaken: Bool, isSame: Bool) {
    let ours = try? JSONTree.ours(mutant)
    let isSame = ours == (try? JSONTree.foundations(mutant)) || reason(mutant) != nil
    return (ours != nil, isSame)
  }

  @Test func textsThatAreNearlyJSONAreTakenByBothOrRefusedByBoth() throws {
    var samples = JSONSamples(seed: seed)
    var taken = 0
    for _ in 0..<300 {
      let text = try JSON.encode(samples.tree())
      for _ in 0..<20 {
        let mutant = samples.mutant(of: text)
        let (isTaken, isSame) = compare(mutant)
        if isTaken { taken += 1 }
        try #require(isSame, "seed \(seed): \(mutant) \(String(decoding: mutant, as: UTF8.self))")
      }
    }
    #expect((300...5_700).contains(taken), "seed \(seed): mutants should be of both kinds")
  }

  @Test func aTextWithAnyByteChangedIsTakenByBothOrRefusedByBoth() throws {
    let text = Array(#" {"a\n":[1,-2.5e+1,true,"é\u00e9😀\ud83d\ude00"], "b":{},"a\u000a":null} "#.utf8)
    for place in text.indices {
      for byte in JSONSamples.troublesome {
        var changed = text
        changed[place] = byte
        var longer = text
        longer.insert(byte, at: place)
        for mutant in [changed, longer] {
          try #require(compare(mutant).isSame, "\(mutant) \(String(decoding: mutant, as: UTF8.self))")
        }
      }
    }
  }
}

extension JSONSamples {
  fileprivate static let troublesome: [UInt8] =
    Array("{}[]\",:\\-+.eE019untf /\n".utf8) + [0, 0x1f, 0x7f, 0x80, 0xc3, 0xed, 0xf4, 0xff]

  /// A text with some bytes changed, left out, put in or doubled.
  mutating func mutant(of text: [UInt8]) -> [UInt8] {
    var bytes = text
    for _ in 0...Int.random(in: 0..<3, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let byte = chance(4) ? UInt8.random(in: 0...255, using: &random) : one(of: Self.troublesome)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = byte
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(byte, at: place)
      case 3: bytes.insert(contentsOf: bytes[place..<min(place + 6, bytes.count)], at: place)
      default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
    }
    return bytes
  }
}
