// A table that is asked within TLS.

import HeightsData

extension DynamoPlace {
  /// What keeps from others what it is asked: by its server's name, and by certificates that are read anew each time; nothing
  /// for one that is asked as plain text.
  /// - Parameter authorities: a file of certificates that vouch for it; nil for the system's.
  func encryption(believing authorities: String?) -> @Sendable () async throws -> HTTPClient.Encryption? {
    { [host, isEncrypted] in
      guard isEncrypted else { return nil }
      let client = try await TLSClient.read(authorities: authorities)
      return { (descriptor) throws(StreamFailure) in try TLSStream(descriptor, name: host, client) }
    }
  }
}
