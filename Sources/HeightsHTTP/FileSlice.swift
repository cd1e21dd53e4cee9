// A piece of an open file, sent by the kernel without a copy.

import Glibc

/// Some bytes of an open file. Closes the descriptor when nobody holds the slice any more.
public final class FileSlice: Sendable {
  /// Open for reading as long as the slice is there.
  public let descriptor: Int32
  /// Where the piece begins, in bytes from the beginning of the file.
  public let offset: Int
  /// How long it is.
  public let sizeBytes: Int

  /// Takes over `descriptor`.
  public init(descriptor: Int32, offset: Int, sizeBytes: Int) {
    self.descriptor = descriptor
    self.offset = offset
    self.sizeBytes = sizeBytes
  }

  deinit { close(descriptor) }

  /// A descriptor of its own, for a taker that closes it.
  func duplicate() throws -> Int32 {
    try SystemError.check("fcntl", fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
  }

  /// The bytes themselves.
  /// - Throws: `SystemError` when the file can't be read.
  public func read() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: sizeBytes)
    var done = 0
    while done < sizeBytes {
      let count = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, sizeBytes - done, offset + done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "pread") }
      done += count
    }
    return bytes
  }
}
