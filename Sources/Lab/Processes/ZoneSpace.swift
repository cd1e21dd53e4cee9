// A zone's power: while its init lives, programs run in the zone; when it dies, all of them do.

import CRuntime
import Glibc
import Synchronization

/// A PID namespace. It ends with the thread that started it, with `cutPower`, or with its last reference.
final class ZoneSpace: Sendable {
  private let pid: Int32
  /// Readable when the init has ended.
  let handle: Descriptor
  /// From then on the pid may be another's.
  private let isReaped = Mutex(false)

  /// Throws where the system refuses namespaces.
  init() throws(LabError) {
    pid = heights_start_zone()
    if pid < 0 { throw .system(attempt: "starting a zone", code: -pid) }
    handle = Descriptor(heights_open_process(pid))
  }

  /// Kills everything in the zone at once.
  func cutPower() { isReaped.withLock { if !$0 { kill(pid, SIGKILL) } } }

  /// Whether the init is gone, and with it everything in the zone. That takes until those of its programs that are our
  /// children have been waited for.
  func hasEnded() -> Bool {
    isReaped.withLock { isReaped in
      if !isReaped { isReaped = waitpid(pid, nil, WNOHANG) != 0 }
      return isReaped
    }
  }

  /// Cuts the power and returns when the zone is empty.
  func end() {
    cutPower()
    while !hasEnded() { usleep(1000) }
  }

  deinit { cutPower() }
}

/// Where a program is started: beside us, or in a zone.
struct Seat: Sendable {
  var zone: ZoneSpace?
  /// What the programs of its host see: their mount namespace; nil for the first of them.
  var mounts: Descriptor?

  static let besideUs = Seat()
}
