// A parser of JSON5: JSON with comments, trailing commas, unquoted keys and single quotes.

/// Parses a document. Bounds: 1 MiB, 64 levels deep.
struct JSON5Parser {
  static let maximumSizeBytes = 1 << 20
  static let maximumDepth = 64

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  /// The document's value, or the first error in it.
  static func parse(_ text: String) throws(JSON5Error) -> JSON5Node {
    if text.utf8.count > maximumSizeBytes { throw JSON5Error(line: 1, message: "larger than 1 MiB") }
    var parser = JSON5Parser(bytes: Array(text.utf8))
    let node = try parser.parseValue(depth: 0)
    try parser.skipSpace()
    if parser.next != nil { throw parser.error("expected the end of the file, found \(parser.nextSummary)") }
    return node
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  private mutating func parseValue(depth: Int) throws(JSON5Error) -> JSON5Node {
    try skipSpace()
    if depth > Self.maximumDepth { throw error("nested deeper than \(Self.maximumDepth) levels") }
    let start = line
    switch next {
    case UInt8(ascii: "{"): return JSON5Node(line: start, value: .object(try parseMembers(depth: depth)))
    case UInt8(ascii: "["): return JSON5Node(line: start, value: .array(try parseElements(depth: depth)))
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return JSON5Node(line: start, value: .string(try parseString()))
    case nil: throw error("expected a value, found the end of the file")
    default: return JSON5Node(line: start, value: try parseWord())
    }
  }

  private mutating func parseMembers(depth: Int) throws(JSON5Error) -> [JSON5Node.Member] {
    var members: [JSON5Node.Member] = []
    position += 1
    while try !takeEnd(UInt8(ascii: "}")) {
      let keyLine = line
      let key = try parseKey()
      try skipSpace()
      if !take(UInt8(ascii: ":")) { throw error("expected ':' after the key '\(key)', found \(nextSummary)") }
      members.append(.init(key: key, line: keyLine, node: try parseValue(depth: depth + 1)))
      try takeSeparator(before: UInt8(ascii: "}"))
    }
    return members
  }

  private mutating func parseElements(depth: Int) throws(JSON5Error) -> [JSON5Node] {
    var elements: [JSON5Node] = []
    position += 1
    while try !takeEnd(UInt8(ascii: "]")) {
      elements.append(try parseValue(depth: depth + 1))
      try takeSeparator(before: UInt8(ascii: "]"))
    }
    return elements
  }

  private mutating func parseKey() throws(JSON5Error) -> String {
    if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") { return try parseString() }
    let start = position
    while let byte = next, Self.isWordByte(byte) { position += 1 }
    let key = String(decoding: bytes[start..<position], as: UTF8.self)
    let startsWell = key.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    if !startsWell { throw error("expected a key, found \(key.isEmpty ? nextSummary : "'\(key)'")") }
    return key
  }

  private mutating func parseWord() throws(JSON5Error) -> JSON5Node.Value {
    let start = position
    while let byte = next, Self.isWordByte(byte) || "+-.".utf8.contains(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    case "": throw error("expected a value, found \(nextSummary)")
    default:
      guard let number = Self.number(word) else {
        throw error("expected a value, found '\(word)' (text needs quotes)")
      }
      return .number(number)
    }
  }
}

// Text: strings and their escapes.
extension JSON5Parser {
  private mutating func parseString() throws(JSON5Error) -> String {
    let quote = bytes[position]
    let start = line
    var text: [UInt8] = []
    position += 1
    while let byte = next {
      position += 1
      switch byte {
      case quote: return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += try parseEscape()
      case UInt8(ascii: "\n"): throw JSON5Error(line: start, message: "the string is not closed on its line")
      default: text.append(byte)
      }
    }
    throw JSON5Error(line: start, message: "the string is not closed")
  }

  private mutating func parseEscape() throws(JSON5Error) -> [UInt8] {
    guard let byte = next else { throw error("the string is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "u"): return Array(String(Character(try parseScalar())).utf8)
    case UInt8(ascii: "\n"):
      line += 1
      return []
    case UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "'"): return [byte]
    default: throw error("unknown escape in a string: \\ before \(Self.summary(of: byte))")
    }
  }

  private mutating func parseScalar() throws(JSON5Error) -> Unicode.Scalar {
    let high = try parseHex4()
    guard (0xD800...0xDBFF).contains(high) else {
      guard let scalar = Unicode.Scalar(high) else { throw error("\\u names half a character") }
      return scalar
    }
    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error("\\u names half a character") }
    let low = try parseHex4()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    else { throw error("\\u names half a character") }
    return scalar
  }

  private mutating func parseHex4() throws(JSON5Error) -> UInt32 {
    let digits = bytes[position..<min(position + 4, bytes.count)]
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits after \\u") }
    position += 4
    return value
  }
}

// Space, separators and single bytes.
extension JSON5Parser {
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private var nextSummary: String { next.map(Self.summary(of:)) ?? "the end of the file" }

  private static func summary(of byte: UInt8) -> String {
    switch byte {
    case 0x0A: "the end of the line"
    case 0x21..<0x7F: "'\(Character(Unicode.Scalar(byte)))'"
    default: "byte \(byte)"
    }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"): true
    default: false
    }
  }

  /// A finite number: decimal, or hexadecimal after 0x.
  private static func number(_ word: String) -> Double? {
    let digits = word.drop { $0 == "+" || $0 == "-" }
    guard word.count - digits.count <= 1, let first = digits.first, first.isNumber || first == "." else {
      return nil
    }
    let size =
      digits.lowercased().hasPrefix("0x")
      ? UInt64(digits.dropFirst(2), radix: 16).map { Double($0) }
      : Double(digits.hasSuffix(".") ? digits + "0" : digits.hasPrefix(".") ? "0" + digits : digits)
    return size.flatMap { $0.isFinite ? (word.hasPrefix("-") ? -$0 : $0) : nil }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    if next != byte { return false }
    position += 1
    return true
  }

  private mutating func takeEnd(_ end: UInt8) throws(JSON5Error) -> Bool {
    try skipSpace()
    if next == nil { throw error("expected \(Self.summary(of: end)), found the end of the file") }
    return take(end)
  }

  private mutating func takeSeparator(before end: UInt8) throws(JSON5Error) {
    try skipSpace()
    if take(UInt8(ascii: ",")) || next == end { return }
    throw error("expected ',' or \(Self.summary(of: end)), found \(nextSummary)")
  }

  private mutating func skipSpace() throws(JSON5Error) {
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        position += 1
      case 0x20, 0x09, 0x0B, 0x0C, 0x0D: position += 1
      case 0xC2 where bytes[position...].starts(with: [0xC2, 0xA0]): position += 2
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(JSON5Error) {
    let start = line
    let rest = bytes[(position + 1)...]
    if rest.first == UInt8(ascii: "/") {
      while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
    } else if rest.first == UInt8(ascii: "*") {
      position += 2
      while !bytes[position...].starts(with: [UInt8(ascii: "*"), UInt8(ascii: "/")]) {
        guard let byte = next else { throw JSON5Error(line: start, message: "the comment is not closed") }
        if byte == UInt8(ascii: "\n") { line += 1 }
        position += 1
      }
      position += 2
    } else {
      throw error("expected a value or a comment, found '/'")
    }
  }

  private func error(_ message: String) -> JSON5Error { JSON5Error(line: line, message: message) }
}
