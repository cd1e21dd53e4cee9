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

  private static func parent(of pid: Int32) -> Int32 {
    let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") ?? Data()
    // Behind the name, which may hold anything, come state and parent.
    let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 1 ? Int32(fields[1]) ?? 0 : 0
  }
}
