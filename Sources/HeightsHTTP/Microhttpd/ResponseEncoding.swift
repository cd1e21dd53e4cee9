// Turns an answer into libmicrohttpd's form.

import CMicrohttpd
import Glibc

extension Response {
  /// The answer for libmicrohttpd, to be released by `MHD_destroy_response`; nil when it can't be made.
  /// - Parameter engine: the connection's: a stream that had nothing to send and has something makes it run.
  func encoded(for connection: Connection, on engine: HTTPEngine) -> OpaquePointer? {
    guard let encoded = encodedBody(for: connection, on: engine) else { return nil }
    for (name, value) in headers where !Response.add(name, value, to: encoded) {
      Log.error("an answer's header can't be sent", ["header": name])
      MHD_destroy_response(encoded)
      return nil
    }
    return encoded
  }

  /// Whether the header was taken.
  static func add(_ name: String, _ value: String, to encoded: OpaquePointer) -> Bool {
    // As arguments of a C function the strings would be copied into arrays.
    name.withCString { name in value.withCString { heights_mhd_add_header(encoded, name, $0) != 0 } }
  }

  var sizeBytes: Int {
    switch body {
    case .empty, .events: 0
    case .bytes(let bytes): bytes.count
    case .fixed(let text): text.utf8CodeUnitCount
    case .file(let file): file.sizeBytes
    }
  }

  private func encodedBody(for connection: Connection, on engine: HTTPEngine) -> OpaquePointer? {
    switch body {
    case .empty: return heights_mhd_fixed(nil, 0)
    case .bytes(let bytes):
      return bytes.withUnsafeBytes { heights_mhd_copied($0.baseAddress, $0.count) }
    case .fixed(let text):
      return heights_mhd_fixed(text.utf8Start, text.utf8CodeUnitCount)
    case .file(let file): return file.encoded()
    case .events(let stream): return stream.encoded(for: connection, on: engine)
    }
  }
}

extension FileSlice {
  fileprivate func encoded() -> OpaquePointer? {
    if sizeBytes == 0 { return heights_mhd_fixed(nil, 0) }
    guard let own = try? duplicate() else { return nil }
    guard let response = MHD_create_response_from_fd_at_offset64(UInt64(sizeBytes), own, UInt64(offset))
    else {
      close(own)
      return nil
    }
    return response
  }
}

/// What the content callback of a stream needs: the stream, and the connection that it suspends.
private final class StreamReader {
  let stream: EventStream
  let connection: Connection
  let engine: HTTPEngine
  private var suspended = false

  init(_ stream: EventStream, _ connection: Connection, _ engine: HTTPEngine) {
    self.stream = stream
    self.connection = connection
    self.engine = engine
    stream.onReadable = { [unowned self] in resume() }
  }

  func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    let count = stream.read(into: target)
    if count > 0 { return count }
    // -1: the end of the stream (MHD_CONTENT_READER_END_OF_STREAM).
    if stream.isEnded { return -1 }
    suspended = true
    MHD_suspend_connection(connection.handle)
    return 0
  }

  private func resume() {
    guard suspended else { return }
    suspended = false
    MHD_resume_connection(connection.handle)
    engine.mustRun = true
  }
}

extension EventStream {
  fileprivate func encoded(for connection: Connection, on engine: HTTPEngine) -> OpaquePointer? {
    let reader = Unmanaged.passRetained(StreamReader(self, connection, engine))
    // The size is unknown: UINT64_MAX is libmicrohttpd's MHD_SIZE_UNKNOWN.
    let response = MHD_create_response_from_callback(
      UInt64.max, 16 << 10,
      { context, _, buffer, capacity in
        guard let context, let buffer else { return -1 }
        let reader = Unmanaged<StreamReader>.fromOpaque(context).takeUnretainedValue()
        return reader.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
      }, reader.toOpaque(),
      { context in
        guard let context else { return }
        let reader = Unmanaged<StreamReader>.fromOpaque(context).takeRetainedValue()
        reader.stream.onReadable = nil
        reader.stream.end()
      })
    if response == nil { reader.release() }
    return response
  }
}
