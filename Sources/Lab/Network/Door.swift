// Sockets that people of this machine come in by, wherever the lab itself is.

import CRuntime
import Glibc
import Synchronization

/// Opens sockets on the machine's own addresses: here, or by the doorkeeper of a lab that has a network of its own.
struct Door: Sendable {
  var type = SOCK_STREAM
  var address = "127.0.0.1"
  /// 0 for one that is free.
  var port: Int
  /// Whether others of ours may have the same.
  var sharesPort = false
  /// 0: it is bound, and nobody listens yet.
  var backlog = 0

  /// The channel to the doorkeeper, one question at a time; nil where we are in the machine's network ourselves.
  private static let doorkeeper = Mutex<Descriptor?>(nil)

  /// From now on doors are opened at the other end of this channel.
  static func keep(by channel: Descriptor) { doorkeeper.withLock { $0 = channel } }

  /// Whether we are in another network than the machine's.
  static var isKept: Bool { doorkeeper.withLock { $0 != nil } }

  /// - Throws: with the code of what failed (EADDRINUSE: the port is taken).
  func open() throws(LabError) -> Descriptor {
    let opened = Self.doorkeeper.withLock { channel in
      withDoor { door in
        channel.map { heights_ask_doorkeeper($0.number, door) } ?? heights_open_door(door)
      }
    }
    return try checked(opened)
  }

  /// The same in our own network, though the machine's is another.
  func openInside() throws(LabError) -> Descriptor { try checked(withDoor { heights_open_door($0) }) }

  fileprivate static let consoleBacklog = 128

  private func checked(_ opened: Int32) throws(LabError) -> Descriptor {
    if opened < 0 { throw .system(attempt: "opening port \(port) of \(address)", code: -opened) }
    return Descriptor(opened)
  }

  private func withDoor(_ body: (UnsafePointer<heights_door>) -> Int32) -> Int32 {
    var door = heights_door()
    door.type = Int32(type.rawValue)
    door.port = UInt16(clamping: port)
    door.shares_port = sharesPort ? 1 : 0
    door.backlog = Int32(clamping: backlog)
    withUnsafeMutableBytes(of: &door.address) { $0.copyBytes(from: address.utf8.prefix($0.count - 1)) }
    return body(&door)
  }
}

extension Lab {
  /// A socket that listens on a port of 127.0.0.1, as people of this machine see it, and its port; whoever takes it closes it.
  /// - Parameter port: 0 for one that is free.
  /// - Throws: when the port is taken.
  public static func openDoor(port: Int) throws(LabError) -> (socket: Int32, port: Int) {
    let opened = try Door(port: port, backlog: Door.consoleBacklog).open()
    guard let actual = LoopbackAddress.port(of: opened.number) else {
      throw .system(attempt: "reading a socket's port", code: errno)
    }
    let socket = fcntl(opened.number, F_DUPFD_CLOEXEC, 3)
    if socket < 0 { throw .system(attempt: "keeping port \(actual) open", code: errno) }
    return (socket, actual)
  }
}
