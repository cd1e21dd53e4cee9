// The key by which a service is known as the caller of others.

import CSodium
import Files
import Foundation
import Placement

/// An Ed25519 key: made once, its secret in a file that only its owner reads, and that the processes of the service are told of.
struct ServiceKey {
  /// The name of the service, a blank and the secret's 32 bytes in base 64 for URLs.
  let path: String
  /// As placements have it.
  let publicText: String

  /// The key of a service; it is made unless it is there.
  init(of service: String, in folder: AppFolder) throws(LabError) {
    path = "\(folder.secrets)/service-\(service)"
    let seed: [UInt8]
    if let known = Self.seed(at: path, of: service) {
      seed = known
    } else if access(path, F_OK) == 0 {
      // Others know it by the one that was there.
      throw .unreadableKey(path: path)
    } else {
      seed = (0..<Int(crypto_sign_SEEDBYTES)).map { _ in UInt8.random(in: .min ... .max) }
      try AtomicFile.write("\(service) \(Placement.key(seed))\n", to: path)
    }
    _ = sodium_init()
    var shown = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
    var secret = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
    crypto_sign_seed_keypair(&shown, &secret, seed)
    publicText = Placement.key(shown)
  }

  private static func seed(at path: String, of service: String) -> [UInt8]? {
    let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let parts = text.trimmingCharacters(in: .newlines).split(separator: " ")
    guard parts.count == 2, parts[0] == service else { return nil }
    let base64 = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/") + "="
    guard let seed = Data(base64Encoded: base64), seed.count == crypto_sign_SEEDBYTES else { return nil }
    return Array(seed)
  }
}
