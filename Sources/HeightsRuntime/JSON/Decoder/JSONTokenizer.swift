// From bytes to tokens: everything that JSON's grammar asks for is checked here, once.

/// Reads one value after the other (RFC 8259, 2 to 7).
struct JSONTokenizer: ~Copyable {
  let source: JSONSource
  var tokens: JSONTokens
  var position = 0
  private var depth = 0

  /// - Throws: `JSONError`: the text is longer than tokens can tell.
  init(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    guard bytes.count < UInt32.max else {
      throw JSONError(.malformed, expected: "at most \(UInt32.max) bytes", found: "\(bytes.count)", offset: 0)
    }
    source = JSONSource(bytes)
    tokens = JSONTokens(textBytes: bytes.count)
  }

  /// The whole text, which is one value: token 0.
  mutating func tokenize() throws(JSONError) {
    try value()
    skipSpace()
    if position < source.count { throw unexpected("the end of the text") }
  }

  private mutating func value() throws(JSONError) {
    skipSpace()
    switch source[position] {
    case UInt8(ascii: "\""): _ = try text()
    case UInt8(ascii: "{"): try object()
    case UInt8(ascii: "["): try array()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    default: throw unexpected("a value")
    }
  }

  private mutating func array() throws(JSONError) {
    try deepen()
    let array = tokens.append(.array, at: position)
    var elements = 0
    if begins(endingWith: UInt8(ascii: "]")) {
      repeat {
        try value()
        elements += 1
      } while try goesOn(endingWith: UInt8(ascii: "]"), "',' or ']'")
    }
    tokens.close(array, extent: elements)
    depth -= 1
  }

  private mutating func object() throws(JSONError) {
    try deepen()
    let object = tokens.append(.object, at: position)
    var names = JSONNames()
    if begins(endingWith: UInt8(ascii: "}")) {
      repeat {
        skipSpace()
        guard source[position] == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
        let name = try text()
        names.add(tokens[name], source)
        skipSpace()
        guard source[position] == UInt8(ascii: ":") else { throw unexpected("':'") }
        position += 1
        try value()
      } while try goesOn(endingWith: UInt8(ascii: "}"), "',' or '}'")
    }
    tokens.close(object, extent: object + 1)
    if names.mayRepeat { names.markRepeated(in: object, &tokens, source) }
    depth -= 1
  }

  private mutating func deepen() throws(JSONError) {
    depth += 1
    if depth > JSON.depthLimit {
      throw JSONError(
        .malformed, expected: "at most \(JSON.depthLimit) objects and arrays within each other",
        found: "one more", offset: position)
    }
  }

  /// Past the opening bracket, and past the closing one if nothing is between them: then false.
  private mutating func begins(endingWith bracket: UInt8) -> Bool {
    position += 1
    skipSpace()
    guard source[position] == bracket else { return true }
    position += 1
    return false
  }

  /// Past the comma, or past the closing bracket: then false.
  private mutating func goesOn(
    endingWith bracket: UInt8, _ expected: StaticString
  ) throws(JSONError) -> Bool {
    skipSpace()
    let byte = source[position]
    guard byte == bracket || byte == UInt8(ascii: ",") else { throw unexpected("\(expected)") }
    position += 1
    return byte != bracket
  }

  @inline(__always)
  private mutating func skipSpace() {
    while true {
      switch source[position] {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  private mutating func word(_ word: StaticString, _ kind: JSONToken.Kind) throws(JSONError) {
    let start = position
    for offset in 0..<word.utf8CodeUnitCount {
      guard source[position] == word.utf8Start[offset] else { throw unexpected("'\(word)'") }
      position += 1
    }
    _ = tokens.append(kind, at: start)
  }

  /// `-`, digits without leading zeros, a fraction, an exponent.
  private mutating func number() throws(JSONError) {
    let start = position
    var kind = JSONToken.Kind.wholeNumber
    if source[position] == UInt8(ascii: "-") { position += 1 }
    if source[position] == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if source[position] == UInt8(ascii: ".") {
      kind = .decimalNumber
      position += 1
      try digits()
    }
    if source[position] | 0x20 == UInt8(ascii: "e") {
      kind = .decimalNumber
      position += 1
      if source[position] == UInt8(ascii: "+") || source[position] == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    _ = tokens.append(kind, at: start, extent: position - start)
  }

  private mutating func digits() throws(JSONError) {
    let start = position
    while source[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    if position == start { throw unexpected("a digit") }
  }

  /// At the position there is something else.
  func unexpected(_ expected: String) -> JSONError {
    JSONError(.malformed, expected: expected, found: found, offset: position)
  }

  private var found: String {
    if position >= source.count { return "the end" }
    let byte = source[position]
    return 0x20..<0x7f ~= byte ? "'\(UnicodeScalar(byte))'" : "byte 0x\(String(byte, radix: 16))"
  }
}

/// Texts, and names of members. Their escapes are replaced where they stand: what they mean is never longer.
extension JSONTokenizer {
  /// From the quote on; the text's token.
  mutating func text() throws(JSONError) -> Int {
    position += 1
    let start = position
    var end = start
    while true {
      keep(source.plainBytes(at: position), &end)
      switch source[position] {
      case UInt8(ascii: "\""):
        position += 1
        return tokens.append(.text, at: start, extent: end - start)
      case UInt8(ascii: "\\"): try escape(&end)
      case 0x80...: try multibyte(&end)
      default: throw unexpected(position < source.count ? "an escape, such as '\\n'," : "'\"'")
      }
    }
  }

  /// Bytes of a text as they are; `end` is where it ends without its escapes.
  @inline(__always)
  private mutating func keep(_ count: Int, _ end: inout Int) {
    if end != position { source.move(position..<position + count, to: end) }
    position += count
    end += count
  }

  private mutating func multibyte(_ end: inout Int) throws(JSONError) {
    repeat {
      let length = source.multibyteLength(at: position)
      guard length > 0 else { throw unexpected("valid UTF-8") }
      keep(length, &end)
    } while source[position] >= 0x80
  }

  private mutating func escape(_ end: inout Int) throws(JSONError) {
    let meaning = try escaped()
    for byte in UTF8.encode(meaning) ?? UTF8.encodedReplacementCharacter {
      source.replace(at: end, with: byte)
      end += 1
    }
  }

  /// Past an escape; the character that it means.
  private mutating func escaped() throws(JSONError) -> UnicodeScalar {
    let start = position
    position += 2
    switch source[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UnicodeScalar(source[start + 1])
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try escapedCharacter(start)
    default:
      position = start + 1
      throw unexpected("one of \"\\/bfnrtu after the backslash")
    }
  }

  /// After `\u`: four digits, and as much again where it takes two units of UTF-16 to say a character.
  private mutating func escapedCharacter(_ start: Int) throws(JSONError) -> UnicodeScalar {
    let first = try unit()
    if let character = UnicodeScalar(first) { return character }
    guard first < 0xdc00, source[position] == UInt8(ascii: "\\"), source[position + 1] == UInt8(ascii: "u")
    else { throw half(at: start) }
    position += 2
    let second = try unit()
    guard 0xdc00...0xdfff ~= second,
      let character = UnicodeScalar(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff))
    else { throw half(at: start) }
    return character
  }

  private mutating func unit() throws(JSONError) -> UInt32 {
    guard let unit = source.hexadecimal(at: position) else {
      throw JSONError(.malformed, expected: "four hexadecimal digits", found: "others", offset: position)
    }
    position += 4
    return unit
  }

  private func half(at position: Int) -> JSONError {
    JSONError(.malformed, expected: "both halves of a surrogate pair", found: "one", offset: position)
  }
}
