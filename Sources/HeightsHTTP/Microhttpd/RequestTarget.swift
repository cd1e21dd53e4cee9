// What a request line asks for.

/// The target of a request, without its query (RFC 9112, 3.2).
struct RequestTarget {
  /// Its path, percent-encoded; bytes that are no UTF-8 are repaired in it.
  let path: String
  /// The path's bytes, as they were sent. Valid for as long as the request line is.
  let bytes: UnsafeBufferPointer<UInt8>
  /// Whether the path has only characters that may stand in one, or stand there by custom: any beyond ASCII.
  let isValid: Bool

  /// - Parameter isWhole: false when it goes on behind a zero.
  init(_ text: UnsafeBufferPointer<UInt8>, isWhole: Bool) {
    bytes = RequestTarget.path(of: text)
    path = String(decoding: bytes, as: UTF8.self)
    // Nearly always so, and quickly seen.
    if bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
      isValid = isWhole
    } else {
      let hasControls = bytes.contains { $0 <= 0x20 || $0 == 0x7f }
      isValid =
        isWhole && !hasControls
        && String(validating: bytes, as: UTF8.self) != nil
    }
  }

  /// Leaves scheme and authority out of a target in absolute form, as proxies send it.
  private static func path(of text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    if text.first == UInt8(ascii: "/") { return text }
    for scheme in ["http://", "https://"] as [StaticString]
    where text.count >= scheme.utf8CodeUnitCount && text.starts(with: scheme, by: { $0 | 0x20 == $1 | 0x20 })
    {
      guard let slash = text[scheme.utf8CodeUnitCount...].firstIndex(of: UInt8(ascii: "/")) else {
        return root
      }
      return UnsafeBufferPointer(rebasing: text[slash...])
    }
    return text
  }

  private static var root: UnsafeBufferPointer<UInt8> {
    let text: StaticString = "/"
    return UnsafeBufferPointer(start: text.utf8Start, count: 1)
  }
}

extension UnsafeBufferPointer<UInt8> {
  fileprivate func starts(with text: StaticString, by areEqual: (UInt8, UInt8) -> Bool) -> Bool {
    starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), by: areEqual)
  }
}
