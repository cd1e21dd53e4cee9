// Who calls: a JSON Web Token (RFC 7519) that the caller signs with Ed25519 (RFC 8037). Every language has a library for it.

import CSodium
import Synchronization

/// What a token says. It opens one service for a minute: without TLS somebody who sees it can use it until then.
struct CallToken: Codable, Equatable {
  /// From its making to its end.
  static let lifeSeconds: Int64 = 60
  /// Clocks of two machines differ.
  static let toleranceSeconds: Int64 = 30
  /// No token of ours is as long.
  static let limitBytes = 1_024

  /// The caller.
  let iss: String
  /// The service that is called.
  let aud: String
  /// When it was made, and when it ends; seconds since 1970.
  let iat: Int64
  let exp: Int64

  struct Header: Codable {
    var alg = "EdDSA"
    var typ: String? = "JWT"
  }

  /// Signs a token of `caller` for `callee`.
  static func text(from caller: String, to callee: String, _ secret: CallerSecret, nowMs: Int64) throws
    -> String
  {
    let now = nowMs / 1_000
    let token = CallToken(iss: caller, aud: callee, iat: now, exp: now + lifeSeconds)
    let signed = try [JSON.encode(Header()), JSON.encode(token)].map(Base64URL.text).joined(separator: ".")
    return signed + "." + Base64URL.text(secret.signature(of: Array(signed.utf8)))
  }

  /// The token in `text`, if one of `keys` has signed it. Who the keys belong to is told by the token itself, so they are asked
  /// for with what it says.
  /// - Returns: nil for anything else; whether it is of use now is not looked at.
  init?(_ text: String, signedBy keys: (_ caller: String) -> [String]) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= Self.limitBytes, parts.count == 3,
      let header = Base64URL.bytes(parts[0]), let body = Base64URL.bytes(parts[1]),
      let signature = Base64URL.bytes(parts[2]), signature.count == crypto_sign_BYTES,
      // Only this one: what a token says of how to check it is not to be believed.
      (try? JSON.decode(Header.self, from: header))?.alg == "EdDSA",
      let token = try? JSON.decode(CallToken.self, from: body)
    else { return nil }
    let signed = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    let isSigned = keys(token.iss).contains { key in
      guard let key = Base64URL.bytes(key), key.count == crypto_sign_PUBLICKEYBYTES else { return false }
      return crypto_sign_verify_detached(signature, signed, UInt64(signed.count), key) == 0
    }
    guard isSigned else { return nil }
    self = token
  }

  private init(iss: String, aud: String, iat: Int64, exp: Int64) {
    (self.iss, self.aud, self.iat, self.exp) = (iss, aud, iat, exp)
  }

  /// Whether it counts at that time.
  func isValid(atMs nowMs: Int64) -> Bool {
    let now = nowMs / 1_000
    // Nothing is added to what a token says, which may be any number.
    return iat >= 0 && exp >= iat && exp - iat <= Self.lifeSeconds
      && iat <= now + Self.toleranceSeconds && exp > now - Self.toleranceSeconds
  }
}

/// The key with which a service signs its calls.
struct CallerSecret: Sendable {
  private let key: [UInt8]

  /// - Parameter seed: 32 bytes.
  init?(seed: [UInt8]) {
    guard seed.count == crypto_sign_SEEDBYTES else { return nil }
    var (key, shown) = (
      [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES)),
      [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
    )
    crypto_sign_seed_keypair(&shown, &key, seed)
    self.key = key
  }

  /// By which others know it, as a placement has it.
  var publicKey: String { Base64URL.text(Array(key.suffix(Int(crypto_sign_PUBLICKEYBYTES)))) }

  func signature(of bytes: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Int(crypto_sign_BYTES))
    crypto_sign_detached(&signature, nil, bytes, UInt64(bytes.count), key)
    return signature
  }
}

/// The callers of a service: who may, and the tokens that were seen to be right.
final class CallersKnown: Sendable {
  /// How many are remembered: the processes of all callers, twice a minute each.
  private static let limit = 1_024

  private struct State {
    var callers: Set<String> = []
    var keys: [String: [String]] = [:]
    /// By a hash of their text that no other process knows.
    var known: [Int: (text: [UInt8], token: CallToken)] = [:]
  }

  private let service: String
  private let state = Mutex(State())

  init(service: String) { self.service = service }

  func follow(_ placement: Placement) {
    state.withLock { state in
      let callers = Set(placement.services[service]?.callers ?? [])
      // A key that is gone opens nothing any more.
      if placement.keys != state.keys || callers != state.callers { state.known = [:] }
      (state.callers, state.keys) = (callers, placement.keys)
    }
  }

  /// Who calls.
  /// - Parameter header: `Bearer TOKEN`.
  /// - Throws: `Problem` (401 or 403), which says that the call was not begun.
  func caller(_ header: String?, nowMs: Int64) throws(Problem) -> String {
    guard let header, header.utf8.count <= CallToken.limitBytes, header.hasPrefix("Bearer ") else {
      throw Self.refusal(.unauthorized, "Calls carry a token of a service: Authorization: Bearer TOKEN.")
    }
    let text = String(header.dropFirst(7))
    guard let token = token(text), token.isValid(atMs: nowMs), token.aud == service else {
      throw Self.refusal(
        .unauthorized, "The token is not signed by a service, not for \(service), or too old.")
    }
    guard state.withLock({ $0.callers.contains(token.iss) }) else {
      throw Self.refusal(.forbidden, "heights.json does not let \(token.iss) call \(service).")
    }
    return token.iss
  }

  private func token(_ text: String) -> CallToken? {
    let bytes = Array(text.utf8)
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    let hash = hasher.finalize()
    let (known, keys) = state.withLock { ($0.known[hash], $0.keys) }
    if let known, known.text.count == bytes.count, sodium_memcmp(known.text, bytes, bytes.count) == 0 {
      return known.token
    }
    guard let token = CallToken(text, signedBy: { keys[$0] ?? [] }) else { return nil }
    state.withLock { state in
      guard state.keys == keys else { return }
      if state.known.count >= Self.limit { state.known = [:] }
      state.known[hash] = (bytes, token)
    }
    return token
  }

  private static func refusal(_ status: Status, _ detail: String) -> Problem {
    Problem(
      status, type: "/errors/services/caller", title: "Only services of the app may call", detail: detail)
  }
}
