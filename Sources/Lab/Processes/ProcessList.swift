// All processes of this machine that we see.

import Foundation

enum ProcessList {
  /// Their pids.
  static var all: [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
  }

  /// Those of `roots` and what they have started, except what was left by a parent that is gone.
  static func descendants(of roots: [Int32]) -> [Int32] {
    let parents = all.map { (pid: $0, parent: parent(of: $0)) }
    var found = Set(roots)
    while case let more = parents.filter({ !found.contains($0.pid) && found.contains($0.parent) }),
      !more.isEmpty
    {
      found.formUnion(more.map(\.pid))
    }
    return found.sorted()
  }

  /// By the number of a group: its processes.
  static var groups: [Int32: [Int32]] { Dictionary(grouping: all) { getpgid($0) } }

  /// Seconds of processors that it has taken, and those that it has waited for; 0 when it is gone.
  static func cpuSeconds(of pid: Int32) -> Double {
    // utime, stime, cutime and cstime are the 14th to 17th of all fields.
    let ticks = fields(of: pid).dropFirst(11).prefix(4).compactMap { Double($0) }
    return ticks.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Whether it is stopped (by SIGSTOP), or gone.
  static func isStopped(_ pid: Int32) -> Bool { ["T", "t", "Z", "X", nil].contains(fields(of: pid).first) }

  /// What it is called, in 15 characters at most; nil when it is gone.
  static func name(of pid: Int32) -> String? {
    FileManager.default.contents(atPath: "/proc/\(pid)/comm").map {
      String(decoding: $0.dropLast(), as: UTF8.self)
    }
  }

  private static func parent(of pid: Int32) -> Int32 {
    fields(of: pid).dropFirst().first.flatMap { Int32($0) } ?? 0
  }

  /// Of `/proc/PID/stat`, those behind the name, which may hold anything: state, parent and so on.
  private static func fields(of pid: Int32) -> [Substring] {
    let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
  }
}
