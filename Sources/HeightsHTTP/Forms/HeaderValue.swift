// A header's value that has parameters, as those of media types and of the parts of forms do.

/// `form-data; name="a"; filename="b"`: a value, and what it is told with (RFC 9110, 5.6.6; RFC 2045, 5.1).
///
/// What is not quoted goes on to the next semicolon, whatever is in it: boundaries of well-known clients have characters
/// that the standards want quoted. What could be read in two ways is not read: a parameter that stands twice, a quote that
/// does not end, something behind it.
struct HeaderValue {
  /// In lower case.
  let value: String
  private var parameters: [(name: String, value: [UInt8])] = []

  /// - Returns: nil when it is malformed.
  init?(_ bytes: some Collection<UInt8>) {
    var rest = ArraySlice(Array(bytes))
    value = String(decoding: rest.prefix { $0 != Self.semicolon }.withoutBlanks, as: UTF8.self).lowercased()
    rest = rest.drop { $0 != Self.semicolon }
    while rest.first == Self.semicolon {
      rest = rest.dropFirst().drop(while: \.isBlank)
      // One at the end, or two of them, separate nothing.
      guard let first = rest.first, first != Self.semicolon else { continue }
      guard let (name, value) = Self.takeParameter(&rest), self[name] == nil else { return nil }
      parameters.append((name, value))
    }
    guard rest.isEmpty else { return nil }
  }

  /// Of that name, which is in lower case.
  subscript(name: String) -> [UInt8]? { parameters.first { $0.name == name }?.value }

  private static let semicolon = UInt8(ascii: ";")
  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")

  private static func takeParameter(_ rest: inout ArraySlice<UInt8>) -> (name: String, value: [UInt8])? {
    let bytes = rest.prefix { $0 != UInt8(ascii: "=") && $0 != semicolon }.withoutBlanks
    rest = rest.drop { $0 != UInt8(ascii: "=") && $0 != semicolon }
    guard rest.first == UInt8(ascii: "="), !bytes.isEmpty, !bytes.contains(quote) else { return nil }
    let name = String(decoding: bytes, as: UTF8.self).lowercased()
    rest = rest.dropFirst().drop(while: \.isBlank)
    if rest.first == quote { return takeQuoted(&rest).map { (name, $0) } }
    let value = rest.prefix { $0 != semicolon }.withoutBlanks
    rest = rest.drop { $0 != semicolon }
    return value.contains(quote) ? nil : (name, Array(value))
  }

  /// Browsers send a backslash as it is, others escape it: it escapes a quote, unless that is the last one, and itself.
  private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    rest = rest.dropFirst()
    guard let last = rest.lastIndex(of: quote) else { return nil }
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == quote {
        rest = rest.drop(while: \.isBlank)
        return rest.isEmpty || rest.first == semicolon ? value : nil
      }
      if byte == backslash, rest.first == backslash || rest.first == quote && rest.startIndex != last {
        value.append(rest.removeFirst())
      } else {
        value.append(byte)
      }
    }
    return nil
  }
}
