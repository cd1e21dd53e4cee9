// Mail addresses: what is accepted, and the one form in which each is stored.

/// Why an address isn't accepted, for the person who typed it.
public enum EmailAddressError: Error, Equatable, CustomStringConvertible {
  case noAt, badLocalPart, badDomain, tooLong

  public var description: String {
    switch self {
    case .noAt: "A mail address has one @, such as name@example.com."
    case .badLocalPart:
      "The part before the @ can't be used: letters, digits and .!#$%&'*+/=?^_`{|}~- are fine."
    case .badDomain: "The part after the @ isn't a domain, such as example.com."
    case .tooLong: "The address is too long: at most 64 characters before the @ and 254 in all."
    }
  }
}

/// A mail address: a dot-atom, @, and a domain of two labels or more (RFC 5321, 4.1.2, without quoted strings, address
/// literals and characters beyond ASCII). Lower-case throughout, since no provider of today tells case apart.
public struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// - Throws: `EmailAddressError`.
  public init(_ text: String) throws(EmailAddressError) {
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .noAt }
    guard text.utf8.count <= 254, parts[0].count <= 64 else { throw .tooLong }
    guard EmailAddress.isDotAtom(parts[0]) else { throw .badLocalPart }
    guard EmailAddress.isDomain(parts[1]) else { throw .badDomain }
    description = text.lowercased()
  }

  private static func isDotAtom(_ text: Substring.UTF8View) -> Bool {
    text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty && atom.allSatisfy { isAlphanumeric($0) || "!#$%&'*+/=?^_`{|}~-".utf8.contains($0) }
    }
  }

  private static func isDomain(_ text: Substring.UTF8View) -> Bool {
    let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let areLabels = labels.allSatisfy { label in
      (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
        && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
    let isNumber = labels.last?.allSatisfy { (48...57).contains($0) } ?? true
    return labels.count >= 2 && areLabels && !isNumber
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
