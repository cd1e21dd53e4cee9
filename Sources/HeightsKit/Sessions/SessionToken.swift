// The secret of a session, and what is made of it.

import CSodium

/// What a session's cookie holds: the account's shard, and 256 random bits.
struct SessionToken: Sendable, CustomStringConvertible {
  static let hashBytes = 32
  private static let secretBytes = 32
  let shard: Shard
  private let secret: [UInt8]

  init(shard: Shard) {
    self.shard = shard
    var secret = [UInt8](repeating: 0, count: SessionToken.secretBytes)
    randombytes_buf(&secret, secret.count)
    self.secret = secret
  }

  /// Reads what `description` writes.
  init?(_ text: String) {
    var bytes = [UInt8](repeating: 0, count: SessionToken.secretBytes + 2)
    var count = 0
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    guard sodium_base642bin(&bytes, bytes.count, text, text.utf8.count, nil, &count, nil, variant) == 0,
      count == bytes.count, let shard = Shard(Int(bytes[0]) << 8 | Int(bytes[1]))
    else { return nil }
    self.shard = shard
    secret = Array(bytes.dropFirst(2))
  }

  /// URL-safe base 64.
  var description: String {
    let bytes = [UInt8(shard.number >> 8), UInt8(shard.number & 0xff)] + secret
    let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING
    var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, variant))
    sodium_bin2base64(&text, text.count, bytes, bytes.count, variant)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// What is stored of it.
  var hash: [UInt8] { keyed("session") }

  /// What the session's forms carry.
  var csrf: String { hexadecimal(Array(keyed("csrf").prefix(16))) }

  /// BLAKE2b-256 of a purpose, keyed by the secret: none of these tells anything of the others.
  private func keyed(_ purpose: String) -> [UInt8] {
    var hash = [UInt8](repeating: 0, count: SessionToken.hashBytes)
    crypto_generichash(&hash, hash.count, purpose, UInt64(purpose.utf8.count), secret, secret.count)
    return hash
  }
}
