// The bytes of a connection within TLS, by OpenSSL.

import COpenSSL
import Glibc
import HeightsData

/// Whom a process believes: shared by its connections.
final class TLSClient: Sendable {
  // OpenSSL lets threads share a context that nobody changes any more.
  fileprivate nonisolated(unsafe) let context: OpaquePointer

  /// - Parameter authorities: a file of certificates that vouch for servers; nil for the system's (or those that
  ///   `SSL_CERT_FILE` names).
  /// - Throws: `StreamFailure.insecure`.
  init(authorities: String?) throws(StreamFailure) {
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw .insecure("no memory for TLS") }
    self.context = context
    let isTrusting =
      authorities.map { SSL_CTX_load_verify_locations(context, $0, nil) }
      ?? SSL_CTX_set_default_verify_paths(context)
    guard isTrusting == 1, heights_tls_refuse_old(context) == 1 else {
      throw .insecure("the certificates \(authorities.map { "in \($0) " } ?? "")can't be read")
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    heights_tls_set_up(context)
  }

  deinit { SSL_CTX_free(context) }

  /// The certificates are in files: they are read on a thread of its own.
  /// - Throws: `StreamFailure`.
  static func read(authorities: String?) async throws(StreamFailure) -> TLSClient {
    let read = try? await SystemThread.run(name: "certificates") {
      Result { () throws(StreamFailure) in try TLSClient(authorities: authorities) }
    }
    guard let read else { throw .insecure("no thread to read certificates") }
    return try read.get()
  }
}

/// One connection. Nothing that is asked is written, least of all a password, before the server has shown a
/// certificate of its name.
final class TLSStream: ByteStream {
  private let session: OpaquePointer

  /// - Parameter name: the server's name or address, as its certificate has it.
  /// - Throws: `StreamFailure`.
  init(_ descriptor: Int32, name: String, _ client: TLSClient) throws(StreamFailure) {
    guard let session = SSL_new(client.context) else { throw .insecure("no memory for TLS") }
    self.session = session
    // An address is no name that a server may be asked by.
    let isNamed =
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1
      || SSL_set1_host(session, name) == 1 && heights_tls_name_server(session, name) == 1
    guard isNamed, SSL_set_fd(session, descriptor) == 1 else { throw failure(of: "set-up") }
    SSL_set_connect_state(session)
  }

  deinit { SSL_free(session) }

  func open() -> Transfer {
    ERR_clear_error()
    return outcome(SSL_do_handshake(session), "handshake") { 0 }
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    ERR_clear_error()
    var count = 0
    return outcome(SSL_write_ex(session, bytes.baseAddress, bytes.count, &count), "write") { count }
  }

  // A record has at most as many bytes as there is room for, and OpenSSL takes one at a time.
  func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
    ERR_clear_error()
    var count = 0
    return outcome(SSL_read_ex(session, room.baseAddress, room.count, &count), "read") { count }
  }

  private func outcome(_ code: Int32, _ call: String, _ count: () -> Int) -> Transfer {
    switch SSL_get_error(session, code) {
    case SSL_ERROR_NONE: .moved(count())
    case SSL_ERROR_WANT_READ: .waits(for: .readable)
    case SSL_ERROR_WANT_WRITE: .waits(for: .writable)
    case SSL_ERROR_ZERO_RETURN: .failed(.closed)
    default: .failed(failure(of: call))
    }
  }

  /// What is wrong with the server's certificate, or else OpenSSL's or the kernel's reason.
  private func failure(of call: String) -> StreamFailure {
    let verdict = SSL_get_verify_result(session)
    if verdict != Int(X509_V_OK), let words = X509_verify_cert_error_string(verdict) {
      return .insecure("the server's certificate is not believed: \(String(cString: words))")
    }
    let code = ERR_peek_error()
    if code == 0 { return .system(call: "TLS \(call)", code: errno) }
    return .insecure(
      "TLS \(call): \(ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)")")
  }
}
