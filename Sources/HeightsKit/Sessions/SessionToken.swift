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
    guard let bytes = Base64URL.bytes(text), bytes.count == SessionToken.secretBytes + 2,
      let shard = Shard(Int(bytes[0]) << 8 | Int(bytes[1]))
    else { return nil }
    self.shard = shard
    secret = Array(bytes.dropFirst(2))
  }

  /// URL-safe base 64.
  var description: String {
    Base64URL.text([UInt8(shard.number >> 8), UInt8(shard.number & 0xff)] + secret)
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
