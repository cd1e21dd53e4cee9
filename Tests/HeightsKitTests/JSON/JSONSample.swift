// A type with all that Codable makes of itself, and values of it at random.

import TestSupport

enum JSONColor: String, Codable, CodingKeyRepresentable, CaseIterable { case red, green, blue }

enum JSONSize: Int, Codable, CaseIterable { case small = -1, large = 7 }

enum JSONShape: Codable, Equatable {
  case point
  case circle(radius: Double)
  case box(width: Int, height: Int)
  indirect case group([JSONShape], name: String?)
  case named(String)
}

struct JSONWidths: Codable, Equatable {
  var a: Int8
  var b: Int16
  var c: Int32
  var d: Int64
  var e: Int
  var f: UInt8
  var g: UInt16
  var h: UInt32
  var i: UInt64
  var j: UInt
}

struct JSONSample: Codable, Equatable {
  var text: String
  var flag: Bool
  var double: Double
  var float: Float
  var widths: JSONWidths
  var maybe: String?
  var maybeNumber: Int?
  var maybeDouble: Double?
  var maybeFlag: Bool?
  var maybeChild: [JSONSample]?
  var twice: Int??
  var list: [[Int?]?]
  var byName: [String: Float]
  var byNumber: [Int: String]
  var byColor: [JSONColor: UInt16]
  var bySize: [JSONSize: Bool]
  var set: Set<Int16>
  var color: JSONColor
  var size: JSONSize
  var shape: JSONShape
  var children: [JSONSample]
}

/// Values at random, from a seed.
struct JSONSamples {
  var random: SplitMix

  init(seed: UInt64) { random = SplitMix(seed) }

  mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  mutating func whole<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
    if chance(4) { return [.min, .max, 0, 1][Int.random(in: 0..<4, using: &random)] }
    return Number.random(in: .min ... .max, using: &random)
      >> Number.random(in: 0..<Number(Number.bitWidth), using: &random)
  }

  mutating func double() -> Double {
    let any = Double(bitPattern: random.next())
    let short = Double(Int.random(in: -100_000...100_000, using: &random)) / 100
    return any.isFinite && chance(2) ? any : short
  }

  mutating func float() -> Float {
    let any = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
    return any.isFinite ? any : 0.1
  }

  mutating func text() -> String { String.random(upTo: 20, using: &random) }

  mutating func list<Value>(upTo limit: Int = 4, _ value: (inout JSONSamples) -> Value) -> [Value] {
    (0..<Int.random(in: 0...limit, using: &random)).map { _ in value(&self) }
  }

  mutating func maybe<Value>(_ value: (inout JSONSamples) -> Value) -> Value? {
    chance(2) ? nil : value(&self)
  }

  mutating func one<Value>(of values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }

  mutating func table<Key: Hashable, Value>(
    _ key: (inout JSONSamples) -> Key, _ value: (inout JSONSamples) -> Value
  ) -> [Key: Value] {
    Dictionary(list { (key(&$0), value(&$0)) }) { first, _ in first }
  }

  mutating func shape(depth: Int = 0) -> JSONShape {
    switch Int.random(in: 0..<(depth > 3 ? 4 : 6), using: &random) {
    case 0: .point
    case 1: .circle(radius: double())
    case 2: .box(width: whole(Int.self), height: whole(Int.self))
    case 3: .named(text())
    default: .group(list { $0.shape(depth: depth + 1) }, name: maybe { $0.text() })
    }
  }

  mutating func widths() -> JSONWidths {
    JSONWidths(
      a: whole(Int8.self), b: whole(Int16.self), c: whole(Int32.self), d: whole(Int64.self),
      e: whole(Int.self),
      f: whole(UInt8.self), g: whole(UInt16.self), h: whole(UInt32.self), i: whole(UInt64.self),
      j: whole(UInt.self))
  }

  mutating func sample(depth: Int = 0) -> JSONSample {
    JSONSample(
      text: text(), flag: chance(2), double: double(), float: float(), widths: widths(),
      maybe: maybe { $0.text() }, maybeNumber: maybe { $0.whole(Int.self) },
      maybeDouble: maybe { $0.double() },
      maybeFlag: maybe { $0.chance(2) },
      maybeChild: depth > 1 ? nil : maybe { $0.list(upTo: 1) { $0.sample(depth: depth + 1) } },
      twice: maybe { $0.maybe { $0.whole(Int.self) } },
      list: list { $0.maybe { $0.list { $0.maybe { $0.whole(Int.self) } } } },
      byName: table({ $0.text() }, { $0.float() }), byNumber: table({ $0.whole(Int.self) }, { $0.text() }),
      byColor: table({ $0.one(of: JSONColor.allCases) }, { $0.whole(UInt16.self) }),
      bySize: table({ $0.one(of: JSONSize.allCases) }, { $0.chance(2) }),
      set: Set(list { $0.whole(Int16.self) }), color: one(of: JSONColor.allCases),
      size: one(of: JSONSize.allCases), shape: shape(),
      children: depth > 1 ? [] : list(upTo: 2) { $0.sample(depth: depth + 1) })
  }

  mutating func tree(depth: Int = 0) -> JSONTree {
    switch Int.random(in: 0..<(depth > 4 ? 5 : 8), using: &random) {
    case 0: .null
    case 1: .bool(chance(2))
    case 2: .whole(whole(Int64.self))
    case 3: .number(double())
    case 4: .text(text())
    case 5: .array(list { $0.tree(depth: depth + 1) })
    default: .object(table({ $0.text() }, { $0.tree(depth: depth + 1) }))
    }
  }
}
