// Listening sockets: handed over by whoever started the process, or opened by itself.

import Glibc

/// The sockets that a process listens on.
public struct ListeningSockets: Sendable {
  /// For the public: all of one address.
  public let http: [Int32]
  /// For whoever runs the process.
  public let admin: [Int32]

  /// Takes over the sockets of systemd's socket activation (`LISTEN_FDS`, `LISTEN_FDNAMES`; see sd_listen_fds(3)), if there
  /// are any for this process. Those named `admin` are the administrator's, the others the public's.
  public static func inherited(_ environment: [String: String]) -> ListeningSockets? {
    guard let count = environment["LISTEN_FDS"].flatMap({ Int($0) }), (1...1024).contains(count) else {
      return nil
    }
    if let pid = environment["LISTEN_PID"], Int32(pid) != getpid() { return nil }
    let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
    var http: [Int32] = []
    var admin: [Int32] = []
    for index in 0..<count {
      let descriptor = Int32(3 + index)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      if index < names.count && names[index] == "admin" {
        admin.append(descriptor)
      } else {
        http.append(descriptor)
      }
    }
    return ListeningSockets(http: http, admin: admin)
  }

  /// Opens `count` sockets, among which the kernel spreads new connections.
  /// - Parameters:
  ///   - address: an IPv4 address of this machine; 0.0.0.0 for all of them.
  ///   - port: 0 for one that is free.
  /// - Throws: `SystemError`, for instance when the port is taken.
  public static func open(
    address: IPv4Address = .loopback, port: UInt16, count: Int
  ) throws -> ListeningSockets {
    // The first one is bound without SO_REUSEPORT: with it, a port that another program of the same user listens on would
    // be shared in silence.
    let probe = try socket(on: address, port: port, sharesPort: false)
    let port = localPort(of: probe)
    close(probe)
    let sockets = try (0..<max(count, 1)).map { _ in
      let descriptor = try socket(on: address, port: port, sharesPort: true)
      try SystemError.check("listen", Glibc.listen(descriptor, 4096))
      return descriptor
    }
    return ListeningSockets(http: sockets, admin: [])
  }

  /// The port that a socket is bound to.
  public static func localPort(of descriptor: Int32) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func socket(on host: IPv4Address, port: UInt16, sharesPort: Bool) throws -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = try SystemError.check("socket", Glibc.socket(AF_INET, type, 0))
    do {
      var on: Int32 = 1
      for option in sharesPort ? [SO_REUSEADDR, SO_REUSEPORT] : [SO_REUSEADDR] {
        try SystemError.check("setsockopt", setsockopt(descriptor, SOL_SOCKET, option, &on, 4))
      }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.number.bigEndian
      let bound = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try SystemError.check("bind to \(host):\(port)", bound)
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }
}

/// An address of the Internet Protocol, version 4.
public struct IPv4Address: Equatable, Sendable, CustomStringConvertible {
  /// 127.0.0.1: only this machine gets there.
  public static let loopback = IPv4Address(number: 0x7f00_0001)

  let number: UInt32

  private init(number: UInt32) { self.number = number }

  /// Reads four numbers with dots, such as `127.0.0.1`; nil for anything else.
  public init?(_ text: String) {
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
    number = UInt32(bigEndian: address.s_addr)
  }

  public var description: String {
    [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
  }
}
