// A way to wake a thread that waits in poll.

import CRuntime
import Glibc

/// An eventfd: `ring` makes it readable until `clear`.
final class Wakeup: Sendable {
  let descriptor = Descriptor(eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))

  func ring() { eventfd_write(descriptor.number, 1) }

  func clear() {
    var ignored: eventfd_t = 0
    eventfd_read(descriptor.number, &ignored)
  }
}
