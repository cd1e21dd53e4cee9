// The text format in which an app tells its figures.

import Contract

/// One figure: `name{label="value",…} number`.
package struct PrometheusSample: Equatable {
  package let name: String
  package let labels: [String: String]
  package let value: Double

  /// What an app counts its answers by; labels are the route and the status.
  static let answers = "http_requests_total"

  /// Whether it counts answers to anybody but who asks whether the app is well.
  var isOfPeople: Bool {
    name == Self.answers
      && (labels["route"].map { ![AdminPath.alive, AdminPath.ready].contains($0) } ?? true)
  }

  /// The samples of a text; comments and what can't be read are left out.
  package static func parse(_ text: String) -> [PrometheusSample] {
    text.split(whereSeparator: \.isNewline).compactMap { line in line.hasPrefix("#") ? nil : parse(line: line)
    }
  }

  private static func parse(line: Substring) -> PrometheusSample? {
    let nameEnd = line.firstIndex { $0 == "{" || $0 == " " } ?? line.endIndex
    let name = String(line[..<nameEnd])
    var rest = line[nameEnd...]
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      guard let parsed = parseLabels(&rest) else { return nil }
      labels = parsed
    }
    guard !name.isEmpty, let number = rest.split(separator: " ").first, let value = Double(number) else {
      return nil
    }
    return PrometheusSample(name: name, labels: labels, value: value)
  }

  private static func parseLabels(_ rest: inout Substring) -> [String: String]? {
    var labels: [String: String] = [:]
    while let next = rest.first, next != "}" {
      guard let equals = rest.firstIndex(of: "=") else { return nil }
      let name = rest[..<equals].filter { $0 != "," && $0 != " " }
      rest = rest[rest.index(after: equals)...]
      guard rest.popFirst() == "\"", let value = parseValue(&rest) else { return nil }
      labels[String(name)] = value
    }
    return rest.popFirst() == "}" ? labels : nil
  }

  private static func parseValue(_ rest: inout Substring) -> String? {
    var value = ""
    while let character = rest.popFirst() {
      if character == "\"" { return value }
      if character != "\\" {
        value.append(character)
        continue
      }
      guard let escaped = rest.popFirst() else { return nil }
      value.append(escaped == "n" ? "\n" : escaped)
    }
    return nil
  }
}
