// A file descriptor that is closed with its last reference.

import Glibc

final class Descriptor: Sendable {
  /// Negative when opening failed.
  let number: Int32

  init(_ number: Int32) { self.number = number }

  var isOpen: Bool { number >= 0 }

  deinit { if isOpen { close(number) } }
}
