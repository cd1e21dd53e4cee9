// All that a type may ask of Codable's encoders and decoders, as Foundation answers it.

import Foundation
import Testing

@testable import HeightsRuntime

@Suite struct JSONCodableTests {
  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try JSON.encode(value), as: UTF8.self)
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSON.decode(type, from: Array(text.utf8))
  }

  /// Both readers, both writers.
  private func comesBack<Value: Codable & Equatable>(_ value: Value) throws {
    let (ours, theirs) = (try JSON.encode(value), try JSONEncoder().encode(value))
    #expect(try JSON.decode(Value.self, from: ours) == value)
    #expect(try JSON.decode(Value.self, from: [UInt8](theirs)) == value)
    #expect(try JSONDecoder().decode(Value.self, from: Data(ours)) == value)
  }

  // MARK: What is synthesized

  @Test func enumsWithPayloadsAreObjectsByTheirCase() throws {
    #expect(try text(JSONShape.point) == #"{"point":{}}"#)
    #expect(try text(JSONShape.circle(radius: 1.5)) == #"{"circle":{"radius":1.5}}"#)
    #expect(try text(JSONShape.named("a")) == #"{"named":{"_0":"a"}}"#)
    #expect(
      try text([JSONShape.group([.point, .box(width: 1, height: 2)], name: nil), .point])
        == #"[{"group":{"_0":[{"point":{}},{"box":{"width":1,"height":2}}]}},{"point":{}}]"#)
    #expect(throws: JSONError.self) { try self.decode(JSONShape.self, #"{"point":{},"named":{}}"#) }
    #expect(throws: JSONError.self) { try self.decode(JSONShape.self, #"{"line":{}}"#) }
  }

  @Test func dictionariesAreObjectsWhereTheirKeysAreNames() throws {
    #expect(try text(["a\"": 1]) == #"{"a\"":1}"#)
    #expect(try text([3: "x"]) == #"{"3":"x"}"#)
    #expect(try text([JSONColor.red: true]) == #"{"red":true}"#)
    #expect(try text([JSONSize.large: [1]]) == "[7,[1]]")
    #expect(try text([String: Int]()) == "{}")
    try comesBack(["a": ["b": [1: [JSONColor.blue: 2.5]]]])
    #expect(throws: JSONError.self) { try self.decode([Int: Int].self, #"{"x":1}"#) }
  }

  @Test func optionalsAreNullOrLeftOut() throws {
    struct Optionals: Codable, Equatable {
      var a: Int?
      var b: [String?]
      var c: Int??
    }
    #expect(try text(Optionals(a: nil, b: [nil, "x"], c: nil)) == #"{"b":[null,"x"]}"#)
    #expect(try text(Optionals(a: 1, b: [], c: .some(nil))) == #"{"a":1,"b":[],"c":null}"#)
    #expect(try text(Int??.some(nil)) == "null")
    #expect(try text(String?.none) == "null")
    #expect(try decode(Int??.self, "null") == JSONDecoder().decode(Int??.self, from: Data("null".utf8)))
    let read = try decode(Optionals.self, #"{"a":null,"b":[null],"c":5}"#)
    #expect(read == Optionals(a: nil, b: [nil], c: 5))
  }

  // MARK: By hand

  private class Animal: Codable {
    var name: String
    init(name: String) { self.name = name }
  }

  /// Both classes in one object.
  private final class Cat: Animal {
    var lives = 9
    private enum Key: CodingKey { case lives }
    override init(name: String) { super.init(name: name) }
    required init(from decoder: any Decoder) throws {
      lives = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .lives)
      try super.init(from: decoder)
    }
    override func encode(to encoder: any Encoder) throws {
      try super.encode(to: encoder)
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(lives, forKey: .lives)
    }
  }

  /// The class above it in an object of its own.
  private final class Dog: Animal {
    var tricks: [String] = []
    private enum Key: CodingKey { case tricks, animal }
    private let named: Bool
    init(name: String, tricks: [String], named: Bool) {
      (self.tricks, self.named) = (tricks, named)
      super.init(name: name)
    }
    required init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      tricks = try values.decode([String].self, forKey: .tricks)
      named = values.contains(.animal)
      try super.init(from: named ? values.superDecoder(forKey: .animal) : values.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      // Asked for before what is written before it.
      let parent = named ? values.superEncoder(forKey: .animal) : values.superEncoder()
      try values.encode(tricks, forKey: .tricks)
      try super.encode(to: parent)
    }
  }

  @Test func classesEncodeThemselvesAndTheirParents() throws {
    #expect(try text(Cat(name: "Tom")) == #"{"name":"Tom","lives":9}"#)
    let cat = try decode(Cat.self, #"{"lives":7,"name":"Tim"}"#)
    #expect(cat.name == "Tim" && cat.lives == 7)
    #expect(
      try text([Dog(name: "Rex", tricks: ["sit"], named: false), Dog(name: "Max", tricks: [], named: true)])
        == #"[{"super":{"name":"Rex"},"tricks":["sit"]},{"animal":{"name":"Max"},"tricks":[]}]"#)
    let dog = try decode(Dog.self, #"{"tricks":["sit"],"super":{"name":"Rex"}}"#)
    #expect(dog.name == "Rex" && dog.tricks == ["sit"])
    #expect(try decode(Dog.self, #"{"tricks":[],"animal":{"name":"Max"}}"#).name == "Max")
    #expect(throws: JSONError.self) { try self.decode(Dog.self, #"{"tricks":[]}"#) }
  }

  /// Writes its parts out of order, and reads them so.
  private struct Interleaved: Codable, Equatable {
    var numbers: [Int]
    var names: [String: String]
    var deep: [[Double]]

    private enum Key: CodingKey { case numbers, names, deep, last }

    init(numbers: [Int], names: [String: String], deep: [[Double]]) {
      (self.numbers, self.names, self.deep) = (numbers, names, deep)
    }

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      var numbers = values.nestedUnkeyedContainer(forKey: .numbers)
      var names = values.nestedContainer(keyedBy: JSONKey.self, forKey: .names)
      var deep = values.nestedUnkeyedContainer(forKey: .deep)
      try values.encode(true, forKey: .last)
      for (name, value) in self.names { try names.encode(value, forKey: JSONKey(stringValue: name)) }
      for row in self.deep {
        var inner = deep.nestedUnkeyedContainer()
        for value in row {
          if numbers.count < self.numbers.count { try numbers.encode(self.numbers[numbers.count]) }
          try inner.encode(value)
        }
        #expect(inner.count == row.count)
      }
      for number in self.numbers.dropFirst(numbers.count) { try numbers.encode(number) }
      #expect(deep.count == self.deep.count)
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      var (numbers, deep) = (
        try values.nestedUnkeyedContainer(forKey: .numbers), try values.nestedUnkeyedContainer(forKey: .deep)
      )
      let names = try values.nestedContainer(keyedBy: JSONKey.self, forKey: .names)
      (self.numbers, self.names, self.deep) = ([], [:], [])
      for name in names.allKeys { self.names[name.stringValue] = try names.decode(String.self, forKey: name) }
      #expect(numbers.count != nil && deep.count != nil)
      while !deep.isAtEnd {
        if !numbers.isAtEnd { self.numbers.append(try numbers.decode(Int.self)) }
        var inner = try deep.nestedUnkeyedContainer()
        var row: [Double] = []
        while !inner.isAtEnd { row.append(try inner.decode(Double.self)) }
        self.deep.append(row)
      }
      while !numbers.isAtEnd { self.numbers.append(try numbers.decode(Int.self)) }
      #expect(try values.decode(Bool.self, forKey: .last))
    }
  }

  @Test func whatIsWrittenLaterStandsWhereItWasAskedFor() throws {
    try comesBack(Interleaved(numbers: [1, 2, 3], names: ["a": "b"], deep: [[0.5], [], [1, 2, 3, 4]]))
    try comesBack([
      Interleaved(numbers: [], names: [:], deep: []), Interleaved(numbers: [1], names: [:], deep: []),
    ])
  }

  @Test func whatIsAskedForAndNotWrittenIsEmpty() throws {
    struct Empty: Encodable { func encode(to encoder: any Encoder) {} }
    struct Parts: Encodable {
      func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        _ = values.superEncoder()
        _ = values.nestedUnkeyedContainer()
        _ = values.nestedContainer(keyedBy: JSONKey.self)
        try values.encode(Empty())
        var single = values.superEncoder().singleValueContainer()
        try single.encode("x")
      }
    }
    #expect(try text(Parts()) == #"[{},[],{},{},"x"]"#)
    #expect(throws: JSONError.self) { try self.text(Empty()) }
  }

  @Test func aNumberThatIsNotFiniteIsRefusedByItsPlace() throws {
    func description(_ value: some Encodable) -> String? {
      #expect(throws: JSONError.self) { try JSON.encode(value) }?.description
    }
    #expect(description(Double.nan) == "expected a finite number, found nan")
    #expect(description(["a": [1, -Float.infinity]]) == "a[1]: expected a finite number, found -inf")
    #expect(
      description([["x": JSONShape.group([.point, .circle(radius: .infinity)], name: nil)]])
        == "[0].x.group._0[1].circle.radius: expected a finite number, found inf")
    struct Named: Encodable {
      let a = "],\"{:"
      let b = 1.0
      let rest = [1.0, Double.nan]
    }
    #expect(description([Named()]) == "[0].rest[1]: expected a finite number, found nan")
  }

  @Test func whatCouldNotBeWrittenLeavesNothingBehind() throws {
    struct Trying: Encodable {
      enum Key: CodingKey { case a, b, c, d }
      func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try? values.encode(Double.nan, forKey: .a)
        var later = values.nestedUnkeyedContainer(forKey: .b)
        try? values.encode([1, 2, Double.infinity], forKey: .a)
        try? values.encode([JSONShape.point, .circle(radius: .nan)], forKey: .c)
        try values.encode([JSONShape.point], forKey: .c)
        try? later.encode(["x": Float.nan])
        try later.encode(1)
        try? later.encode(Float.nan)
        var single = values.superEncoder(forKey: .d).singleValueContainer()
        try? single.encode(Double.nan)
        try? single.encode(["y": Double.nan])
        try single.encode("d")
      }
    }
    #expect(try text(Trying()) == #"{"b":[1],"c":[{"point":{}}],"d":"d"}"#)
  }

  @Test func twoValuesInOnePlaceAreRefused() throws {
    struct Twice: Encodable {
      let write: (any Encoder) throws -> Void
      func encode(to encoder: any Encoder) throws { try write(encoder) }
    }
    func isRefused(_ write: @escaping (any Encoder) throws -> Void) {
      #expect(throws: JSONError.self) { try JSON.encode([Twice(write: write)]) }
      #expect(throws: JSONError.self) { try JSON.encode(Twice(write: write)) }
    }
    isRefused { encoder in
      var single = encoder.singleValueContainer()
      try single.encode(1)
      try single.encode(2)
    }
    isRefused { encoder in
      _ = encoder.container(keyedBy: JSONKey.self)
      _ = encoder.unkeyedContainer()
    }
    isRefused { encoder in
      var single = encoder.singleValueContainer()
      try single.encode(["a": 1])
      var values = encoder.container(keyedBy: JSONKey.self)
      try? values.encode(2, forKey: JSONKey(stringValue: "b"))
      _ = values.nestedContainer(keyedBy: JSONKey.self, forKey: JSONKey(stringValue: "c"))
      _ = values.codingPath
    }
    isRefused { encoder in
      var values = encoder.unkeyedContainer()
      let outer = values
      try values.encode(
        Twice { inner in
          var (own, again) = (inner.unkeyedContainer(), outer)
          try own.encode(1)
          try again.encode(2)
        })
    }
  }

  @Test func valuesWithoutAnEndAreRefused() throws {
    final class Ring: Encodable {
      var next: Ring?
    }
    let ring = Ring()
    ring.next = ring
    defer { ring.next = nil }
    #expect(throws: JSONError.self) { try JSON.encode(ring) }
    struct Same: Encodable {
      func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        try single.encode(self)
      }
    }
    #expect(throws: JSONError.self) { try JSON.encode(Same()) }
    struct Nested: Encodable {
      func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        for _ in 0..<100 { values = values.nestedUnkeyedContainer() }
      }
    }
    #expect(throws: JSONError.self) { try JSON.encode(Nested()) }
  }

  @Test func whatIsWrittenIsNoDeeperThanWhatIsRead() throws {
    indirect enum Deep: Codable { case end, more([Deep]) }
    final class List: Codable {
      let next: List?
      init(_ next: List?) { self.next = next }
    }
    func list(_ length: Int) -> List? { length == 0 ? nil : List(list(length - 1)) }
    let text = try JSON.encode(list(64))
    #expect(throws: Never.self) { try JSON.decode(List.self, from: text) }
    #expect(throws: JSONError.self) { try JSON.encode(list(65)) }
  }
}
