// One value of a text, as Codable asks for it.

/// A place in a text. What is at it is looked at when it is asked for.
struct JSONDecoding: Decoder {
  let document: JSONDocument
  /// Of the value's token.
  let index: Int

  var codingPath: [any CodingKey] { document.path(to: index) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard document.tokens[index].kind == .object else {
      throw document.mismatch([String: Any].self, "an object", at: index)
    }
    return KeyedDecodingContainer(JSONObjectDecoding<Key>(document: document, index: index))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard document.tokens[index].kind == .array else {
      throw document.mismatch([Any].self, "an array", at: index)
    }
    return JSONArrayDecoding(document: document, index: index)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension JSONDecoding: SingleValueDecodingContainer {
  func decodeNil() -> Bool { document.isNull(index) }
  func decode(_ type: Bool.Type) throws -> Bool { try document.bool(at: index) }
  func decode(_ type: String.Type) throws -> String { try document.text(at: index) }
  func decode(_ type: Double.Type) throws -> Double { try document.number(type, at: index) }
  func decode(_ type: Float.Type) throws -> Float { try document.number(type, at: index) }
  func decode(_ type: Int.Type) throws -> Int { try document.whole(type, at: index) }
  func decode(_ type: Int8.Type) throws -> Int8 { try document.whole(type, at: index) }
  func decode(_ type: Int16.Type) throws -> Int16 { try document.whole(type, at: index) }
  func decode(_ type: Int32.Type) throws -> Int32 { try document.whole(type, at: index) }
  func decode(_ type: Int64.Type) throws -> Int64 { try document.whole(type, at: index) }
  func decode(_ type: Int128.Type) throws -> Int128 { try document.whole(type, at: index) }
  func decode(_ type: UInt.Type) throws -> UInt { try document.whole(type, at: index) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try document.whole(type, at: index) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try document.whole(type, at: index) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try document.whole(type, at: index) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try document.whole(type, at: index) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try document.whole(type, at: index) }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try document.value(type, at: index)
  }
}
