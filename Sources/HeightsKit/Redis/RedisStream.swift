// The bytes of a connection to Redis, as they are.

import Glibc

/// What came of a call that never waits.
enum Transfer {
  case moved(Int)
  /// Nothing could be moved before the socket is ready for this.
  case waits(for: IOEvents)
  case failed(RedisError)
}

/// Writes to a connected socket and reads from it, without waiting. Whoever has it closes the socket.
protocol RedisStream: AnyObject {
  /// Goes on with what comes before the first byte; `moved` when that is done.
  func open() -> Transfer
  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer
  /// Of what it has taken from the socket it keeps nothing back, if there is room for `RedisConnection.readBytes`.
  func read(into room: UnsafeMutableRawBufferPointer) -> Transfer
}

final class PlainStream: RedisStream {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  func open() -> Transfer { .moved(0) }

  func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .moved(count) : refusal("send", waitingFor: .writable)
  }

  func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
    let count = recv(descriptor, room.baseAddress, room.count, 0)
    if count == 0 { return .failed(.away("the server has closed the connection")) }
    return count > 0 ? .moved(count) : refusal("recv", waitingFor: .readable)
  }

  private func refusal(_ call: String, waitingFor events: IOEvents) -> Transfer {
    let code = errno
    if code == EAGAIN || code == EINTR { return .waits(for: events) }
    return .failed(.away("\(SystemError(call: call, code: code))"))
  }
}
