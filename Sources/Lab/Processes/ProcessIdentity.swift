// Which process exactly: a pid alone may have been given to another.

import Foundation

/// A process by its pid and the time it was started, so that no other process is ever taken for it.
public struct ProcessIdentity: Codable, Equatable, Sendable {
  /// Of this boot; another process may have it later.
  public let pid: Int32
  /// Clock ticks from boot to its start (`/proc/PID/stat`, field 22).
  public let startTicks: UInt64
  /// The boot that both count from.
  public let bootID: String

  /// The process that has `pid` now; nil when there is none or it has already ended.
  public static func of(_ pid: Int32) -> ProcessIdentity? {
    guard let stat = readProc("/proc/\(pid)/stat"), let nameEnd = stat.lastIndex(of: ")") else { return nil }
    // The fields after the name, which may itself hold spaces and brackets: state is the 1st, start time the 20th.
    let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let ticks = UInt64(fields[19]) else {
      return nil
    }
    return ProcessIdentity(pid: pid, startTicks: ticks, bootID: bootID)
  }

  /// The one that asks.
  public static var current: ProcessIdentity {
    of(getpid()) ?? ProcessIdentity(pid: getpid(), startTicks: 0, bootID: bootID)
  }

  /// Whether that very process is still there.
  public var isAlive: Bool { Self.of(pid) == self }

  /// Whether its pid can mean it, or what it has started, at all.
  var isOfThisBoot: Bool { bootID == Self.bootID }

  /// Ends the process and its group: SIGTERM, and SIGKILL after `graceMs`. Does nothing to any other process.
  func end(graceMs: Int) {
    guard isAlive else { return }
    kill(pid, SIGTERM)
    waitUntilGone(limitMs: graceMs)
    if isAlive { kill(getpgid(pid) == pid ? -pid : pid, SIGKILL) }
    waitUntilGone(limitMs: 5000)
  }

  private func waitUntilGone(limitMs: Int) {
    let end = Clock.nowMs + limitMs
    while isAlive, Clock.nowMs < end { usleep(5000) }
  }

  private static let bootID = readProc("/proc/sys/kernel/random/boot_id")?.filter { $0 != "\n" } ?? "unknown"

  private static func readProc(_ path: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    return (try? handle.read(upToCount: 4096)).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Time that only goes forward.
enum Clock {
  /// Milliseconds since boot.
  static var nowMs: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  /// Milliseconds since 1970, for people.
  static var wallMs: Int { Int(Date().timeIntervalSince1970 * 1000) }
}
