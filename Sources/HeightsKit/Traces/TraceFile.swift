// The file that traces are written to: lines of JSON, in two files of a bounded size.

import Glibc

/// A file and the one before it, together never larger than `2 * limitBytes` and a line. Used by one thread at a time.
final class TraceFile {
  /// Of each of the two.
  static let limitBytes = 2 << 20

  private let path: String
  private var descriptor: Int32 = -1
  private var sizeBytes = 0

  init(_ path: String) { self.path = path }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Adds a line. The file before is lost when this one is full.
  /// - Throws: `SystemError`: then nothing of the line is to be relied on.
  func append(_ line: [UInt8]) throws {
    if descriptor < 0 { try open() }
    if sizeBytes > 0, sizeBytes + line.count + 1 > Self.limitBytes { try turn() }
    try write(line + [UInt8(ascii: "\n")])
  }

  private func open() throws {
    // For the owner alone: statements and paths are in it.
    descriptor = try SystemError.check(
      "open \(path)", Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600))
    var status = stat()
    sizeBytes = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  private func turn() throws {
    // Whatever becomes of its name: the next line opens a file that has one.
    close(descriptor)
    descriptor = -1
    let (code, reason) = (rename(path, path + ".1"), errno)
    // Somebody has deleted it.
    guard code == 0 || reason == ENOENT else { throw SystemError(call: "rename \(path)", code: reason) }
    try open()
  }

  private func write(_ bytes: [UInt8]) throws {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 { sizeBytes += count }
    guard count == bytes.count else {
      // What was begun ends there, so that the next line is whole.
      if count > 0 { sizeBytes += max(Glibc.write(descriptor, "\n", 1), 0) }
      throw SystemError(call: "write \(path)", code: count < 0 ? errno : ENOSPC)
    }
  }
}
