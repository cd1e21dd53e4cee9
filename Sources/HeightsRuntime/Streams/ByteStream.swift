// The bytes of a connection, as they are or within something that keeps them from others.

import Glibc

/// What came of a call that never waits.
package enum Transfer {
  case moved(Int)
  /// Nothing could be moved before the socket is ready for this.
  case waits(for: IOEvents)
  case failed(StreamFailure)
}

/// Why a connection has no more bytes.
package enum StreamFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The other side has closed it.
  case closed
  /// The kernel's refusal, and of what.
  case system(call: String, code: Int32)
  /// What keeps the bytes from others can't be had with this server, and why.
  case insecure(String)

  package var description: String {
    switch self {
    case .closed: "the server has closed the connection"
    case .system(let call, let code): "\(SystemError(call: call, code: code))"
    case .insecure(let reason): reason
    }
  }
}

/// Writes to a connected socket and reads from it, without waiting. Whoever has it closes the socket.
package protocol ByteStream: AnyObject {
  /// Goes on with what comes before the first byte; `moved` when that is done.
  func open() -> Transfer
  /// Moves as many of them as the socket takes.
  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer
  /// Of what it has taken from the socket it keeps nothing back, if there is room for `PlainStream.recordBytes`.
  func read(into room: UnsafeMutableRawBufferPointer) -> Transfer
}

/// The bytes as they are.
package final class PlainStream: ByteStream {
  /// The room that whoever reads must have: as much as a record of TLS may hold.
  package static let recordBytes = 16 << 10

  private let descriptor: Int32

  /// - Parameter descriptor: of a socket.
  package init(_ descriptor: Int32) { self.descriptor = descriptor }

  package func open() -> Transfer { .moved(0) }

  package func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .moved(count) : refusal("send", waitingFor: .writable)
  }

  package func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
    let count = recv(descriptor, room.baseAddress, room.count, 0)
    if count == 0 { return .failed(.closed) }
    return count > 0 ? .moved(count) : refusal("recv", waitingFor: .readable)
  }

  private func refusal(_ call: String, waitingFor events: IOEvents) -> Transfer {
    let code = errno
    if code == EAGAIN || code == EINTR { return .waits(for: events) }
    return .failed(.system(call: call, code: code))
  }
}
