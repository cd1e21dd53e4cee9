// Figures as people read them.

import Foundation

/// Figures for people: three digits that count.
public enum Figures {
  /// `0.05`, `7.2`, `1,234`, `1.4 M`.
  public static func count(_ value: Double) -> String {
    switch abs(value) {
    case ..<0.001: value == 0 ? "0" : "<0.001"
    case ..<0.1: String(format: "%.3f", value)
    case ..<1: String(format: "%.2f", value)
    case ..<9.95: trimmed(String(format: "%.1f", value))
    case ..<999_500: grouped(Int(value.rounded()))
    case ..<999.5e6: trimmed(String(format: value < 99.5e6 ? "%.1f" : "%.0f", value / 1e6)) + " M"
    default: trimmed(String(format: "%.1f", value / 1e9)) + " G"
    }
  }

  /// With three digits that count: `21,800`.
  public static func rough(_ value: Double) -> String {
    guard value >= 1000 else { return count(value) }
    let step = pow(10, floor(log10(value)) - 2)
    return count((value / step).rounded() * step)
  }

  /// `a`, `a and b`, `a, b and c`.
  public static func list(_ words: [String]) -> String {
    words.count < 2
      ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
  }

  /// Digits in groups of three: `12,345`.
  public static func grouped(_ value: Int) -> String {
    let digits = String(abs(value))
    var groups: [Substring] = []
    var rest = digits[...]
    while !rest.isEmpty {
      groups.insert(rest.suffix(3), at: 0)
      rest = rest.dropLast(3)
    }
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// With so many digits behind the point.
  public static func fixed(_ value: Double, digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// As it was written: `0.05`, `12`.
  static func plain(_ value: Double) -> String { trimmed("\(value)") }

  /// A whole number that a disk or a count can be; what is too large stays the largest.
  static func whole(_ value: Double) -> Int { value < 1e15 ? Int(value.rounded(.up)) : Int(1e15) }

  private static func trimmed(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
