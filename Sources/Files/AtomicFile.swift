// Files that are there whole or not at all, also after a crash.

import Glibc

/// Replaces files so that whoever reads one finds the former or the new one, whole.
package enum AtomicFile {
  /// Puts a file in the place of the one that may be there. It is on the disk when this returns, readable by its owner only.
  /// - Parameter owner: nil for who runs this.
  /// - Throws: `SystemError`; unless it was the folder's flush that failed, the former file is as it was.
  package static func write(
    _ bytes: [UInt8], to path: String, owner: (user: uid_t, group: gid_t)? = nil
  ) throws(SystemError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    // Under another name first: whoever finds it under its own finds all of it.
    let temporary = folder + "/.\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = try SystemError.check(
      "open \(temporary)", open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
    defer { close(descriptor) }
    do throws(SystemError) {
      if let owner { try SystemError.check("fchown \(path)", fchown(descriptor, owner.user, owner.group)) }
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
  package static func syncFolder(_ path: String) throws(SystemError) {
    let descriptor = try SystemError.check("open \(path)", open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    defer { close(descriptor) }
    // Some file systems have no such thing for folders.
    if fsync(descriptor) != 0, errno != EINVAL { throw SystemError(call: "fsync \(path)") }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
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
