// The members of an object, as Codable tells them.

struct JSONObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoding: JSONEncoding
  let start: Int

  var codingPath: [any CodingKey] { encoding.codingPath(at: start) }

  mutating func encodeNil(forKey key: Key) throws { try member(key).pointee.json.null() }
  mutating func encode(_ value: Bool, forKey key: Key) throws { try member(key).pointee.json.bool(value) }
  mutating func encode(_ value: String, forKey key: Key) throws { try member(key).pointee.json.string(value) }
  mutating func encode(_ value: Double, forKey key: Key) throws { try number(value, key) }
  mutating func encode(_ value: Float, forKey key: Key) throws { try number(value, key) }
  mutating func encode(_ value: Int, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: Int8, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: Int16, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: Int32, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: Int64, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: Int128, forKey key: Key) throws {
    try member(key).pointee.json.integer(value)
  }
  mutating func encode(_ value: UInt, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: UInt8, forKey key: Key) throws { try member(key).pointee.json.integer(value) }
  mutating func encode(_ value: UInt16, forKey key: Key) throws {
    try member(key).pointee.json.integer(value)
  }
  mutating func encode(_ value: UInt32, forKey key: Key) throws {
    try member(key).pointee.json.integer(value)
  }
  mutating func encode(_ value: UInt64, forKey key: Key) throws {
    try member(key).pointee.json.integer(value)
  }
  mutating func encode(_ value: UInt128, forKey key: Key) throws {
    try member(key).pointee.json.integer(value)
  }

  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try encoding.write(value, since: encoding.beginMember(key, of: start))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    part(key).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    part(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { part(JSONKey.parent) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { part(key) }

  /// Where the member's value is written.
  @inline(__always)
  private func member(_ key: Key) throws -> UnsafeMutablePointer<JSONEncoding.State> {
    _ = try encoding.beginMember(key, of: start)
    return encoding.state
  }

  private func number(_ value: some BinaryFloatingPoint & CustomStringConvertible, _ key: Key) throws {
    try encoding.check(value, at: codingPath + [key])
    try member(key).pointee.json.number(value)
  }

  private func part(_ key: some CodingKey) -> JSONValueEncoding {
    guard (try? encoding.beginMember(key, of: start)) != nil else {
      return JSONValueEncoding(encoding: encoding.beginLostPart(key.stringValue, of: start), start: 0)
    }
    return JSONValueEncoding(encoding: encoding.beginPart(), start: 0)
  }
}
