// Bytes that arrive from a client: in memory while they are few, in a file without a name when they are many.

import CRuntime
import Glibc

/// Received bytes. Beyond `memoryLimitBytes` they go to an unnamed temporary file, which ends with the spool.
public final class Spool {
  /// Where the bytes are: read one or the other.
  public enum Content {
    case memory([UInt8])
    case file(descriptor: Int32)
  }

  static let memoryLimitBytes = 64 << 10

  public private(set) var sizeBytes = 0
  public private(set) var content = Content.memory([])

  deinit { if case .file(let descriptor) = content { close(descriptor) } }

  /// - Throws: `SystemError` when the temporary file can't be made or written.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    switch content {
    case .memory(var held):
      content = .memory([])  // so that `held` is the only holder and grows in place
      held.append(contentsOf: bytes)
      content = .memory(held)
      if held.count > Spool.memoryLimitBytes { try spill(held) }
    case .file(let descriptor): try Spool.write(bytes, to: descriptor)
    }
    sizeBytes += bytes.count
  }

  /// All bytes, in memory.
  /// - Throws: `SystemError` when the temporary file can't be read.
  public func read() throws -> [UInt8] {
    switch content {
    case .memory(let bytes): return bytes
    case .file(let descriptor):
      let copy = try SystemError.check("fcntl", fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
      return try FileSlice(descriptor: copy, offset: 0, sizeBytes: sizeBytes).read()
    }
  }

  private func spill(_ bytes: [UInt8]) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let descriptor = try SystemError.check(
      "open a temporary file in \(folder)", heights_open_unnamed(folder))
    content = .file(descriptor: descriptor)
    try bytes.withUnsafeBytes { try Spool.write($0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    var rest = bytes
    while rest.count > 0 {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "write to a temporary file") }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}

/// The fields and files of a submitted form.
public struct Form {
  public struct File {
    public let name: String
    /// The name that the file had on the client's machine: for display only.
    public let filename: String
    /// What the client says it is. Look at the content before you believe it.
    public let contentType: String?
    public let spool: Spool
  }

  public internal(set) var fields: [(name: String, value: String)] = []
  public internal(set) var files: [File] = []

  /// The value of the first field of that name.
  public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The first file of that name that isn't empty.
  public func file(_ name: String) -> File? { files.first { $0.name == name && $0.spool.sizeBytes > 0 } }
}

/// What a request carries.
public enum RequestBody {
  case empty
  case content(Spool)
  case form(Form)
}
