// Forms: fields with their messages, and what every form carries unseen.

import Foundation
import HeightsKit

/// What somebody typed into a form, and what is wrong with it.
struct Entries: Sendable {
  var values: [String: String] = [:]
  var problems: [Problem.Field] = []

  static let none = Entries()

  func message(of name: String) -> String? { problems.first { $0.name == name }?.message }
}

/// A field of one line, with its label and the message beside it.
struct FormField: Sendable {
  let name: String
  let label: String
  var type = "text"
  /// What the browser may fill in: a token of HTML's `autocomplete`.
  let autocomplete: String
  var hint: String?

  func html(_ entries: Entries) -> HTML {
    let message = entries.message(of: name)
    return """
      <div class="field">
      <label for="\(name)">\(label)</label>
      <input id="\(name)" name="\(name)" type="\(type)" value="\(entries.values[name] ?? "")" required \
      autocomplete="\(autocomplete)" autocapitalize="none" spellcheck="false"\(FormField.mistake(name, message, hint))>
      \(hint.map { "<p class=\"hint\" id=\"\(name)-hint\">\($0)</p>" } as HTML?)
      \(FormField.note(name, message))
      </div>
      """
  }

  /// The message of a field, where there is one.
  static func note(_ name: String, _ message: String?) -> HTML? {
    message.map { "<p class=\"mistake\" id=\"\(name)-mistake\">\($0)</p>" }
  }

  /// Ties a field to its hint and its message, for those who don't see where they stand.
  static func mistake(_ name: String, _ message: String?, _ hint: String? = nil) -> HTML {
    let ids = [hint == nil ? nil : "\(name)-hint", message == nil ? nil : "\(name)-mistake"].compactMap { $0 }
    let described: HTML? = ids.isEmpty ? nil : " aria-describedby=\"\(ids.joined(separator: " "))\""
    let invalid: HTML? = message == nil ? nil : " aria-invalid=\"true\""
    return "\(described)\(invalid)"
  }
}

extension Viewer {
  /// Proves that the form comes from a page of this session.
  var token: HTML { hidden("csrf", session.csrfToken) }
}

func hidden(_ name: String, _ value: String) -> HTML {
  "<input type=\"hidden\" name=\"\(name)\" value=\"\(value)\">"
}

extension Form {
  /// A field of one line, without the blanks that keyboards put around what they complete.
  func line(_ name: String) -> String { (self[name] ?? "").trimmingCharacters(in: .whitespaces) }
}
