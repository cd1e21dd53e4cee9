// Sockets in the file system, however long the path.

import Glibc

/// A unix socket by folder and name. The kernel's limit of 107 bytes concerns the name alone: the folder is opened
/// first and named by its descriptor.
public struct UnixAddress: Equatable, Sendable {
  /// Where it lies; may be longer than a socket's path may be.
  public let folder: String
  /// The name of the file in it.
  public let name: String

  /// For people, and for programs that know a way to long paths.
  public var path: String { folder + "/" + name }

  /// - Parameter name: of the file in the folder.
  public init(folder: String, name: String) {
    self.folder = folder
    self.name = name
  }

  /// A listening socket that only the owner may connect to; a stale file of that name is replaced.
  func listen(backlog: Int32) throws(LabError) -> Descriptor {
    let socket = try Self.makeSocket()
    let attempt = "listening on \(path)"
    unlink(path)
    // Before it has a name, so that nobody else can connect in between. Not by the umask: that is all threads', and what
    // another one makes at this moment would be closed to its owner.
    if fchmod(socket.number, 0o600) != 0 { throw .system(attempt: attempt, code: errno) }
    try withAddress(attempt) { address, length in bind(socket.number, address, length) }
    if Glibc.listen(socket.number, backlog) != 0 { throw .system(attempt: attempt, code: errno) }
    return socket
  }

  /// A connected socket. Throws at once when nobody listens there.
  func connect() throws(LabError) -> Descriptor {
    let socket = try Self.makeSocket()
    try withAddress("connecting to \(path)") { address, length in
      Glibc.connect(socket.number, address, length)
    }
    return socket
  }

  private static func makeSocket() throws(LabError) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Descriptor(Glibc.socket(AF_UNIX, type, 0))
    guard socket.isOpen else { throw .system(attempt: "opening a socket", code: errno) }
    return socket
  }

  private func withAddress(
    _ attempt: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(LabError) {
    let directory = Descriptor(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    guard directory.isOpen else { throw .system(attempt: attempt, code: errno) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array("/proc/self/fd/\(directory.number)/\(name)".utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw .system(attempt: attempt, code: ENAMETOOLONG)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if result != 0 { throw .system(attempt: attempt, code: errno) }
  }
}
