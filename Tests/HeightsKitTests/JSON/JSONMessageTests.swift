// Messages between an older and a newer program, and what is said of those that don't fit.

import TestSupport
import Testing

@testable import HeightsRuntime

@Suite struct JSONMessageTests {
  private struct Author: Codable, Equatable {
    let id: Int64
    let name: String
  }

  private struct Post: Codable, Equatable {
    let id: Int64
    let author: Author
    let text: String
    let photo: String?
    let likes: UInt16
    let tags: [String]
  }

  private struct Page: Codable, Equatable {
    let posts: [Post]
    let next: String?
  }

  private static let author = #"{"id":7,"name":"Ada"}"#
  private static let members = [
    #""id":1"#, #""author":"# + author, #""text":"Hello""#, #""photo":null"#, #""likes":3"#,
    #""tags":["a","b"]"#,
  ]
  private static let post = Post(
    id: 1, author: Author(id: 7, name: "Ada"), text: "Hello", photo: nil, likes: 3, tags: ["a", "b"])

  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSON.decode(type, from: Array(text.utf8))
  }

  private func post(_ members: [String]) throws -> Post {
    try decode(Post.self, "{" + members.joined(separator: ",") + "}")
  }

  private func error<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> JSONError {
    try #require(#expect(throws: JSONError.self) { _ = try JSON.decode(type, from: Array(text.utf8)) })
  }

  // MARK: What is taken

  @Test func membersAreReadInAnyOrder() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    #expect(try post(Self.members) == Self.post)
    #expect(try post(Self.members.reversed()) == Self.post)
    for _ in 0..<100 {
      let shuffled = Self.members.shuffled(using: &random)
      try #require(try post(shuffled) == Self.post, "seed \(seed)")
    }
  }

  @Test func namesThatNobodyAsksForArePassedOver() throws {
    let unknown = [
      #""new":{"id":9,"text":["x",{"id":8}]}"#, #""i":1"#, #""idd":1"#, #""ID":2"#, #""":0"#,
      #""author ":"a""#,
    ]
    for place in 0...Self.members.count {
      var members = Self.members
      members.insert(contentsOf: unknown, at: place)
      #expect(try post(members) == Self.post)
      #expect(try post(members.reversed()) == Self.post)
    }
  }

  @Test func whatMayBeMissingIsNil() throws {
    #expect(try post(Self.members.filter { !$0.contains("photo") }) == Self.post)
    #expect(try decode(Page.self, #"{"posts":[]}"#) == Page(posts: [], next: nil))
    #expect(try decode(Page.self, #"{"posts":[],"next":null}"#) == Page(posts: [], next: nil))
    #expect(try decode(Page.self, #"{"posts":[],"next":"n"}"#) == Page(posts: [], next: "n"))
  }

  @Test func ofANameThatIsThereTwiceTheFirstCounts() throws {
    let again = [
      #""id":2"#, #""i\u0064":3"#, #""author":null"#, #""likes":"many""#, #""\u0074ext":"x""#, #""tags":4"#,
      #""photo":"p""#,
    ]
    for others in [again, again.reversed()] {
      #expect(try post(Self.members + others) == Self.post)
      // Wherever the look-up of the one before has ended.
      for member in Self.members {
        #expect(try post([member] + Self.members.filter { $0 != member } + others) == Self.post)
      }
    }
    #expect(try post([#""\u0069d":1"#] + Self.members.dropFirst() + [#""id":2"#]) == Self.post)
    #expect(try decode([String: Int].self, #"{"a":1,"b":2,"a":3,"\u0062":4}"#) == ["a": 1, "b": 2])
  }

  @Test func ofManyNamesTheFirstOfEachCounts() throws {
    let once = (0..<500).map { "\"n\($0)\":\($0)" }
    let twice = (0..<500).map { "\"\(["n", #"\u006e"#][$0 % 2])\($0)\":-1" }
    let expected = Dictionary(uniqueKeysWithValues: (0..<500).map { ("n\($0)", $0) })
    #expect(try decode([String: Int].self, "{\((once + twice).joined(separator: ","))}") == expected)
    let mixed = zip(once, twice.reversed()).flatMap { [$0, $1] }.joined(separator: ",")
    let read = try decode([String: Int].self, "{\(mixed)}")
    #expect(read.count == 500 && read["n0"] == 0 && read["n499"] == -1)
  }

  @Test func differentSpellingsOfAnAccentAreDifferentNames() throws {
    struct Names: Decodable {
      let one: Int
      let other: Int
      enum CodingKeys: String, CodingKey {
        case one = "\u{e9}"
        case other = "e\u{301}"
      }
    }
    let names = try decode(Names.self, "{\"e\u{301}\":2,\"\u{e9}\":1}")
    #expect(names.one == 1 && names.other == 2)
  }

  @Test(arguments: [
    "100", "1e2", "1E+2", "100.0", "100.000", "1.0e2", "10000e-2", "0.1e3", "0.00001e7", "1000e-1",
  ])
  func aWholeNumberIsReadFromAnySpelling(text: String) throws {
    #expect(try decode(Int.self, text) == 100)
    #expect(try decode(UInt8.self, text) == 100)
    #expect(try decode(Int.self, "-" + text) == -100)
    #expect(try decode(Double.self, text) == 100)
  }

  @Test func wholeNumbersAreExactUpToTheirTypesBounds() throws {
    func check<Number: FixedWidthInteger & Codable>(_ type: Number.Type) throws {
      for number in [Number.min, Number.min + 1, Number.max - 1, Number.max] {
        for spelling in ["\(number)", "\(number).0", "\(number)e0", number == 0 ? "0e9" : "\(number)00e-2"] {
          #expect(try decode(type, spelling) == number)
        }
        #expect(try JSON.encode(number) == Array("\(number)".utf8))
      }
      for beyond in ["\(type.max)0", "-\(type.max)0", "1e60", "-1e60", "1e999999999999999999999"] {
        let error = try error(type, beyond)
        #expect(error.expected == "a whole number from \(type.min) to \(type.max)" && error.kind == .mismatch)
      }
    }
    try check(Int8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
    try check(Int.self)
    try check(Int128.self)
    try check(UInt8.self)
    try check(UInt16.self)
    try check(UInt32.self)
    try check(UInt64.self)
    try check(UInt.self)
    try check(UInt128.self)
  }

  // MARK: What is said of the others

  @Test(arguments: [
    (#"{"posts":[]"#, "expected ',' or '}', found the end (at byte 11)"),
    (#"{"posts":[01]}"#, "expected ',' or ']', found '1' (at byte 11)"),
    ("{\"posts\":[\u{1}]}", "expected a value, found byte 0x1 (at byte 10)"),
    (#"["posts"]"#, "expected an object, found an array (at byte 0)"),
    (#""posts""#, "expected an object, found text (at byte 0)"),
    ("null", "expected an object, found null (at byte 0)"),
    (#"{"next":"n"}"#, "posts: expected a value, found none (at byte 0)"),
    (#"{"posts":{}}"#, "posts: expected an array, found an object (at byte 9)"),
    (#"{"posts":[],"next":5}"#, "next: expected text, found a number (at byte 19)"),
    (#"{"posts":[5]}"#, "posts[0]: expected an object, found a number (at byte 10)"),
    (#"{"posts":[{"id":1.5}]}"#, "posts[0].id: expected a whole number, found 1.5 (at byte 16)"),
    (#"{"posts":[{"id":true}]}"#, "posts[0].id: expected a whole number, found true or false (at byte 16)"),
    (
      #"{"posts":[{"id":1,"author":{"id":1,"name":2}}]}"#,
      "posts[0].author.name: expected text, found a number (at byte 42)"
    ),
    (
      #"{"posts":[{"id":1,"author":{"id":1}}]}"#,
      "posts[0].author.name: expected a value, found none (at byte 27)"
    ),
  ])
  func whatDoesNotFitIsToldByItsPlace(text: String, description: String) throws {
    #expect(try error(Page.self, text).description == description)
  }

  @Test func theFourthPostIsNamed() throws {
    let good = "{" + Self.members.joined(separator: ",") + "}"
    let range = good.replacing(#""likes":3"#, with: #""likes":65536"#)
    let text = #"{"posts":["# + [good, good, good, range].joined(separator: ",") + "]}"
    let error = try error(Page.self, text)
    #expect(error.path == "posts[3].likes" && error.kind == .mismatch)
    #expect(error.expected == "a whole number from 0 to 65535" && error.found == "65536")
    #expect(error.offset.map { text.utf8.dropFirst($0).starts(with: "65536".utf8) } == true)
    let tags = text.replacing("65536", with: "1").replacing(#""b"]}]"#, with: "true]}]")
    #expect(
      try self.error(Page.self, tags).description.hasPrefix("posts[3].tags[1]: expected text, found true or"))
  }

  @Test func whatATypeItselfRefusesIsToldByItsPlace() throws {
    let error = try error([JSONColor].self, #"["red","mauve"]"#)
    #expect(error.kind == .refused && error.path == "[1]")
    #expect(error.description.hasPrefix("[1]: ") && error.description.contains("mauve"))
    struct Refused: Error {}
    struct Refusing: Decodable { init(from decoder: any Decoder) throws { throw Refused() } }
    #expect(throws: Refused.self) { try self.decode(Refusing.self, "1") }
  }

  @Test func longNamesAndNumbersAreCutShort() throws {
    let name = String(repeating: "n", count: 10_000)
    let inName = try error([String: Int].self, "{\"\(name)\":\"\"}")
    #expect(inName.path.count == 65 && inName.path.hasSuffix("…"))
    let inNumber = try error(Int.self, String(repeating: "9", count: 10_000))
    #expect(inNumber.found.count == 41)
    let inColor = try error(JSONColor.self, "\"\(name)\"")
    #expect(inColor.found.count == 201)
  }

  @Test func numbersThatNoDoubleHoldsAreRefused() throws {
    for text in ["1e309", "-1e309", "1e999999999"] {
      #expect(try error(Double.self, text).expected == "a number that fits Double")
    }
    #expect(try error(Float.self, "1e39").expected == "a number that fits Float")
    #expect(try decode(Double.self, "1e-999") == 0)
    #expect(try decode(Double.self, "-0").sign == .minus)
  }
}
