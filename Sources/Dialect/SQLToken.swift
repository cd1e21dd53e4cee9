// SQL as a row of words and signs, as SQLite and PostgreSQL read it.

/// A piece of a text of SQL. Blanks and comments are none.
package struct SQLToken: Equatable, Sendable {
  /// What it is, as far as its letters tell.
  package enum Kind: Equatable, Sendable {
    /// A keyword, or a name without quotation marks.
    case word
    /// A name in quotation marks.
    case name
    /// A name as only SQLite, or others, write it: `[notes]`, with accents grave.
    case foreignName
    /// What stands between `'`, or between two `$tag$`.
    case text
    /// `x'0a'`.
    case bytes
    /// With or without a point; whatever else follows on a digit.
    case number
    /// `$1`, and what only SQLite knows: `?`, `:name`, `@name`.
    case parameter
    /// One that is no letter, or several that belong together, such as `||`.
    case sign
  }

  /// What it is.
  package let kind: Kind
  /// As it is written; of names and texts what is between the quotation marks.
  package let text: String
  /// From 1.
  package let line: Int
  /// Where it begins and ends among the bytes of the text.
  package let bytes: Range<Int>

  /// A word in small letters, as both engines take it; nothing for what is no word.
  package var word: String { kind == .word ? text.lowercased() : "" }

  /// Whether it is this keyword, or this sign.
  package func `is`(_ wanted: String) -> Bool {
    switch kind {
    case .word: text.lowercased() == wanted
    case .sign: text == wanted
    default: false
    }
  }

  /// Whether it may be what something is called.
  package var isName: Bool { [.word, .name, .foreignName].contains(kind) }

  /// All of them in a text. A quotation or a comment without an end goes to the end of the text.
  package static func all(in sql: String) -> [SQLToken] {
    var scanner = SQLScanner(sql)
    return scanner.tokens()
  }
}

/// Takes a text apart, byte by byte: no letter outside of ASCII means anything but itself.
private struct SQLScanner {
  private let bytes: [UInt8]
  private var place = 0
  private var line = 1

  init(_ sql: String) {
    bytes = Array(sql.utf8)
    // A mark at a file's beginning that only says which encoding it has.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { place = 3 }
  }

  mutating func tokens() -> [SQLToken] {
    var tokens: [SQLToken] = []
    while let byte = at(0) {
      if Self.isBlank(byte) {
        advance(1)
      } else if starts("--") {
        while let byte = at(0), byte != Self.newline { advance(1) }
      } else if starts("/*") {
        skipComment()
      } else {
        tokens.append(token(byte))
      }
    }
    return tokens
  }

  private mutating func token(_ byte: UInt8) -> SQLToken {
    let (start, firstLine) = (place, line)
    let (kind, text) = piece(byte)
    return SQLToken(kind: kind, text: text, line: firstLine, bytes: start..<place)
  }

  private mutating func piece(_ byte: UInt8) -> (SQLToken.Kind, String) {
    switch byte {
    case UInt8(ascii: "'"): return (.text, quoted(until: byte))
    case UInt8(ascii: "\""): return (.name, quoted(until: byte))
    case UInt8(ascii: "`"): return (.foreignName, quoted(until: byte))
    case UInt8(ascii: "["): return (.foreignName, quoted(until: UInt8(ascii: "]")))
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      guard at(1) == UInt8(ascii: "'") else { return (.word, taken(while: Self.isOfWord)) }
      advance(1)
      return (.bytes, quoted(until: UInt8(ascii: "'")))
    case UInt8(ascii: "$"): return dollar()
    case UInt8(ascii: "?"), UInt8(ascii: "@"): return (.parameter, taken(first: 1, while: Self.isOfWord))
    case UInt8(ascii: ":") where at(1).map(Self.beginsWord) ?? false:
      return (.parameter, taken(first: 1, while: Self.isOfWord))
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return (.number, number())
    case UInt8(ascii: ".") where at(1).map(Self.isDigit) ?? false: return (.number, number())
    default:
      return Self.beginsWord(byte) ? (.word, taken(while: Self.isOfWord)) : (.sign, sign())
    }
  }

  /// `$1`, or a text between two `$tag$`.
  private mutating func dollar() -> (SQLToken.Kind, String) {
    if at(1).map(Self.isDigit) ?? false { return (.parameter, taken(first: 1, while: Self.isDigit)) }
    var end = place + 1
    while end < bytes.count, Self.isOfWord(bytes[end]), bytes[end] != UInt8(ascii: "$") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else {
      return (.parameter, taken(first: 1, while: Self.isOfWord))
    }
    let tag = Array(bytes[place...end])
    advance(tag.count)
    let start = place
    while place < bytes.count, !bytes[place...].starts(with: tag) { advance(1) }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    advance(tag.count)
    return (.text, text)
  }

  private mutating func number() -> String {
    let start = place
    while let byte = at(0) {
      let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      let follows = place > start && bytes[place - 1] | 0x20 == UInt8(ascii: "e")
      let isHex = bytes[start...].starts(with: Array("0x".utf8))
      guard Self.isOfWord(byte) || byte == UInt8(ascii: ".") || (isSign && follows && !isHex) else { break }
      advance(1)
    }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private static let signs = ["->>", "||", "<<", ">>", "<=", ">=", "<>", "!=", "==", "->", "::"]

  private mutating func sign() -> String {
    let sign = Self.signs.first(where: starts) ?? String(decoding: [bytes[place]], as: UTF8.self)
    advance(Self.signs.contains(sign) ? sign.utf8.count : 1)
    return sign
  }

  // MARK: Steps

  private func at(_ offset: Int) -> UInt8? {
    place + offset < bytes.count ? bytes[place + offset] : nil
  }

  private func starts(_ text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

  private mutating func advance(_ count: Int) {
    let end = min(place + count, bytes.count)
    for byte in bytes[place..<end] where byte == Self.newline { line += 1 }
    place = end
  }

  private mutating func taken(first: Int = 0, while isWanted: (UInt8) -> Bool) -> String {
    let start = place
    advance(first)
    while let byte = at(0), isWanted(byte) { advance(1) }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  /// Past the end; a doubled mark stands for one.
  private mutating func quoted(until mark: UInt8) -> String {
    var text: [UInt8] = []
    advance(1)
    while let byte = at(0) {
      advance(1)
      if byte == mark {
        guard at(0) == mark, mark != UInt8(ascii: "]") else { break }
        advance(1)
      }
      text.append(byte)
    }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func skipComment() {
    advance(2)
    while place < bytes.count, !starts("*/") { advance(1) }
    advance(2)
  }

  private static let newline = UInt8(ascii: "\n")

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
  private static func beginsWord(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte >= 0x80
  }
  private static func isOfWord(_ byte: UInt8) -> Bool {
    beginsWord(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }
}
