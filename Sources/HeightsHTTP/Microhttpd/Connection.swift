// A connection of libmicrohttpd: what was asked on it, and who is at its other end.

import CMicrohttpd
import CRuntime
import Glibc

/// One client connection. Lives from accept to close, on one loop.
final class Connection {
  let descriptor: Int32
  private unowned let loop: EventLoop
  private let address: sockaddr_storage
  private let proxies: TrustedProxies
  fileprivate(set) var handle: OpaquePointer?
  var life: ConnectionLife

  /// - Parameter proxies: whose word is taken for whom they ask for.
  init(descriptor: Int32, address: sockaddr_storage, on loop: EventLoop, proxies: TrustedProxies) {
    self.descriptor = descriptor
    self.loop = loop
    self.address = address
    self.proxies = proxies
    life = ConnectionLife(now: loop.lastNow)
  }

  /// Called when libmicrohttpd has taken the connection.
  func attach(_ handle: OpaquePointer) { self.handle = handle }

  func header(_ name: String) -> String? {
    loop.assertIsolated()
    if strcasecmp(name, "Cookie") == 0 {
      // An empty one is of `heights_mhd_hide_cookies`. Proxies may make several of one (RFC 9113, 8.2.3).
      let sent = headers(name).filter { !$0.isEmpty }
      return sent.isEmpty ? nil : sent.joined(separator: "; ")
    }
    return heights_mhd_header(handle, name).map { String(cString: $0) }
  }

  /// The values of a header that may stand there more than once, in their order.
  private func headers(_ name: String) -> [String] {
    var sought = SoughtHeader(name: name)
    withUnsafeMutablePointer(to: &sought) { sought in
      let visit: MHD_KeyValueIterator = { context, _, name, value in
        guard let context, let name else { return heights_mhd_result(1) }
        let sought = context.assumingMemoryBound(to: SoughtHeader.self)
        if strcasecmp(name, sought.pointee.name) == 0 {
          sought.pointee.values.append(value.map { String(cString: $0) } ?? "")
        }
        return heights_mhd_result(1)
      }
      heights_mhd_each_header(handle, visit, sought)
    }
    return sought.values
  }

  func cookie(_ name: String) -> String? {
    loop.assertIsolated()
    var sought = SoughtCookie(name: name)
    withUnsafeMutablePointer(to: &sought) { sought in
      let visit: MHD_KeyValueIterator = { context, _, name, value in
        guard let context, let name, let value, strcasecmp(name, "Cookie") == 0 else {
          return heights_mhd_result(1)
        }
        let sought = context.assumingMemoryBound(to: SoughtCookie.self)
        let header = UnsafeRawBufferPointer(start: value, count: strlen(value))
        sought.pointee.value = CookieHeader.value(
          of: sought.pointee.name, in: header.assumingMemoryBound(to: UInt8.self))
        return heights_mhd_result(sought.pointee.value == nil ? 1 : 0)
      }
      heights_mhd_each_header(handle, visit, sought)
    }
    return sought.value
  }

  // MARK: The request's target

  /// The line of the request that is under way.
  private var line = heights_mhd_line()
  /// Its query, as it was sent. Valid for as long as the request is.
  private var query = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

  /// How long the target is, with its query.
  var targetBytes: Int { line.length }

  func lineHasCome(_ line: heights_mhd_line) {
    self.line = line
    query = UnsafeBufferPointer(start: nil, count: 0)
    life.takeLine(at: loop.lastNow)
  }

  /// Takes the query in, once libmicrohttpd is done with the line.
  /// - Parameters:
  ///   - target: up to its query.
  ///   - version: that of the same line, which ends the target.
  /// - Returns: false when there is a zero in the target, which libmicrohttpd takes for its end.
  func takeTarget(_ target: UnsafePointer<CChar>, until version: UnsafePointer<CChar>) -> Bool {
    heights_mhd_restore_query(target, line)
    if line.query > 0 {
      // Alive: as long as the line, which ends with a zero, `length` characters behind the target's beginning.
      query = UnsafeBufferPointer(
        start: UnsafeRawPointer(target + line.query).assumingMemoryBound(to: UInt8.self),
        count: line.length - line.query)
    }
    // Without a version its text isn't in the line.
    return version.pointee == 0 || version - target == line.length + 1
  }

  /// The argument as it was sent, still percent-encoded.
  func queryArgument(_ name: String) -> [UInt8]? {
    loop.assertIsolated()
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      if PercentEncoding.decode(parts[0], plusIsSpace: true)?.utf8.elementsEqual(name.utf8) == true {
        return parts.count > 1 ? Array(parts[1]) : []
      }
    }
    return nil
  }

  /// While a request is under way: whom the peer asks for, if it is a proxy that is trusted; else the peer.
  var clientAddress: String {
    loop.assertIsolated()
    if proxies == .none { return peerAddress }
    let said = headers("X-Forwarded-For")
    return proxies.client(of: peerAddress, forwardedFor: said.isEmpty ? nil : said.joined(separator: ","))
  }

  var peerAddress: String {
    guard Int32(address.ss_family) == AF_INET || Int32(address.ss_family) == AF_INET6 else { return "local" }
    var host = [CChar](repeating: 0, count: 64)
    let code = withUnsafePointer(to: address) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getnameinfo(
          $0, socklen_t(MemoryLayout<sockaddr_storage>.size), &host, socklen_t(host.count), nil, 0,
          NI_NUMERICHOST)
      }
    }
    return code == 0
      ? host.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" } : "unknown"
  }

  // MARK: Its end

  /// Whether it has to end, see `ConnectionLife`.
  func isOverdue(at now: Deadline, _ limits: HTTPLimits, drainingSince: Deadline?) -> Bool {
    // A copy, so that the connection's own isn't held open during the calls.
    var life = life
    defer { self.life = life }
    return life.isOverdue(
      at: now, limits, drainingSince: drainingSince,
      ConnectionLife.Socket(
        hasEnded: { [descriptor] in
          var byte: UInt8 = 0
          return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
        },
        progress: { [descriptor] in
          let sending = heights_sending(descriptor)
          return .init(unsentBytes: Int(sending.unsent_bytes), takenBytes: sending.taken_bytes)
        }))
  }

  /// Ends the connection: libmicrohttpd sees the end of its input and closes.
  func cutOff() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

private struct SoughtHeader {
  let name: String
  var values: [String] = []
}

private struct SoughtCookie {
  let name: String
  var value: String?
}
