// Files that are there whole or not at all, also after a crash.

import Glibc

enum AtomicFile {
  /// Puts a file in the place of the one that may be there. It is on the disk when this returns.
  /// - Throws: `SystemError`; then the former file is as it was.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    // Under another name first: whoever finds it under its own finds all of it.
    let temporary = folder + "/.\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = try SystemError.check(
      "open \(temporary)", open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
    defer { close(descriptor) }
    do {
      try writeAll(bytes, to: descriptor)
      try SystemError.check("fsync", fsync(descriptor))
      try SystemError.check("rename \(temporary)", rename(temporary, path))
    } catch {
      unlink(temporary)
      throw error
    }
    try syncFolder(folder)
  }

  /// A name is on the disk once its folder is.
  static func syncFolder(_ path: String) throws {
    let descriptor = try SystemError.check("open \(path)", open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    defer { close(descriptor) }
    try SystemError.check("fsync", fsync(descriptor))
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "write") }
      done += count
    }
  }
}
