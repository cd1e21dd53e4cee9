// A template's values as YAML: what people review. Text is quoted wherever a reader of YAML 1.1 could take it for
// something else (yes, on, 1e3, 2010-09-09, *).

enum YAMLText {
  /// A document, with a line's end.
  static func of(_ object: Object) -> String {
    var text = ""
    writeMembers(object, indent: 0, to: &text)
    return text
  }

  /// Each member on lines of its own.
  private static func writeMembers(_ object: Object, indent: Int, to text: inout String) {
    for member in object.members {
      text += margin(indent) + scalar(member.name) + ":"
      write(member.value, indent: indent, to: &text)
    }
  }

  /// What stands behind a colon or a dash: on the same line, or on further ones that are indented more.
  private static func write(_ value: Expression, indent: Int, to text: inout String, tag: String = "") {
    let tag = tag.isEmpty ? "" : " " + tag
    switch value {
    case .text(let string) where isBlock(string):
      text += "\(tag) |\n"
      for line in string.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
        text += line.isEmpty ? "\n" : margin(indent + 2) + line + "\n"
      }
    case .list(let values) where !values.isEmpty:
      text += tag + "\n"
      writeItems(values, indent: indent + 2, to: &text)
    case .object(let object) where !object.isEmpty:
      text += tag + "\n"
      writeMembers(object, indent: indent + 2, to: &text)
    default:
      if let plain = inline(value) {
        text += "\(tag) \(plain)\n"
      } else if let short = value.shortForm {
        write(short.argument, indent: indent, to: &text, tag: short.tag)
      } else {
        text += "\n"
        writeMembers(value.longForm, indent: indent + 2, to: &text)
      }
    }
  }

  private static func writeItems(_ values: [Expression], indent: Int, to text: inout String) {
    for value in values {
      text += margin(indent) + "-"
      if case .object(let object) = value, !object.isEmpty {
        // The first member stands on the line of the dash.
        var inner = ""
        writeMembers(object, indent: indent + 2, to: &inner)
        text += " " + inner.dropFirst(indent + 2)
      } else {
        write(value, indent: indent, to: &text)
      }
    }
  }

  /// A value that fits behind a colon; nil for what needs lines of its own.
  private static func inline(_ value: Expression) -> String? {
    switch value {
    case .text(let string): scalar(string)
    case .integer(let number): String(number)
    case .number(let number): JSONText.plain(number)
    case .boolean(let flag): flag ? "true" : "false"
    case .list(let values): values.isEmpty ? "[]" : nil
    case .object(let object): object.isEmpty ? "{}" : nil
    case .reference(let name): "!Ref " + scalar(name)
    case .attribute(let resource, let name): "!GetAtt " + scalar("\(resource).\(name)")
    case .substitution(let text, let variables):
      variables.isEmpty && !isBlock(text) ? "!Sub " + scalar(text) : nil
    case .zones: "!GetAZs \"\""
    case .selection(let index, .zones): "!Select [\(index), !GetAZs \"\"]"
    case .mapped(let map, let key, let name): "!FindInMap [\(scalar(map)), \(scalar(key)), \(scalar(name))]"
    case .choice(let condition, let yes, let no): choice(condition, yes, no)
    default: nil
    }
  }

  private static func choice(_ condition: String, _ yes: Expression, _ no: Expression) -> String? {
    guard let yes = flow(yes), let no = flow(no) else { return nil }
    return "!If [\(condition), \(yes), \(no)]"
  }

  /// A value inside brackets, where commas and brackets would end it.
  private static func flow(_ value: Expression) -> String? {
    guard let text = inline(value) else { return nil }
    if case .text(let string) = value { return JSONText.quoted(string) }
    if case .substitution(let string, _) = value { return "!Sub " + JSONText.quoted(string) }
    return text
  }

  private static func margin(_ indent: Int) -> String { String(repeating: " ", count: indent) }

  // MARK: Text

  /// Several lines with an end to the last one read best as they are.
  private static func isBlock(_ string: String) -> Bool {
    let bytes = Array(string.utf8)
    guard bytes.last == newline, bytes.dropLast().last != newline, let first = bytes.first, first != space,
      first != newline
    else { return false }
    var last = first
    for byte in bytes {
      if byte == newline ? last == space : !isPrintable(byte) { return false }
      last = byte
    }
    return true
  }

  private static let space = UInt8(ascii: " ")
  private static let newline = UInt8(ascii: "\n")

  private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }

  /// Plain where that can mean nothing else, else in double quotes.
  static func scalar(_ string: String) -> String { isPlain(string) ? string : JSONText.quoted(string) }

  private static let words: Set<String> = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf",
  ]

  /// Signs that may begin something else than text.
  private static let signs = Set("{}[]&*!|>'\"%@`,#?\\".utf8)

  /// A letter or slash first, then printable characters without the signs, and no end of a name.
  private static func isPlain(_ string: String) -> Bool {
    let bytes = Array(string.utf8)
    guard let first = bytes.first, isLetter(first) || first == UInt8(ascii: "/"), bytes.last != space,
      bytes.last != UInt8(ascii: ":")
    else { return false }
    for index in bytes.indices {
      if !isPrintable(bytes[index]) || signs.contains(bytes[index]) { return false }
      if bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == space { return false }
    }
    return bytes.count > 5 || !words.contains(string.lowercased())
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

extension Expression {
  /// The tag of a function that stands before its argument; nil where the argument is a function itself, because two
  /// tags can't stand behind each other.
  fileprivate var shortForm: (tag: String, argument: Expression)? {
    guard let member = longForm.members.first else { return nil }
    switch member.value {
    case .text, .list:
      return ("!" + member.name.dropFirst(member.name.hasPrefix("Fn::") ? 4 : 0), member.value)
    default: return nil
    }
  }
}
