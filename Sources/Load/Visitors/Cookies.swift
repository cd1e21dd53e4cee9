// A visitor's cookies, as a browser keeps them for one site.

/// Cookies as the header that sends them: `name=value; other=value`.
enum Cookies {
  /// The header after answers that set `changes`, each `name=value`: a later value replaces an earlier one of the same
  /// name, and an empty one removes it. Nil when none is left.
  static func header(_ header: String?, setting changes: [String]) -> String? {
    var kept = header.map { $0.split(separator: ";").map { trimmed($0) } } ?? []
    for change in changes {
      let change = trimmed(change[...])
      kept.removeAll { name(of: $0) == name(of: change) }
      if change.utf8.last != UInt8(ascii: "=") { kept.append(change) }
    }
    return kept.isEmpty ? nil : kept.joined(separator: "; ")
  }

  /// The session alone: all that somebody has who has got hold of it.
  static func session(_ header: String?) -> String? {
    header?.split(separator: ";").map { trimmed($0) }.first { name(of: $0).hasSuffix("session") }
  }

  private static func name(of cookie: String) -> Substring { cookie.prefix { $0 != "=" } }
  private static func trimmed(_ text: Substring) -> String { String(text.drop { $0 == " " }) }
}
