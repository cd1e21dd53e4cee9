// A template's values as JSON.

enum JSONText {
  /// Indented by two spaces; functions in their long forms.
  static func of(_ value: Expression) -> String {
    var text = ""
    write(value, indent: 0, to: &text)
    return text
  }

  /// What is short enough stands on one line: templates have a limit, and indentation counts.
  private static let lineLength = 100

  private static func write(_ value: Expression, indent: Int, to text: inout String) {
    if let line = line(value, room: lineLength - indent) {
      text += line
      return
    }
    switch value {
    case .text, .integer, .number, .boolean: break
    case .list(let values): writeList(values, indent: indent, to: &text)
    case .object(let object): writeObject(object, indent: indent, to: &text)
    default: write(.object(value.longForm), indent: indent, to: &text)
    }
  }

  /// A value on one line; nil when it has more than `room` characters.
  private static func line(_ value: Expression, room: Int) -> String? {
    let text: String?
    switch value {
    case .text(let string): return quoted(string)
    case .integer(let number): return String(number)
    case .number(let number): return plain(number)
    case .boolean(let flag): return flag ? "true" : "false"
    case .list(let values):
      if values.count > room { return nil }
      let lines = values.compactMap { line($0, room: room) }
      text = lines.count == values.count ? "[\(lines.joined(separator: ", "))]" : nil
    case .object(let object):
      if object.members.count > room { return nil }
      let lines = object.members.compactMap { member in
        line(member.value, room: room).map { "\(quoted(member.name)): \($0)" }
      }
      text = lines.count == object.members.count ? "{\(lines.joined(separator: ", "))}" : nil
    default: text = line(.object(value.longForm), room: room)
    }
    return text.flatMap { $0.utf8.count <= room ? $0 : nil }
  }

  private static func writeList(_ values: [Expression], indent: Int, to text: inout String) {
    if values.isEmpty {
      text += "[]"
      return
    }
    let margin = String(repeating: " ", count: indent + 2)
    text += "[\n"
    for (index, value) in values.enumerated() {
      text += margin
      write(value, indent: indent + 2, to: &text)
      text += index == values.count - 1 ? "\n" : ",\n"
    }
    text += String(repeating: " ", count: indent) + "]"
  }

  private static func writeObject(_ object: Object, indent: Int, to text: inout String) {
    if object.isEmpty {
      text += "{}"
      return
    }
    let margin = String(repeating: " ", count: indent + 2)
    text += "{\n"
    for (index, member) in object.members.enumerated() {
      text += margin + quoted(member.name) + ": "
      write(member.value, indent: indent + 2, to: &text)
      text += index == object.members.count - 1 ? "\n" : ",\n"
    }
    text += String(repeating: " ", count: indent) + "}"
  }

  /// Whole numbers without a fraction, so that JSON and YAML say the same.
  static func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? String(number)
  }

  static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _
      where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        || [0x2028, 0x2029, 0xfeff].contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
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
