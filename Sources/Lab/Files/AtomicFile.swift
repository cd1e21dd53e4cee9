// Files that are either old or new, never half.

import Glibc

enum AtomicFile {
  /// Replaces the file at `path`; it is on disk when this returns. Readable by its owner only: us, unless said.
  static func write(_ text: String, to path: String, owner: EngineUser? = nil) throws(LabError) {
    let fresh = path + ".new"
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(attempt: "writing \(fresh)", code: errno) }
    defer { close(descriptor) }
    try owner?.own(fresh)
    try write(Array(text.utf8), to: descriptor, path: fresh)
    if fsync(descriptor) != 0 { throw .system(attempt: "writing \(fresh)", code: errno) }
    if rename(fresh, path) != 0 { throw .system(attempt: "replacing \(path)", code: errno) }
    syncFolder(of: path)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(LabError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { throw .system(attempt: "writing \(path)", code: errno) }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  private static func syncFolder(of path: String) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { return }
    fsync(descriptor)
    close(descriptor)
  }
}
