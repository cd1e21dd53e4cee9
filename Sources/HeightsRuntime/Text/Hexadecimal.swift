// Bytes as hexadecimal text, by libsodium.

import CSodium

/// Reads `count` bytes of what `hexadecimal` writes; nil of anything else.
package func bytes(ofHexadecimal text: String, count: Int) -> [UInt8]? {
  var bytes = [UInt8](repeating: 0, count: count)
  var length = 0
  guard text.utf8.count == 2 * count,
    sodium_hex2bin(&bytes, count, text, text.utf8.count, nil, &length, nil) == 0, length == count
  else { return nil }
  return bytes
}

/// Two lower-case digits for each byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  var text = [CChar](repeating: 0, count: 2 * bytes.count + 1)
  sodium_bin2hex(&text, text.count, bytes, bytes.count)
  return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The SHA-256 of `bytes` in lower-case hexadecimal digits.
package func sha256(_ bytes: [UInt8]) -> String {
  var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
  crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
  return hexadecimal(hash)
}
