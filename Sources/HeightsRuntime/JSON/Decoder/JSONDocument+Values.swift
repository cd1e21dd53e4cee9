// The values that JSON has itself, each as the type that is asked for.

extension JSONDocument {
  func isNull(_ index: Int) -> Bool { tokens[index].kind == .null }

  func bool(at index: Int) throws -> Bool {
    switch tokens[index].kind {
    case .yes: return true
    case .no: return false
    default: throw mismatch(Bool.self, "true or false", at: index)
    }
  }

  func text(at index: Int) throws -> String {
    let token = tokens[index]
    guard token.kind == .text else { throw mismatch(String.self, "text", at: index) }
    return text(token)
  }

  /// Of a token that is a text or a name.
  func text(_ token: JSONToken) -> String { String(decoding: source.bytes(of: token), as: UTF8.self) }

  /// A whole number, whatever its spelling.
  @inline(__always)
  func whole<Number: FixedWidthInteger>(_ type: Number.Type, at index: Int) throws -> Number {
    let token = tokens[index]
    guard token.kind == .wholeNumber, token.extent < 19 else { return try anyWhole(type, at: index) }
    let digits = source.bytes(of: token)
    let isNegative = digits[0] == UInt8(ascii: "-")
    // 18 digits fit.
    var value: Int64 = 0
    for digit in digits.dropFirst(isNegative ? 1 : 0) {
      value = value &* 10 &+ Int64(digit &- UInt8(ascii: "0"))
    }
    if let number = Number(exactly: isNegative ? -value : value) { return number }
    throw outOfRange(type, at: index)
  }

  private func anyWhole<Number: FixedWidthInteger>(_ type: Number.Type, at index: Int) throws -> Number {
    let token = tokens[index]
    guard token.kind == .wholeNumber || token.kind == .decimalNumber else {
      throw mismatch(type, "a whole number", at: index)
    }
    let decimal = JSONDecimal(source.bytes(of: token))
    guard decimal.isWhole else { throw mismatch(type, "a whole number", at: index, found: shown(token)) }
    guard let number = decimal.whole(type) else { throw outOfRange(type, at: index) }
    return number
  }

  /// The nearest number that the type has.
  func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ type: Number.Type, at index: Int
  ) throws -> Number {
    let token = tokens[index]
    guard token.kind == .wholeNumber || token.kind == .decimalNumber else {
      throw mismatch(type, "a number", at: index)
    }
    // The standard library reads all that JSON's grammar allows, in no locale, and rounds as it should.
    let text = String(decoding: source.bytes(of: token), as: UTF8.self)
    guard let number = Number(text), number.isFinite else {
      throw mismatch(type, "a number that fits \(type)", at: index, found: shown(token))
    }
    return number
  }
}

/// What is thrown where there is another value.
extension JSONDocument {
  func mismatch(_ type: any Any.Type, _ expected: String, at index: Int, found: String? = nil)
    -> DecodingError
  {
    let (path, token) = (path(to: index), tokens[index])
    let error = JSONError(
      .mismatch, at: path, expected: expected, found: found ?? Self.name(of: token.kind),
      offset: Int(token.start) - (token.kind == .text ? 1 : 0))
    let context = DecodingError.Context(
      codingPath: path, debugDescription: "expected \(error.expected), found \(error.found)",
      underlyingError: error)
    if token.kind == .null { return .valueNotFound(type, context) }
    return found == nil ? .typeMismatch(type, context) : .dataCorrupted(context)
  }

  func missing(_ key: any CodingKey, in object: Int) -> DecodingError {
    let path = path(to: object)
    let error = JSONError(
      .missing, at: path + [key], expected: "a value", found: "none",
      offset: Int(tokens[object].start))
    return .keyNotFound(
      key,
      DecodingError.Context(
        codingPath: path, debugDescription: "expected a value, found none", underlyingError: error))
  }

  /// An array has no more elements.
  func ended(_ type: any Any.Type, _ array: Int, at index: Int) -> DecodingError {
    let path = path(to: array) + [JSONKey(intValue: index)]
    let error = JSONError(
      .mismatch, at: path, expected: "a value", found: "the array's end", offset: Int(tokens[array].start))
    return .valueNotFound(
      type,
      DecodingError.Context(codingPath: path, debugDescription: "the array has ended", underlyingError: error)
    )
  }

  private func outOfRange<Number: FixedWidthInteger>(_ type: Number.Type, at index: Int) -> DecodingError {
    mismatch(
      type, "a whole number from \(type.min) to \(type.max)", at: index, found: shown(tokens[index]))
  }

  /// A number as it is spelled, as far as it is shown.
  private func shown(_ token: JSONToken) -> String {
    let (bytes, limit) = (source.bytes(of: token), 40)
    return String(decoding: bytes.prefix(limit), as: UTF8.self) + (bytes.count > limit ? "…" : "")
  }

  private static func name(of kind: JSONToken.Kind) -> String {
    switch kind {
    case .object: "an object"
    case .array: "an array"
    case .text, .repeatedName: "text"
    case .wholeNumber, .decimalNumber: "a number"
    case .yes, .no: "true or false"
    case .null: "null"
    }
  }
}
