// A template's values as JSON.

/// Writes JSON, indented by two spaces, with functions in their long forms.
struct JSONText {
  /// What is short enough stands on one line: templates have a limit, and indentation counts.
  private static let lineLength = 100

  private var bytes: [UInt8] = []

  static func of(_ value: Expression) -> String {
    var text = JSONText()
    text.write(value, indent: 0)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private mutating func write(_ value: Expression, indent: Int) {
    let start = bytes.count
    if writeLine(value, limit: start + Self.lineLength - indent) { return }
    bytes.removeSubrange(start...)
    switch value {
    case .list(let values):
      writeLines(values, between: ("[", "]"), indent: indent) { $0.write($1, indent: indent + 2) }
    case .object(let object):
      writeLines(object.members, between: ("{", "}"), indent: indent) {
        $0.writeText($1.name)
        $0.bytes += ": ".utf8
        $0.write($1.value, indent: indent + 2)
      }
    case .text(let string): writeText(string)
    case .integer, .number, .boolean: _ = writeLine(value, limit: .max)
    default: write(.object(value.longForm), indent: indent)
    }
  }

  private mutating func writeLines<Element>(
    _ elements: [Element], between marks: (String, String), indent: Int,
    write: (inout JSONText, Element) -> Void
  ) {
    bytes += marks.0.utf8
    for (index, element) in elements.enumerated() {
      bytes += index == 0 ? "\n".utf8 : ",\n".utf8
      bytes += repeatElement(UInt8(ascii: " "), count: indent + 2)
      write(&self, element)
    }
    bytes += "\n".utf8
    bytes += repeatElement(UInt8(ascii: " "), count: indent)
    bytes += marks.1.utf8
  }

  /// Writes a value on one line; false, with part of it written, when that would lead beyond `limit`.
  private mutating func writeLine(_ value: Expression, limit: Int) -> Bool {
    switch value {
    case .text(let string): writeText(string)
    case .integer(let number): bytes += String(number).utf8
    case .number(let number): bytes += Self.plain(number).utf8
    case .boolean(let flag): bytes += flag ? "true".utf8 : "false".utf8
    case .list(let values):
      bytes += "[".utf8
      for (index, value) in values.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        if !writeLine(value, limit: limit) { return false }
      }
      bytes += "]".utf8
    case .object(let object):
      bytes += "{".utf8
      for (index, member) in object.members.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        writeText(member.name)
        bytes += ": ".utf8
        if !writeLine(member.value, limit: limit) { return false }
      }
      bytes += "}".utf8
    default: return writeLine(.object(value.longForm), limit: limit)
    }
    return bytes.count <= limit
  }

  /// Whole numbers without a fraction, so that JSON and YAML say the same.
  static func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? String(number)
  }

  static func quoted(_ string: String) -> String {
    var text = JSONText()
    text.writeText(string)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private mutating func writeText(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    var string = string
    string.withUTF8 { utf8 in
      if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
      {
        bytes += utf8
      } else {
        for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars { writeEscaped(scalar) }
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func writeEscaped(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": bytes += "\\\"".utf8
    case "\\": bytes += "\\\\".utf8
    case "\n": bytes += "\\n".utf8
    case "\r": bytes += "\\r".utf8
    case "\t": bytes += "\\t".utf8
    case _ where isHidden(scalar.value):
      let digits = String(scalar.value, radix: 16)
      bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
    default: bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
    }
  }

  /// Characters that nobody sees, some of which YAML would take for the end of a line.
  private func isHidden(_ code: UInt32) -> Bool {
    code < 0x20 || (0x7f...0x9f).contains(code) || [0x2028, 0x2029, 0xfeff].contains(code)
  }
}

extension Expression {
  /// An expression as the object that JSON has for it. Plain data has none.
  var longForm: Object {
    switch self {
    case .reference(let name): ["Ref": name]
    case .attribute(let resource, let name): ["Fn::GetAtt": [resource, name]]
    case .substitution(let text, let variables):
      variables.isEmpty
        ? ["Fn::Sub": text] : ["Fn::Sub": Expression.list([.text(text), .object(variables)])]
    case .selection(let index, let list): ["Fn::Select": Expression.list([.integer(index), list])]
    case .zones: ["Fn::GetAZs": ""]
    case .pieces(let text, let separator): ["Fn::Split": Expression.list([.text(separator), text])]
    case .joined(let list, let separator): ["Fn::Join": Expression.list([.text(separator), list])]
    case .mapped(let map, let key, let name): ["Fn::FindInMap": [map, key, name]]
    case .choice(let condition, let yes, let no): ["Fn::If": Expression.list([.text(condition), yes, no])]
    case .base64(let inner): ["Fn::Base64": inner]
    case .text, .integer, .number, .boolean, .list, .object: [:]
    }
  }
}
