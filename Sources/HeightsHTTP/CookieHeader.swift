// Cookies as clients send them (RFC 6265, 4.2 and 5.4).

enum CookieHeader {
  /// The value of the first cookie of exactly that name, as it was sent, quotes and all: only semicolons separate cookies,
  /// whatever is in them, and only the first = a name from its value. A cookie without = has a name, and is empty.
  static func value(of name: String, in header: UnsafeBufferPointer<UInt8>) -> String? {
    var rest = Slice(base: header, bounds: header.indices)
    while !rest.isEmpty {
      let cookie = rest.prefix { $0 != UInt8(ascii: ";") }
      rest = rest.dropFirst(cookie.count + 1)
      let sent = cookie.prefix { $0 != UInt8(ascii: "=") }.withoutBlanks
      // Byte by byte: two strings are equal also where their bytes are not.
      guard sent.elementsEqual(name.utf8) else { continue }
      return String(
        decoding: cookie.drop { $0 != UInt8(ascii: "=") }.dropFirst().withoutBlanks, as: UTF8.self)
    }
    return nil
  }
}
