// The members of an object, as Codable asks for them.

struct JSONObjectDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let document: JSONDocument
  /// Of the object's token.
  let index: Int

  var codingPath: [any CodingKey] { document.path(to: index) }
  var allKeys: [Key] { document.names(of: index).compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { document.member(key.stringValue, of: index) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { document.isNull(try find(key)) }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try document.bool(at: find(key)) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try document.text(at: find(key)) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
    try document.number(type, at: find(key))
  }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
    try document.number(type, at: find(key))
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try document.whole(type, at: find(key)) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try document.whole(type, at: find(key)) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try document.whole(type, at: find(key)) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try document.whole(type, at: find(key)) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try document.whole(type, at: find(key)) }
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
    try document.whole(type, at: find(key))
  }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try document.whole(type, at: find(key)) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try document.whole(type, at: find(key)) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
    try document.whole(type, at: find(key))
  }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
    try document.whole(type, at: find(key))
  }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
    try document.whole(type, at: find(key))
  }
  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
    try document.whole(type, at: find(key))
  }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try document.value(type, at: find(key))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try decoder(at: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(at: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try decoder(at: JSONKey.parent) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(at: key) }

  private func decoder(at key: some CodingKey) throws -> JSONDecoding {
    JSONDecoding(document: document, index: try find(key))
  }

  @inline(__always)
  private func find(_ key: some CodingKey) throws -> Int {
    guard let value = document.member(key.stringValue, of: index) else {
      throw document.missing(key, in: index)
    }
    return value
  }
}

/// One look instead of the three that `contains`, `decodeNil` and `decode` take, for what is asked for most.
extension JSONObjectDecoding {
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    try findIfPresent(key).map { try document.bool(at: $0) }
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    try findIfPresent(key).map { try document.text(at: $0) }
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    try findIfPresent(key).map { try document.number(type, at: $0) }
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    try findIfPresent(key).map { try document.whole(type, at: $0) }
  }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
    try findIfPresent(key).map { try document.whole(type, at: $0) }
  }

  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    try findIfPresent(key).map { try document.value(type, at: $0) }
  }

  @inline(__always)
  private func findIfPresent(_ key: Key) -> Int? {
    guard let value = document.member(key.stringValue, of: index), !document.isNull(value) else { return nil }
    return value
  }
}
