// What is measured, as Prometheus reads it.

/// Writes metrics in Prometheus' text format, version 0.0.4.
public struct MetricsText: Sendable {
  /// What was written so far: whole lines.
  public private(set) var text = ""

  /// Empty.
  public init() {}

  /// One metric without labels.
  public mutating func metric(_ name: String, _ type: String, _ help: String, _ value: Double) {
    begin(name, type, help)
    sample(name, [], value)
  }

  /// The lines before the samples of a metric: `type` is `counter`, `gauge` or `histogram`.
  public mutating func begin(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help.replacing("\n", with: " "))\n# TYPE \(name) \(type)\n"
  }

  /// One sample: the labels tell it from others of the same metric. Their values are escaped, their names are
  /// not.
  public mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0)=\"\(MetricsText.escaped($1))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value))\n"
  }

  private static func escaped(_ label: String) -> String {
    var escaped = ""
    for character in label.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
