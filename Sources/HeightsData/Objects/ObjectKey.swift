// The name of an object: what it contains, and what kind of content that is.

/// The SHA-256 of the content in lower-case hexadecimal digits, a dot, and a file extension.
package struct ObjectKey: Hashable, Sendable {
  let text: String

  /// Reads a key; nil for what is none, so that a key never leads anywhere else.
  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 64, (1...8).contains(parts[1].count),
      parts[0].allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
      parts[1].allSatisfy({ (48...57).contains($0) || (97...122).contains($0) })
    else { return nil }
    self.text = text
  }

  init(of bytes: [UInt8], fileExtension: String) {
    guard let key = ObjectKey(Self.hash(bytes) + "." + fileExtension) else {
      preconditionFailure("\(fileExtension) is no file extension")
    }
    self = key
  }

  /// The digits before the dot.
  var hash: String { String(text.prefix(64)) }

  func names(_ bytes: [UInt8]) -> Bool { hash == Self.hash(bytes) }

  /// The first part of the key of these bytes.
  package static func hash(_ bytes: [UInt8]) -> String { sha256(bytes) }
}
