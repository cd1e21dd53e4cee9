// One value of a text, as Codable tells it.

/// A place in a text where a value is due: it says itself what it is.
struct JSONValueEncoding: Encoder {
  /// What is asked of an object or array that can't be here.
  private static let nowhere = -2

  let encoding: JSONEncoding
  let start: Int

  var codingPath: [any CodingKey] { encoding.codingPath(at: start) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let isHere = encoding.begin(.object, at: start)
    return KeyedEncodingContainer(
      JSONObjectEncoding<Key>(encoding: encoding, start: isHere ? start : Self.nowhere))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    let isHere = encoding.begin(.array, at: start)
    return JSONArrayEncoding(encoding: encoding, start: isHere ? start : Self.nowhere)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension JSONValueEncoding: SingleValueEncodingContainer {
  func encodeNil() throws { try write { $0.null() } }
  func encode(_ value: Bool) throws { try write { $0.bool(value) } }
  func encode(_ value: String) throws { try write { $0.string(value) } }
  func encode(_ value: Double) throws { try number(value) }
  func encode(_ value: Float) throws { try number(value) }
  func encode(_ value: Int) throws { try write { $0.integer(value) } }
  func encode(_ value: Int8) throws { try write { $0.integer(value) } }
  func encode(_ value: Int16) throws { try write { $0.integer(value) } }
  func encode(_ value: Int32) throws { try write { $0.integer(value) } }
  func encode(_ value: Int64) throws { try write { $0.integer(value) } }
  func encode(_ value: Int128) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt8) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt16) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt32) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt64) throws { try write { $0.integer(value) } }
  func encode(_ value: UInt128) throws { try write { $0.integer(value) } }

  func encode<Value: Encodable>(_ value: Value) throws { try encoding.writeWhole(value, at: start) }

  @inline(__always)
  private func write(_ write: (inout JSONWriter) -> Void) throws {
    try encoding.beginWhole(at: start)
    write(&encoding.state.pointee.json)
    encoding.state.pointee.scope.shape = .written
  }

  private func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) throws {
    try encoding.check(value, at: codingPath)
    try write { $0.number(value) }
  }
}
