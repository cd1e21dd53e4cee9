// What a process has started and left behind.

import Foundation

/// The processes of one group that belong to an app's folder. They are known by a variable of their environment, so that
/// a group which was given the same number later is never taken for it.
struct ProcessGroup {
  let number: Int32
  /// `NAME=value`, as the processes of the folder have it and no others.
  let mark: String

  /// Those that live.
  var members: [Int32] {
    ProcessList.all.filter { getpgid($0) == number && isMarked($0) }
  }

  /// Kills them and returns when they are gone, after 5 s at most; false when there were none.
  func end() -> Bool {
    let found = members
    for pid in found { kill(pid, SIGKILL) }
    let endMs = Clock.nowMs + 5000
    while !found.isEmpty, !members.isEmpty, Clock.nowMs < endMs { usleep(5000) }
    return !found.isEmpty
  }

  private func isMarked(_ pid: Int32) -> Bool {
    let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
    return environment.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
  }
}
