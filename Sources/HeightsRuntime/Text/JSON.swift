// JSON text for values that are Codable.

import Foundation

/// JSON (RFC 8259) for whatever is Codable.
public enum JSON {
  /// - Throws: `EncodingError` for what JSON can't say.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return try [UInt8](encoder.encode(value))
  }

  /// - Throws: `DecodingError` that says where it is not what was expected.
  public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}
