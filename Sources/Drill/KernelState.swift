// What the kernel says of a process: the proof that a fault holds, past what the lab believes.

import Glibc
import Lab

extension LabSnapshot.Process {
  /// Whether it was stopped by SIGSTOP.
  var standsStill: Bool { kernelState == "T" }

  /// The kernel's letter for what it does; nil when it is gone or dead.
  var kernelState: Character? {
    guard let pid, let file = fopen("/proc/\(pid)/stat", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    // The name before it may hold anything, a parenthesis too.
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let letter = text.split(separator: ")").last?.split(separator: " ").first?.first
    return letter == "Z" || letter == "X" ? nil : letter
  }
}
