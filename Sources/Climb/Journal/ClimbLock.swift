// One climber at a time.

import Glibc

/// Held for as long as a climb works. The kernel lets go of it when its holder dies, however it dies.
final class ClimbLock {
  private let descriptor: Int32

  /// Throws `alreadyClimbing` when another process holds it.
  init(path: String) throws(ClimbError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(attempt: "opening \(path)", code: errno) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    let code = errno
    throw code == EWOULDBLOCK ? .alreadyClimbing : .system(attempt: "locking \(path)", code: code)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
