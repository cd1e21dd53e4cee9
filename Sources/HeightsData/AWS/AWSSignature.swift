// How AWS knows that a request is from who it says: Signature Version 4.
//
// Source: docs.aws.amazon.com, Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header".

import CSodium
import Glibc

/// Signs requests without a body, or with one whose hash is told.
struct AWSSignature: Sendable {
  private static let algorithm = "AWS4-HMAC-SHA256"

  let credentials: AWSCredentials
  let region: String
  let service: String

  /// The headers to add, among them the signature.
  /// - Parameters:
  ///   - host: as the header `Host` says it.
  ///   - path: as it is sent: of plain letters, digits and `-._~/`, or encoded.
  ///   - query: without its `?`, encoded, and in the order of its names.
  ///   - hash: the SHA-256 of the body, in hexadecimal.
  ///   - others: headers that are signed and sent as well, their names in small letters.
  ///   - seconds: when it is signed, since 1970. AWS wants that to be no more than 15 minutes from its own time.
  func headers(
    _ method: String, host: String, path: String, query: String, hash: String,
    others: [(name: String, value: String)] = [], at seconds: Int
  ) -> [(name: String, value: String)] {
    let time = Self.text(of: seconds)
    var signed = [("host", host), ("x-amz-content-sha256", hash), ("x-amz-date", time)]
    if let token = credentials.token { signed.append(("x-amz-security-token", token)) }
    signed = (signed + others).sorted { $0.0 < $1.0 }
    let names = signed.map(\.0).joined(separator: ";")
    let request =
      "\(method)\n\(path)\n\(query)\n" + signed.map { "\($0.0):\($0.1)\n" }.joined() + "\n\(names)\n\(hash)"
    let scope = "\(time.prefix(8))/\(region)/\(service)/aws4_request"
    let text = "\(Self.algorithm)\n\(time)\n\(scope)\n\(sha256(Array(request.utf8)))"
    let key = scope.split(separator: "/").reduce(Array("AWS4\(credentials.secret)".utf8)) {
      Self.code($1, by: $0)
    }
    let signature = hexadecimal(Self.code(text, by: key))
    return signed + [
      (
        "Authorization",
        "\(Self.algorithm) Credential=\(credentials.id)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
      )
    ]
  }

  /// HMAC with SHA-256.
  private static func code(_ text: some StringProtocol, by key: [UInt8]) -> [UInt8] {
    var state = crypto_auth_hmacsha256_state()
    var code = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
    let bytes = Array(text.utf8)
    crypto_auth_hmacsha256_init(&state, key, key.count)
    crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
    crypto_auth_hmacsha256_final(&state, &code)
    return code
  }

  /// Such as `20130524T000000Z`.
  private static func text(of seconds: Int) -> String {
    var (seconds, date) = (time_t(seconds), tm())
    gmtime_r(&seconds, &date)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &date)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
