// A client that sends exactly the bytes a test gives it, and never waits for longer than it was told to.

import Foundation
import Glibc

/// One blocking connection to 127.0.0.1. Every wait ends after `timeoutMs`, so that a failing test fails and doesn't hang.
final class RawClient {
  static let timeoutMs = 10_000

  /// Why reading came to an end.
  enum End: Equatable {
    /// The server closed, or cut off what it won't take.
    case closed
    case timeout
  }

  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(port: UInt16, receiveBufferBytes: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBufferBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
    var timeout = timeval(tv_sec: RawClient.timeoutMs / 1_000, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    var noDelay: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw ClientError(text: "connect: \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  /// - Returns: whether the peer took all of it.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(
          descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends nothing more; the other direction stays open.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends the connection at once, in both directions and with an error for the peer (RFC 9293, 3.10.5).
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    // The descriptor's number stays taken until the end of this client.
    let nothing = open("/dev/null", O_RDWR)
    dup2(nothing, descriptor)
    close(nothing)
  }

  /// The next answer, whose body ends as its framing says.
  func response(headOnly: Bool = false) throws -> RawResponse {
    let head = try RawResponse.Head(bytes: try take(through: Array("\r\n\r\n".utf8)))
    if headOnly || head.status == 204 || head.status == 304 || head.status < 200 {
      return RawResponse(head: head, body: [])
    }
    if let length = head["Content-Length"].flatMap({ Int($0) }) {
      return RawResponse(head: head, body: try take(count: length))
    }
    guard head["Transfer-Encoding"] == "chunked" else {
      _ = readToEnd()
      defer { buffer = [] }
      return RawResponse(head: head, body: buffer)
    }
    var body: [UInt8] = []
    while let chunk = try chunk() { body += chunk }
    return RawResponse(head: head, body: body)
  }

  /// The header of the next answer, for one whose body goes on.
  func head() throws -> RawResponse.Head {
    try RawResponse.Head(bytes: take(through: Array("\r\n\r\n".utf8)))
  }

  /// The next chunk of a chunked body; nil at its end.
  func chunk() throws -> [UInt8]? {
    let line = String(decoding: try take(through: [13, 10]).dropLast(2), as: UTF8.self)
    guard let size = Int(line, radix: 16) else { throw ClientError(text: "no chunk size: \(line)") }
    let bytes = try take(count: size + 2).dropLast(2)
    return size == 0 ? nil : Array(bytes)
  }

  /// All that comes until the server closes.
  func readAll() -> (text: String, end: End) {
    let end = readToEnd()
    defer { buffer = [] }
    return (String(decoding: buffer, as: UTF8.self), end)
  }

  private func readToEnd() -> End {
    // Each read has the socket's limit.
    while true {
      switch fill() {
      case .bytes: continue
      case .end(let end): return end
      }
    }
  }

  private enum Filled {
    case bytes
    case end(End)
  }

  private func fill() -> Filled {
    var block = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &block, block.count, 0)
    if count > 0 {
      buffer += block.prefix(count)
      return .bytes
    }
    return .end(count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? .timeout : .closed)
  }

  private func take(through mark: [UInt8]) throws -> [UInt8] {
    // Each read has the socket's limit.
    while true {
      if let range = buffer.firstRange(of: mark) { return take(range.upperBound) }
      if case .end(let end) = fill() {
        throw ClientError(text: "\(end) after: \(String(decoding: buffer, as: UTF8.self))")
      }
    }
  }

  private func take(count: Int) throws -> [UInt8] {
    while buffer.count < count {
      if case .end(let end) = fill() {
        throw ClientError(text: "\(end) after \(buffer.count) of \(count) bytes")
      }
    }
    return take(count)
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { buffer.removeFirst(count) }
    return Array(buffer.prefix(count))
  }
}

struct ClientError: Error, CustomStringConvertible {
  let text: String
  var description: String { text }
}

/// An answer as it came.
struct RawResponse {
  struct Head {
    let status: Int
    let fields: [(name: String, value: String)]

    init(bytes: [UInt8]) throws {
      let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
      let parts = lines[0].split(separator: " ", maxSplits: 2)
      guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
        throw ClientError(text: "no status line: \(lines[0])")
      }
      self.status = status
      fields = lines.dropFirst().compactMap { line in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (
          String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        )
      }
    }

    subscript(name: String) -> String? {
      fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  let head: Head
  let body: [UInt8]

  var status: Int { head.status }
  var text: String { String(decoding: body, as: UTF8.self) }
  subscript(name: String) -> String? { head[name] }

  /// The members of the JSON object in the body.
  func json() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
  }
}
