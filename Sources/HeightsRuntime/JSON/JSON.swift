// Values as JSON and back, by what they say of themselves to Codable: what calls between services and bodies of requests carry.

/// JSON (RFC 8259, in UTF-8) of any `Codable` value, without Foundation.
///
/// It is strict: a text is one value with nothing after it, valid UTF-8 without a byte order mark, nothing deeper than
/// `depthLimit`. How large it may be is the caller's to decide: what is held while it is read takes at most ten times
/// its size.
///
/// Numbers are exact: whole numbers are read from any spelling of one (`100`, `1e2`, `100.0`) and refused when the type
/// can't hold them; `Double` and `Float` are written in the fewest digits that read back the same.
public enum JSON {
  /// How many objects and arrays may lie within each other.
  public static let depthLimit = 64

  /// The JSON text of a value.
  ///
  /// Names are written in the order in which the type encodes them. A type that encodes a name twice writes it twice.
  /// - Parameter capacity: bytes that there is room for at first.
  /// - Throws: `JSONError` for what JSON can't say (a number that isn't finite, a value that encodes nothing) and what the
  ///   type refuses by an `EncodingError`; other errors of the type's `encode(to:)` as they are.
  public static func encode(_ value: some Encodable, capacity: Int = 512) throws -> [UInt8] {
    do {
      return try JSONEncoding(capacity: capacity).bytes(of: value)
    } catch let error as EncodingError {
      throw JSONError(error)
    }
  }

  /// The value that a JSON text says.
  ///
  /// Names that the type doesn't ask for are passed over, so that an older reader understands a newer writer. Of a name
  /// that an object has twice the first counts. Names are compared byte by byte.
  /// - Throws: `JSONError` for a text that isn't JSON or doesn't say such a value, and what the type refuses by a
  ///   `DecodingError`; other errors of the type's `init(from:)` as they are.
  public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    let document = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in try JSONDocument(bytes) }
    do {
      return try document.value(type, at: 0)
    } catch let error as DecodingError {
      throw JSONError(error)
    }
  }
}
