// Reading and writing a socket with a deadline.

import Glibc

/// A conversation over a non-blocking socket that ends at a deadline at the latest.
struct Exchange {
  let socket: Descriptor
  /// On `Clock`.
  let endMs: Int
  /// Told in the error when time is up.
  let what: String

  init(_ socket: Descriptor, limitMs: Int, what: String) {
    self.socket = socket
    self.endMs = Clock.nowMs + limitMs
    self.what = what
  }

  func write(_ bytes: [UInt8]) throws(LabError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        try wait(for: Int16(POLLOUT))
      } else if errno != EINTR {
        throw .system(attempt: what, code: errno)
      }
    }
  }

  /// Some bytes; empty at the end of the stream.
  func readSome(upTo limit: Int) throws(LabError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    while true {
      let count = recv(socket.number, &bytes, limit, 0)
      if count >= 0 { return Array(bytes.prefix(count)) }
      if errno == EAGAIN {
        try wait(for: Int16(POLLIN))
      } else if errno != EINTR {
        throw .system(attempt: what, code: errno)
      }
    }
  }

  private func wait(for events: Int16) throws(LabError) {
    let leftMs = endMs - Clock.nowMs
    var entry = pollfd(fd: socket.number, events: events, revents: 0)
    if leftMs <= 0 || poll(&entry, 1, Int32(clamping: leftMs)) == 0 { throw .timedOut(what) }
  }
}
