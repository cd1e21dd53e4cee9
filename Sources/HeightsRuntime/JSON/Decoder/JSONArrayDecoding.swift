// The elements of an array, one after the other, as Codable asks for them.

struct JSONArrayDecoding: UnkeyedDecodingContainer {
  private let document: JSONDocument
  // In as many bytes as a container may have without memory of its own.
  private let array: UInt32
  private var element: UInt32
  private var position: UInt32 = 0

  init(document: JSONDocument, index: Int) {
    self.document = document
    array = UInt32(truncatingIfNeeded: index)
    element = array + 1
  }

  /// Of the array's token.
  private var index: Int { Int(array) }
  /// Of the token of the element that is next.
  private var next: Int { Int(element) }
  var currentIndex: Int { Int(position) }

  var codingPath: [any CodingKey] { document.path(to: index) }
  var count: Int? { Int(document.tokens[index].extent) }
  var isAtEnd: Bool { next >= Int(document.tokens[index].next) }

  mutating func decodeNil() throws -> Bool {
    if isAtEnd { throw document.ended((Any?).self, index, at: currentIndex) }
    guard document.isNull(next) else { return false }
    advance()
    return true
  }

  mutating func decode(_ type: Bool.Type) throws -> Bool { try take { try $0.bool(at: $1) } }
  mutating func decode(_ type: String.Type) throws -> String { try take { try $0.text(at: $1) } }
  mutating func decode(_ type: Double.Type) throws -> Double {
    try take { try $0.number(type, at: $1) }
  }
  mutating func decode(_ type: Float.Type) throws -> Float { try take { try $0.number(type, at: $1) } }
  mutating func decode(_ type: Int.Type) throws -> Int { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: Int128.Type) throws -> Int128 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take { try $0.whole(type, at: $1) } }
  mutating func decode(_ type: UInt128.Type) throws -> UInt128 {
    try take { try $0.whole(type, at: $1) }
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try take { try $0.value(type, at: $1) }
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try take { try JSONDecoding(document: $0, index: $1).container(keyedBy: type) }
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take { try JSONDecoding(document: $0, index: $1).unkeyedContainer() }
  }

  mutating func superDecoder() throws -> any Decoder {
    try take { JSONDecoding(document: $0, index: $1) }
  }

  /// The next element. What can't be read as one type stays next, and may be read as another.
  @inline(__always)
  private mutating func take<Value>(_ read: (JSONDocument, Int) throws -> Value) throws -> Value {
    if isAtEnd { throw document.ended(Value.self, index, at: currentIndex) }
    let value = try read(document, next)
    advance()
    return value
  }

  private mutating func advance() {
    element = document.tokens[next].next
    position += 1
  }
}
