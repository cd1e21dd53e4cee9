// Where an encoder or decoder says that it is, and how it goes on after something has failed.

import Foundation
import Testing

@testable import HeightsRuntime

@Suite struct JSONPlaceTests {
  private final class Seen {
    var paths: [String] = []
    func add(_ path: [any CodingKey]) {
      paths.append(path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: "/"))
    }
  }

  /// Tells its place, whoever encodes or decodes it.
  private struct Place: Codable {
    static nonisolated(unsafe) var seen = Seen()  // of the one test that uses it, which awaits nothing
    init() {}
    init(from decoder: any Decoder) throws {
      Self.seen.add(decoder.codingPath)
      Self.seen.add(try decoder.container(keyedBy: JSONKey.self).codingPath)
    }
    func encode(to encoder: any Encoder) throws {
      Self.seen.add(encoder.codingPath)
      Self.seen.add(encoder.container(keyedBy: JSONKey.self).codingPath)
    }
  }

  private struct Places: Codable {
    var a = [Place(), Place()]
    var b: [String: [[Place]]] = ["x,\"": [[], [Place(), Place()]]]
    var c = Nested.one(Place(), two: [Place()])
    enum Nested: Codable { case one(Place, two: [Place]) }
  }

  @Test func placesAreThoseThatFoundationTells() throws {
    func seen(_ body: () throws -> Void) rethrows -> [String] {
      Place.seen = Seen()
      try body()
      return Place.seen.paths
    }
    let text = try JSONEncoder().encode(Places())
    let (ours, theirs) = (
      try seen { _ = try JSON.encode([Places(), Places()]) },
      try seen { _ = try JSONEncoder().encode([Places(), Places()]) }
    )
    // Foundation leaves out the case.
    #expect(ours.map { $0.replacing("/c/one/", with: "/c/") } == theirs)
    #expect(ours.count == 24)
    #expect(ours.contains("[1]/b/x,\"/[1]/[1]") && ours.contains("[1]/c/one/two/[0]"))
    let (read, readByThem) = (
      try seen { _ = try JSON.decode(Places.self, from: [UInt8](text)) },
      try seen { _ = try JSONDecoder().decode(Places.self, from: text) }
    )
    #expect(read == readByThem)
    #expect(read.count == 12)
  }

  @Test func allNamesAreToldInTheOrderOfTheTextAndEachOnce() throws {
    struct Names: Decodable {
      let names: [String]
      let known: [JSONColor]
      enum Color: String, CodingKey { case red, green }
      init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: JSONKey.self).allKeys.map(\.stringValue)
        let colors = try decoder.container(keyedBy: Color.self)
        known = colors.allKeys.compactMap { JSONColor(rawValue: $0.stringValue) }
        #expect(colors.contains(.red) && !colors.contains(.green))
        #expect(try colors.decodeNil(forKey: .red))
        #expect(throws: DecodingError.self) { try colors.decodeNil(forKey: .green) }
      }
    }
    let names = try JSON.decode(
      Names.self, from: Array(#"{"z":1,"red":null,"a":2,"\u007a":3,"red":4,"\u00e9":5}"#.utf8))
    #expect(names.names == ["z", "red", "a", "é"] && names.known == [.red])
  }

  /// A number or a text: tries one after the other, as Codable promises that it can.
  private enum Either: Decodable, Equatable {
    case number(Int)
    case text(String)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      do {
        self = .number(try value.decode(Int.self))
      } catch DecodingError.typeMismatch {
        self = .text(try value.decode(String.self))
      }
    }
  }

  @Test func whatFailsAsOneTypeMayBeReadAsAnother() throws {
    let both = try JSON.decode([Either].self, from: Array(#"[1,"a",2,"b"]"#.utf8))
    #expect(both == [.number(1), .text("a"), .number(2), .text("b")])
    struct ByElement: Decodable {
      var found: [String] = []
      init(from decoder: any Decoder) throws {
        var elements = try decoder.unkeyedContainer()
        while !elements.isAtEnd {
          let index = elements.currentIndex
          if let number = try? elements.decode(Int.self) {
            found.append("\(index):\(number)")
          } else if (try? elements.nestedContainer(keyedBy: JSONKey.self)) != nil {
            found.append("\(index):object")
          } else if try elements.decodeNil() {
            found.append("\(index):null")
          } else {
            found.append("\(index):" + (try elements.decode(String.self)))
          }
        }
        #expect(throws: DecodingError.self) { _ = try elements.decode(Int.self) }
        #expect(throws: DecodingError.self) { _ = try elements.superDecoder() }
      }
    }
    let found = try JSON.decode(ByElement.self, from: Array(#"[1,"a",{"b":[2]},null,3]"#.utf8)).found
    #expect(found == ["0:1", "1:a", "2:object", "3:null", "4:3"])
  }

  @Test func manyFailuresInARowAreEachToldByTheirPlace() throws {
    let count = 2_000
    let text =
      "[[" + String(repeating: "\"a\",", count: count) + "1],{\"x\":["
      + String(repeating: "{\"y\":\"b\"},", count: count) + "2]}]"
    struct Paths: Decodable {
      var indices: [Int] = []
      init(from decoder: any Decoder) throws {
        var elements = try decoder.unkeyedContainer()
        while !elements.isAtEnd {
          do {
            _ = try elements.decode([String: Int].self)
          } catch DecodingError.typeMismatch(_, let context) {
            indices.append(try #require(context.codingPath.compactMap(\.intValue).last))
            _ = try? elements.decode(JSONTree.self)
          }
        }
      }
    }
    struct Both: Decodable {
      let first: Paths
      let second: Paths
      init(from decoder: any Decoder) throws {
        var elements = try decoder.unkeyedContainer()
        first = try elements.decode(Paths.self)
        second = try #require(try elements.decode([String: Paths].self)["x"])
      }
    }
    let both = try JSON.decode(Both.self, from: Array(text.utf8))
    #expect(both.first.indices == Array(0...count) && both.second.indices == Array(0...count))
  }

  @Test func aDecoderThatIsKeptReadsOn() throws {
    struct Kept: Decodable {
      let decoder: any Decoder
      init(from decoder: any Decoder) throws { self.decoder = decoder }
    }
    var kept: [Kept] = try JSON.decode([Kept].self, from: Array(#"["a",{"b":["c"]}]"#.utf8))
    #expect(try String(from: kept.removeFirst().decoder) == "a")
    #expect(try [String: [String]](from: kept[0].decoder) == ["b": ["c"]])
    #expect(kept[0].decoder.codingPath.map(\.intValue) == [1])
  }

  @Test func anEncoderThatIsKeptWritesNowhere() throws {
    final class Keeper: Encodable {
      var encoder: (any Encoder)?
      func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        self.encoder = values.superEncoder()
        try values.encode(1)
      }
    }
    let keeper = Keeper()
    #expect(try JSON.encode([keeper]) == Array("[[{},1]]".utf8))
    var late = try #require(keeper.encoder).singleValueContainer()
    try? late.encode("late")
    #expect(late.codingPath.isEmpty)
  }

  @Test func nothingIsKeptOfAnEncodingThatIsOver() throws {
    final class Held {
      weak var encoding: JSONEncoding?
    }
    struct Nesting: Encodable {
      let held: Held
      let number: Double
      func encode(to encoder: any Encoder) throws {
        held.encoding = (encoder as? JSONValueEncoding)?.encoding
        var values = encoder.unkeyedContainer()
        var inner = values.nestedUnkeyedContainer()
        var innermost = inner.nestedContainer(keyedBy: JSONKey.self)
        try innermost.encode([JSONShape.circle(radius: number)], forKey: JSONKey.parent)
      }
    }
    let (whole, failed) = (Held(), Held())
    #expect(try JSON.encode([Nesting(held: whole, number: 1)]).count > 20)
    #expect(throws: JSONError.self) { try JSON.encode([Nesting(held: failed, number: .nan)]) }
    #expect(whole.encoding == nil && failed.encoding == nil)
  }
}
