// HTML, made so that text stays text.

/// A piece of a page. What is interpolated into it is escaped, unless it is HTML itself:
///
/// ```swift
/// let name = "Tom & <Jerry>"
/// let greeting: HTML = "<p>Hello, \(name)!</p>"  // <p>Hello, Tom &amp; &lt;Jerry&gt;!</p>
/// let page: HTML = "<main>\(greeting)</main>"
/// ```
///
/// An interpolated value is safe as the content of an element and in an attribute with quotes around it. Scripts, styles
/// and the schemes of addresses have rules of their own: interpolate nothing that somebody typed there.
public struct HTML: Sendable, ExpressibleByStringInterpolation {
  /// The markup, escaped where it has to be.
  public let text: String

  /// Takes `markup` as it is: for markup that comes from a file of the app's own, never for what somebody typed.
  public init(verbatim markup: String) { text = markup }

  public init(stringLiteral markup: String) { text = markup }

  public init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    public init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 32 * interpolationCount)
    }

    public mutating func appendLiteral(_ literal: String) { text += literal }

    /// Text, numbers, identifiers: escaped.
    public mutating func appendInterpolation(_ value: some LosslessStringConvertible) {
      HTML.escape(value.description, into: &text)
    }

    /// As it is.
    public mutating func appendInterpolation(_ html: HTML) { text += html.text }

    /// Nothing for nil.
    public mutating func appendInterpolation(_ html: HTML?) { text += html?.text ?? "" }

    /// All of them, with nothing in between.
    public mutating func appendInterpolation(_ parts: [HTML]) {
      for part in parts { text += part.text }
    }
  }

  private static func escape(_ value: String, into text: inout String) {
    guard value.utf8.contains(where: { replacement(of: $0) != nil }) else { return text += value }
    var clean = value.startIndex
    for index in value.utf8.indices {
      guard let replacement = replacement(of: value.utf8[index]) else { continue }
      text += value[clean..<index]
      text += replacement
      clean = value.utf8.index(after: index)
    }
    text += value[clean...]
  }

  private static func replacement(of byte: UInt8) -> String? {
    switch byte {
    case UInt8(ascii: "&"): "&amp;"
    case UInt8(ascii: "<"): "&lt;"
    case UInt8(ascii: ">"): "&gt;"
    case UInt8(ascii: "\""): "&quot;"
    case UInt8(ascii: "'"): "&#39;"
    default: nil
    }
  }
}

extension Response {
  /// A page, as UTF-8.
  public static func html(_ page: HTML, status: Status = .ok) -> Response {
    .bytes(Array(page.text.utf8), contentType: "text/html; charset=utf-8", status: status)
  }
}
