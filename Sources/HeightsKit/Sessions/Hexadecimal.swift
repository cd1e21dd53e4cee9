// Bytes as hexadecimal text, by libsodium.

import CSodium

/// Two lower-case digits for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
  var text = [CChar](repeating: 0, count: 2 * bytes.count + 1)
  sodium_bin2hex(&text, text.count, bytes, bytes.count)
  return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
