// The power of one host: what its processes preload, and the log that they share with the lab.

import CPowerLog
import Foundation

/// The log of a host's unflushed writes, and the switch that begins it. One owner at a time; the processes of the host see
/// the same.
final class HostPower {
  private let handle: OpaquePointer
  private let folder: String

  /// Throws when nothing was made there.
  init(folder: String) throws(LabError) {
    guard let handle = heights_power_open(folder) else {
      throw .system(attempt: "opening \(folder)/\(HEIGHTS_POWER_CONTROL)", code: errno)
    }
    (self.handle, self.folder) = (handle, folder)
  }

  deinit { heights_power_close(handle) }

  /// Makes it, for a host that no process runs on; one that is there stays.
  static func make(in folder: String, owner: EngineUser?) throws(LabError) {
    if access(folder + "/" + HEIGHTS_POWER_CONTROL, F_OK) == 0 { return }
    try AppFolder.make(folder)
    try owner?.own(folder)
    let code = heights_power_make(folder, owner?.uid ?? geteuid(), owner?.gid ?? getegid())
    if code != 0 { throw .system(attempt: "making \(folder)/\(HEIGHTS_POWER_CONTROL)", code: code) }
  }

  /// Whether a process of the host has ever had the library.
  var isAttached: Bool { heights_power_is_attached(handle) != 0 }

  var isArmed: Bool { heights_power_is_armed(handle) != 0 }

  /// From now on each process notes what it writes, and what it flushes.
  func arm() { heights_power_arm(handle) }

  /// Forgets what was noted.
  func disarm() {
    heights_power_disarm(handle)
    // Whoever can write there may have put a link in its place.
    let log = Descriptor(open(folder + "/" + HEIGHTS_POWER_LOG, O_WRONLY | O_NOFOLLOW | O_CLOEXEC))
    if log.isOpen { ftruncate(log.number, 0) }
  }

  /// How far the clock that the host's processes see is ahead of the machine's.
  func setClock(aheadSeconds: Int) { heights_power_set_clock(handle, Int64(aheadSeconds)) }

  /// Takes back what was not flushed since it was armed, in the files below `folders`. Every process of the host is dead.
  func takeBack(in folders: [String]) throws(LabError) -> Unflushed {
    defer { disarm() }
    if let complaint { return .surviving(complaint) }
    let log = try UndoLog(
      path: folder + "/" + HEIGHTS_POWER_LOG, length: Int(clamping: heights_power_position(handle)))
    return try log.takeBack(in: folders)
  }

  private var complaint: String? {
    guard isAttached else { return "its processes run without the library that notes it" }
    guard isArmed else { return "nobody asked its processes to note it" }
    return switch heights_power_failure(handle) {
    case 0: nil
    case EFBIG: "more than \(HEIGHTS_POWER_LIMIT_BYTES >> 30) GiB was written, too much to note"
    case let code: "it could not be noted: \(String(cString: strerror(code)))"
    }
  }
}
