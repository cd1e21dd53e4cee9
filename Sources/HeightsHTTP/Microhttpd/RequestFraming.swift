// How a request says where its body ends: the one place where a request could be smuggled inside another.

import CMicrohttpd
import Glibc

extension heights_mhd_framing {
  var hasBody: Bool { content_length != nil || transfer_encoding != nil }

  /// How large the body is said to be; nil when that isn't said.
  var announcedBytes: Int? { content_length.flatMap { Int(String(cString: $0)) } }

  /// Why a request that is framed like this is refused before its body has been looked at (RFC 9112, 6.3).
  /// - Parameters:
  ///   - targetBytes: how long the target is.
  ///   - headerBytes: what line and headers may take.
  ///   - needsHost: whether the request is of HTTP/1.1.
  ///   - limitBytes: how large the body may be; nil when nobody wants it.
  ///   - isFromProxy: whether a proxy may stand before us. Once it sends it takes an answer in between for a failure, so
  ///     that a body which is not much too large is read first. A client itself hears it at once.
  func refusal(
    targetBytes: Int, headerBytes: Int, needsHost: Bool, limitBytes: Int?, isFromProxy: Bool
  ) -> Problem? {
    if targetBytes > headerBytes { return Problem(414, title: "The address is too long") }
    if bytes > headerBytes {
      return Problem(
        431, title: "The headers are too large",
        detail: "They may have \(headerBytes) bytes together, the address and 64 for each of them included.")
    }
    if is_malformed != 0 {
      return .badRequest("A header's name or value has a character that is not allowed.")
    }
    if needsHost && hosts == 0 { return .badRequest("Host is missing.") }
    if hosts > 1 { return .badRequest("Host stands more than once.") }
    if hasBody, let encoding = content_encoding, strcasecmp(encoding, "identity") != 0 {
      return Problem(
        .unsupportedMediaType, title: "The body is encoded",
        detail:
          "Send it as it is: without Content-Encoding, and not as \(String(cString: encoding).prefix(40)).")
    }
    if let encoding = transfer_encoding { return refusal(ofEncoding: encoding) }
    if let length = content_length {
      return refusal(ofLength: String(cString: length), limitBytes, isFromProxy)
    }
    return nil
  }

  private func refusal(ofEncoding encoding: UnsafePointer<CChar>) -> Problem? {
    if content_lengths > 0 {
      return .badRequest("Content-Length and Transfer-Encoding exclude each other.")
    }
    if transfer_encodings > 1 || strcasecmp(encoding, "chunked") != 0 {
      return Problem(.notImplemented, title: "Only the transfer encoding chunked is known")
    }
    return nil
  }

  private func refusal(ofLength length: String, _ limitBytes: Int?, _ isFromProxy: Bool) -> Problem? {
    if content_lengths > 1 { return .badRequest("Content-Length stands more than once.") }
    guard length.utf8.allSatisfy({ (48...57).contains($0) }), let bytes = Int(length) else {
      return .badRequest("Content-Length is not a number.")
    }
    guard let limitBytes, bytes > limitBytes else { return nil }
    let isReadFirst =
      isFromProxy && expects_continue == 0 && bytes - limitBytes <= BodyReceiver.toleranceBytes
    return isReadFirst ? nil : .contentTooLarge(limitBytes: limitBytes)
  }
}
