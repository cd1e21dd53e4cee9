// A client of an app's public port that waits for its answer, one request per connection.

import Foundation

package struct PublicPort: Sendable {
  package struct Answer: Equatable, Sendable {
    package let status: Int
    package let body: String
  }

  private static let limitSeconds = 10

  package let number: Int

  /// Nil when nobody answers within 10 s, or not in whole.
  package func get(_ path: String) -> Answer? { ask("GET \(path) HTTP/1.0\r\n\r\n") }

  package func post(_ path: String, _ body: String) -> Answer? {
    ask("POST \(path) HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  package func put(_ path: String) -> Answer? { ask("PUT \(path) HTTP/1.0\r\nContent-Length: 0\r\n\r\n") }

  /// Whether somebody listens there.
  package var accepts: Bool {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    return connect(socket)
  }

  private func ask(_ request: String) -> Answer? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(socket) }
    var limit = timeval(tv_sec: Self.limitSeconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard connect(socket) else { return nil }
    let bytes = Array(request.utf8)
    guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
    return readAll(socket).flatMap(Self.parse)
  }

  private func connect(_ socket: Int32) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(clamping: number)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private func readAll(_ socket: Int32) -> [UInt8]? {
    var (answer, bytes) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    // Each read has the socket's limit.
    while true {
      let count = recv(socket, &bytes, bytes.count, 0)
      if count < 0 { return nil }
      if count == 0 { return answer }
      answer += bytes.prefix(count)
    }
  }

  private static func parse(_ bytes: [UInt8]) -> Answer? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
      return nil
    }
    return Answer(status: status, body: String(text[end.upperBound...]))
  }

  /// A port of 127.0.0.1 that nobody listens on now.
  package static func free() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard isBound else { throw POSIXError(.EADDRINUSE) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
