// Where to connect to: a host and port, or a Unix socket.

import Foundation
import Glibc
import HeightsRuntime

/// A resolved address. Name servers are asked once, when it is made.
package struct Endpoint: Sendable {
  /// As browsers write it: `http://127.0.0.1:8080`.
  package let origin: String
  /// The Host header: `127.0.0.1:8080`.
  package let authority: String
  private let address: sockaddr_storage
  private let addressBytes: socklen_t
  /// Those that its name has besides.
  private var others: [Endpoint] = []

  private init(origin: String, authority: String, address: sockaddr_storage, addressBytes: socklen_t) {
    (self.origin, self.authority) = (origin, authority)
    (self.address, self.addressBytes) = (address, addressBytes)
  }

  /// - Parameter target: `http://HOST[:PORT]`, with nothing behind it.
  /// - Throws: `EndpointError` when it is written wrongly or has no address.
  package static func http(_ target: String) throws(EndpointError) -> Endpoint {
    guard let parts = URLComponents(string: target), parts.scheme == "http",
      let host = parts.host, !host.isEmpty, parts.path.isEmpty || parts.path == "/",
      parts.user == nil, parts.query == nil, (0...65_535).contains(parts.port ?? 80)
    else { throw .malformed(target) }
    let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    let authority = (bare.contains(":") ? "[\(bare)]" : bare) + (parts.port.map { ":\($0)" } ?? "")
    return try resolve(bare, port: parts.port ?? 80, authority: authority)
  }

  /// A server whose address is known already.
  /// - Parameters:
  ///   - authority: as its Host header has it: its name, and its port unless that is its scheme's own.
  ///   - address: in numbers.
  /// - Throws: `EndpointError`.
  package static func at(
    _ address: String, port: Int, authority: String
  ) throws(EndpointError) -> Endpoint {
    try resolve(address, port: port, authority: authority)
  }

  private static func resolve(_ host: String, port: Int, authority: String) throws(EndpointError) -> Endpoint
  {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    var found: [Endpoint] = []
    var next = code == 0 ? list : nil
    while let entry = next?.pointee {
      if let bytes = entry.ai_addr {
        var address = sockaddr_storage()
        withUnsafeMutableBytes(of: &address) { storage in
          storage.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: Int(entry.ai_addrlen)))
        }
        found.append(
          Endpoint(
            origin: "http://\(authority)", authority: authority, address: address,
            addressBytes: entry.ai_addrlen))
      }
      next = entry.ai_next
    }
    guard let first = found.first else {
      throw .unreachable(target: "http://\(authority)", reason: String(cString: gai_strerror(code)))
    }
    return first.or(found.dropFirst())
  }

  /// The same, of a name that has other addresses too.
  package func or(_ others: some Sequence<Endpoint>) -> Endpoint {
    var endpoint = self
    endpoint.others = Array(others)
    return endpoint
  }

  /// The first of the name's addresses that takes a connection, in the resolver's order; the very first where none does. Blocks, for
  /// so long at each.
  package func answering(withinMs ms: Int32) -> Endpoint {
    if others.isEmpty { return self }
    return ([self] + others).first { $0.takesConnection(withinMs: ms) } ?? self
  }

  private func takesConnection(withinMs ms: Int32) -> Bool {
    guard case .success(let descriptor) = beginConnecting() else { return false }
    defer { close(descriptor) }
    var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    var code: Int32 = 0
    var bytes = socklen_t(MemoryLayout<Int32>.size)
    return poll(&event, 1, ms) == 1
      && getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &bytes) == 0 && code == 0
  }

  /// - Throws: `EndpointError` when the path does not fit into a socket address.
  package static func unix(_ path: String) throws(EndpointError) -> Endpoint {
    var unix = sockaddr_un()
    unix.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: unix.sun_path) - 1
    guard (1...room).contains(path.utf8.count) else {
      throw .unreachable(target: path, reason: "the path of a socket has 1 to \(room) bytes")
    }
    withUnsafeMutableBytes(of: &unix.sun_path) { $0.copyBytes(from: path.utf8) }
    var address = sockaddr_storage()
    withUnsafeMutableBytes(of: &address) { storage in
      withUnsafeBytes(of: unix) { storage.copyMemory(from: $0) }
    }
    return Endpoint(
      origin: "http://localhost", authority: "localhost", address: address,
      addressBytes: socklen_t(MemoryLayout<sockaddr_un>.size))
  }

  /// Begins to connect; the descriptor becomes writable when that has ended either way.
  func beginConnecting() -> Result<Int32, ClientFailure> {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(Int32(address.ss_family), type, 0)
    guard descriptor >= 0 else { return .failure(ClientFailure(errno: errno)) }
    var one: Int32 = 1
    // Fails on a Unix socket, which has no Nagle's algorithm to switch off.
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    let result = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, addressBytes) }
    }
    if result != 0, errno != EINPROGRESS {
      let failure = ClientFailure(errno: errno)
      close(descriptor)
      return .failure(failure)
    }
    return .success(descriptor)
  }
}

/// Why there is nowhere to connect to.
package enum EndpointError: Error, Equatable {
  /// Expected `http://HOST[:PORT]`.
  case malformed(String)
  case unreachable(target: String, reason: String)
}
