// Where to go on to after a form: only ever to this site.

import HeightsKit

/// A path of this site, perhaps with a query and a fragment.
struct LocalPath: Sendable {
  static let start = LocalPath(checked: "/")

  let text: String

  /// `nil` for what a browser could take for another site (`//host`, a backslash, a tab in between) or a header for two.
  init?(_ text: String) {
    let isPlain = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }
    guard isPlain, text.utf8.count <= 512, text.hasPrefix("/"), !text.hasPrefix("//") else { return nil }
    self.text = text
  }

  private init(checked text: String) { self.text = text }
}

extension Request {
  /// What was asked for: the path, and where in its list the page begins.
  var address: LocalPath {
    let cursor = (try? query("cursor")).map { "?cursor=" + $0.percentEncoded } ?? ""
    return LocalPath(path + cursor) ?? .start
  }

  /// Where a form that this page leads to shall lead back to.
  var back: LocalPath { (try? query("back")).flatMap { LocalPath($0) } ?? .start }
}

extension Form {
  /// Where the person was.
  var back: LocalPath { self["back"].flatMap { LocalPath($0) } ?? .start }
}

extension Response {
  static func redirect(to path: LocalPath) -> Response { .redirect(to: path.text) }
}
