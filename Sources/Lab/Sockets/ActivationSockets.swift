// The public front door: sockets that outlive every process behind it.

import Foundation

/// Sockets of one address that the supervisor opens once and keeps (socket activation), so that a connection always finds
/// somebody who listens. Processes come and go; meanwhile connections wait in the queue.
struct ActivationSockets: Sendable {
  /// All on the same address; the kernel spreads connections over them.
  let sockets: [Descriptor]
  let port: Int

  /// Opens `count` sockets on 127.0.0.1; port 0 takes a free one. `option` is what the user would choose another
  /// port with.
  init(port: Int, count: Int, option: String) throws(LabError) {
    guard (0...65535).contains(port) else { throw .portOutOfRange(port: port, option: option) }
    do throws(LabError) {
      try self.init(address: "127.0.0.1", port: port, count: count)
    } catch {
      if error.number == EADDRINUSE { throw .portBusy(port: port, option: option) }
      throw error
    }
  }

  /// The same on another address.
  /// - Parameter isInside: whether it is one of the network that the calling thread is in, and not of the machine's.
  init(address: String, port: Int, count: Int, isInside: Bool = false) throws(LabError) {
    // The first is opened without SO_REUSEPORT: with it, a port that another program of the same user listens on
    // would be shared in silence.
    var door = Door(address: address, port: port)
    let probe = try isInside ? door.openInside() : door.open()
    let chosen = port == 0 ? try Self.port(of: probe) : port
    self.port = chosen
    withExtendedLifetime(probe) {}
    (door.port, door.sharesPort, door.backlog) = (chosen, true, Int(SOMAXCONN))
    var sockets: [Descriptor] = []
    for _ in 0..<count { sockets.append(try isInside ? door.openInside() : door.open()) }
    self.sockets = sockets
  }

  private static func port(of socket: Descriptor) throws(LabError) -> Int {
    guard let port = LoopbackAddress.port(of: socket.number) else {
      throw .system(attempt: "reading a socket's port", code: errno)
    }
    return port
  }
}

/// An IPv4 address of this machine, 127.0.0.1 when not said, as system calls want it.
enum LoopbackAddress {
  static func with(
    _ text: String = "127.0.0.1", port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
    address.sin_addr.s_addr = inet_addr(text)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  static func port(of socket: Int32) -> Int? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }
}
