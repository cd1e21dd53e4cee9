// Base 64 that fits into URLs and headers (RFC 4648, 5), without padding.

import CSodium

package enum Base64URL {
  package static func text(_ bytes: [UInt8]) -> String {
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, variant))
    sodium_bin2base64(&text, text.count, bytes, bytes.count, variant)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// - Returns: nil for what `text` does not write.
  package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    let text = String(text)
    var bytes = [UInt8](repeating: 0, count: text.utf8.count / 4 * 3 + 3)
    var count = 0
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    guard sodium_base642bin(&bytes, bytes.count, text, text.utf8.count, nil, &count, nil, variant) == 0
    else { return nil }
    return Array(bytes.prefix(count))
  }
}
