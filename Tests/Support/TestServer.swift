// A server with real sockets that does exactly what a test tells it, one blocking thread per connection.

import Foundation
import Glibc
import Synchronization

/// Listens until stopped; `serve` gets each connection on a thread of its own and the connection ends when it returns.
package final class TestServer: Sendable {
  package let target: String
  private let listener: Int32
  private let open = Mutex<Set<Int32>>([])
  private let accepted = Mutex(0)
  private let threads = DispatchGroup()

  /// On a free port of 127.0.0.1, or on a Unix socket at `unixPath`.
  package init(unixPath: String? = nil, _ serve: @escaping @Sendable (TestConnection) -> Void) throws {
    if let unixPath {
      (listener, target) = (try TestServer.listenUnix(unixPath), unixPath)
    } else {
      let (descriptor, port) = try TestServer.listenInternet()
      (listener, target) = (descriptor, "http://127.0.0.1:\(port)")
    }
    start { [self] in acceptAll(serve) }
  }

  /// How many connections have come so far.
  package var connectionCount: Int { accepted.withLock { $0 } }

  package var hasOpenConnections: Bool { open.withLock { !$0.isEmpty } }

  /// Ends the listener and all connections, and waits for their threads.
  package func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    threads.waitInTime(for: "every connection's thread ends")
    close(listener)
  }

  private func acceptAll(_ serve: @escaping @Sendable (TestConnection) -> Void) {
    // Until `stop`.
    while true {
      let descriptor = accept(listener, nil, nil)
      if descriptor < 0 { return }
      let index = accepted.withLock { count in
        count += 1
        return count - 1
      }
      open.withLock { _ = $0.insert(descriptor) }
      start { [self] in
        serve(TestConnection(descriptor: descriptor, index: index))
        open.withLock { open in
          open.remove(descriptor)
          close(descriptor)
        }
      }
    }
  }

  private func start(_ body: @escaping @Sendable () -> Void) {
    threads.enter()
    Foundation.Thread.detachNewThread { [threads] in
      body()
      threads.leave()
    }
  }

  private static func listenInternet() throws -> (Int32, UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let ready = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, address, &size) == 0
      }
    }
    guard ready else { throw POSIXError(.EADDRINUSE) }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  private static func listenUnix(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let ready = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
          && listen(descriptor, 64) == 0
      }
    }
    guard ready else { throw POSIXError(.EADDRINUSE) }
    return descriptor
  }
}

/// A request as the test server reads it.
package struct TestRequest: Sendable {
  package let method: String
  package let path: String
  /// Names in lower case.
  package let headers: [String: String]
  package let bytes: [UInt8]

  package var body: String { String(decoding: bytes, as: UTF8.self) }
}

/// A connection as the test's script sees it.
package struct TestConnection: Sendable {
  package let descriptor: Int32
  /// 0 for the first that the server accepted.
  package let index: Int

  /// - Returns: nil when the client has closed the connection.
  package func readRequest() -> TestRequest? {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
      guard let byte = readByte() else { return nil }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() where !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    let body = (0..<(Int(headers["content-length"] ?? "0") ?? 0)).compactMap { _ in readByte() }
    return TestRequest(method: String(words[0]), path: String(words[1]), headers: headers, bytes: body)
  }

  package func write(_ text: String) { write(Array(text.utf8)) }

  private func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[sent...])
        return send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  package func answer(_ status: Int, _ body: String = "", headers: String = "") {
    let length = status == 204 ? "" : "Content-Length: \(body.utf8.count)\r\n"
    write("HTTP/1.1 \(status) Some Reason\r\n\(length)\(headers)\r\n\(status == 204 ? "" : body)")
  }

  package func answer(_ bytes: [UInt8]) {
    write("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
    write(bytes)
  }

  /// Makes the close that follows a reset.
  package func resetOnClose() {
    var setting = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &setting, socklen_t(MemoryLayout<linger>.size))
  }

  private func readByte() -> UInt8? {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
  }
}
