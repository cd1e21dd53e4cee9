// What Summit accepts: names, texts, passwords. The messages are for the person who typed them.

import Foundation
import HeightsKit

/// What somebody sends to get an account.
struct SignUp: Codable, Sendable {
  let name: String
  let displayName: String
  let email: String
  let password: String

  /// - Throws: `Problem` (422) that names every field which can't be accepted.
  init(name: String, displayName: String?, email: String, password: String) throws {
    var problems = FieldProblems()
    self.name = problems.check("name", Rules.name, name)
    let display = displayName.flatMap { $0.isEmpty ? nil : $0 } ?? name
    self.displayName = problems.check("displayName", Rules.displayName, display)
    self.email = problems.check("email", Rules.email, email)
    self.password = problems.check("password", Rules.password, password)
    try problems.throwIfAny()
  }
}

/// Gathers what is wrong with several fields, so that all of it is told at once: nothing is used before `throwIfAny()`.
struct FieldProblems {
  private var fields: [Problem.Field] = []

  mutating func check<Value>(_ name: String, _ rule: (Value) throws(Rejection) -> Value, _ value: Value)
    -> Value
  {
    do {
      return try rule(value)
    } catch {
      fields.append(Problem.Field(name, error.message))
      return value
    }
  }

  func throwIfAny() throws {
    if !fields.isEmpty { throw Problem.invalid(fields) }
  }
}

/// Why a value isn't accepted.
struct Rejection: Error {
  let message: String
}

/// One rule for each kind of field. Each returns the value in its stored form.
enum Rules {
  static let textLimit = 500

  static func name(_ name: String) throws(Rejection) -> String {
    let isPlain = name.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte) || byte == 95
    }
    guard isPlain, (3...20).contains(name.utf8.count) else {
      throw Rejection(message: "Use 3 to 20 lower-case letters, digits or underscores.")
    }
    return name
  }

  static func displayName(_ name: String) throws(Rejection) -> String {
    let trimmed = trimmed(name)
    guard (1...50).contains(trimmed.count), trimmed.utf8.count <= 400, !hasControls(trimmed) else {
      throw Rejection(message: "Use 1 to 50 characters on one line.")
    }
    guard !hasHidden(trimmed) else { throw Rejection(message: "Use only characters that can be seen.") }
    return trimmed
  }

  static func email(_ address: String) throws(Rejection) -> String {
    do {
      return try EmailAddress(address).description
    } catch {
      throw Rejection(message: "\(error)")
    }
  }

  static func password(_ password: String) throws(Rejection) -> String {
    guard (10...1024).contains(password.utf8.count) else {
      throw Rejection(message: "Use at least 10 characters.")
    }
    return password
  }

  static func text(_ text: String) throws(Rejection) -> String {
    let lines = text.utf8.contains(13) ? text.replacingOccurrences(of: "\r\n", with: "\n") : text
    let normal = trimmed(lines)
    guard !normal.isEmpty else { throw Rejection(message: "Write something.") }
    guard normal.count <= textLimit, normal.utf8.count <= 8 * textLimit else {
      throw Rejection(message: "Use at most \(textLimit) characters.")
    }
    guard !hasControls(normal, except: "\n") else {
      throw Rejection(message: "Control characters can't be shown.")
    }
    return normal
  }

  static func idempotencyKey(_ key: String) throws(Rejection) -> String {
    guard (1...64).contains(key.utf8.count), key.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw Rejection(message: "Use 1 to 64 printable ASCII characters.")
    }
    return key
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// Whether there are characters that nobody sees, with which one name passes for another, or that turn the line around.
  /// What joins two characters of a script that needs it, or of a picture, is none.
  private static func hasHidden(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.contains { index in
      let scalar = scalars[index]
      let isHidden =
        scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.generalCategory == .format
        || [.lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
      guard isHidden else { return false }
      guard index > 0, isBeyondLatin(scalars[index - 1]) else { return true }
      switch scalar {
      // Joiners, and which of its two looks a picture has.
      case "\u{200C}", "\u{200D}": return index + 1 == scalars.count || !isBeyondLatin(scalars[index + 1])
      case "\u{FE0E}", "\u{FE0F}": return false
      default: return true
      }
    }
  }

  private static func isBeyondLatin(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value > 0x24F
      && (!scalar.properties.isDefaultIgnorableCodePoint || ["\u{FE0E}", "\u{FE0F}"].contains(scalar))
  }

  private static func hasControls(_ text: String, except allowed: Unicode.Scalar? = nil) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != allowed }
  }
}
