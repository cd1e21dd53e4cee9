// The elements of an array, one after the other, as Codable tells them.

struct JSONArrayEncoding: UnkeyedEncodingContainer {
  let encoding: JSONEncoding
  let start: Int

  var codingPath: [any CodingKey] { encoding.codingPath(at: start) }
  /// Elements that the array has; 0 for who may not write to it now.
  var count: Int { encoding.isDue(start, .array) ? encoding.state.pointee.scope.count : 0 }

  mutating func encodeNil() throws { try element { $0.null() } }
  mutating func encode(_ value: Bool) throws { try element { $0.bool(value) } }
  mutating func encode(_ value: String) throws { try element { $0.string(value) } }
  mutating func encode(_ value: Double) throws { try number(value) }
  mutating func encode(_ value: Float) throws { try number(value) }
  mutating func encode(_ value: Int) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: Int8) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: Int16) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: Int32) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: Int64) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: Int128) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt8) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt16) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt32) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt64) throws { try element { $0.integer(value) } }
  mutating func encode(_ value: UInt128) throws { try element { $0.integer(value) } }

  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try encoding.write(value, since: encoding.beginElement(of: start))
    encoding.state.pointee.scope.count += 1
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    part().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { part().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { part() }

  @inline(__always)
  private func element(_ write: (inout JSONWriter) -> Void) throws {
    _ = try encoding.beginElement(of: start)
    write(&encoding.state.pointee.json)
    encoding.state.pointee.scope.count += 1
  }

  private func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) throws {
    try encoding.check(value, at: codingPath + [JSONKey(intValue: count)])
    try element { $0.number(value) }
  }

  private func part() -> JSONValueEncoding {
    guard (try? encoding.beginElement(of: start)) != nil else {
      return JSONValueEncoding(encoding: encoding.beginLostPart("an element", of: start), start: 0)
    }
    encoding.state.pointee.scope.count += 1
    return JSONValueEncoding(encoding: encoding.beginPart(), start: 0)
  }
}
