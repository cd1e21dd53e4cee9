// Logs of processes: appended to, and never larger than two files of 64 MiB.

import Foundation

struct LogFile: Sendable {
  static let limitBytes = 64 << 20

  let path: String

  /// Opens the log at its end, for a child to write to.
  func openForAppending() throws(LabError) -> Descriptor {
    rotateIfLarge()
    let descriptor = Descriptor(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600))
    guard descriptor.isOpen else { throw .system(attempt: "opening \(path)", code: errno) }
    return descriptor
  }

  /// Keeps the log's text aside as `.1` and empties it. The writer keeps its descriptor, so the file is copied
  /// and truncated; lines written in between are lost.
  func rotateIfLarge() {
    guard sizeBytes > Self.limitBytes else { return }
    try? FileManager.default.removeItem(atPath: path + ".1")
    try? FileManager.default.copyItem(atPath: path, toPath: path + ".1")
    truncate(path, 0)
  }

  /// The last lines, for an error message: at most 15, from the last 4 KiB written after `offset`.
  func lastLines(after offset: Int = 0) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else { return "(no log)" }
    defer { try? handle.close() }
    try? handle.seek(toOffset: UInt64(max(offset, sizeBytes - 4096, 0)))
    let text = String(decoding: (try? handle.read(upToCount: 4096)) ?? Data(), as: UTF8.self)
    let lines = text.split(separator: "\n").suffix(15)
    return lines.isEmpty ? "(nothing was written)" : lines.map { "  " + $0 }.joined(separator: "\n")
  }

  var sizeBytes: Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }
}
