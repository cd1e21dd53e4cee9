// One drill at a time: each is judged by what it alone has broken.

import Glibc
import Lab

/// Held for as long as a drill lasts. The kernel lets go of it when its holder dies, however it dies.
final class DrillLock {
  private let descriptor: Int32

  /// - Throws: `DrillError.underWay` when another process holds it.
  init(_ folder: AppFolder) throws(DrillError) {
    descriptor = open(folder.home + "/drill.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    // Without a folder nothing runs that could be drilled, which is told next.
    if descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    throw .underWay
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
