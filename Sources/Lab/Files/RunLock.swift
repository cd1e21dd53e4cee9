// One `up` per app's folder.

import Foundation

/// Held from `up` to its end. The kernel lets go of it when the holder dies, however it dies, so a file left behind
/// is stale exactly when the lock on it can be had.
final class RunLock: Sendable {
  private let descriptor: Descriptor
  /// Who held the lock before and ended without letting go; nil after a clean stop.
  let stalePid: Int32?

  /// Throws `alreadyRunning` when another process holds it.
  init(path: String) throws(LabError) {
    let descriptor = Descriptor(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    guard descriptor.isOpen else { throw .system(attempt: "opening \(path)", code: errno) }
    if flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
      throw errno == EWOULDBLOCK
        ? .alreadyRunning(pid: Self.holder(of: path)?.pid ?? 0)
        : .system(attempt: "locking \(path)", code: errno)
    }
    self.descriptor = descriptor
    stalePid = Self.holder(of: path)?.pid
    try write(ProcessIdentity.current)
  }

  /// Lets go, and leaves nothing that looks stale.
  func release() {
    ftruncate(descriptor.number, 0)
    flock(descriptor.number, LOCK_UN)
  }

  /// Whether a process holds the lock of that path now.
  static func isHeld(path: String) -> Bool {
    // No `Descriptor`: Swift 6.3.1 -O puts one on the stack here and frees it all the same, for callers in other modules.
    let number = open(path, O_RDWR | O_CLOEXEC)
    if number < 0 { return false }
    defer { close(number) }
    return flock(number, LOCK_SH | LOCK_NB) != 0
  }

  /// Who wrote its name into the lock file last.
  static func holder(of path: String) -> ProcessIdentity? {
    FileManager.default.contents(atPath: path).flatMap {
      try? JSONDecoder().decode(ProcessIdentity.self, from: $0)
    }
  }

  private func write(_ holder: ProcessIdentity) throws(LabError) {
    guard let text = try? JSONEncoder().encode(holder) else { return }
    ftruncate(descriptor.number, 0)
    let count = text.withUnsafeBytes { pwrite(descriptor.number, $0.baseAddress, $0.count, 0) }
    if count != text.count { throw .system(attempt: "writing the lock file", code: errno) }
  }
}
