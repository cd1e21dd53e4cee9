// The end of a log, and what comes to it.

import Foundation
import Glibc

/// One process' log, read from its end on. The file may be emptied meanwhile, and begin anew.
struct LogTail {
  /// Of the process.
  let name: String
  private let path: String
  private var offset = 0
  /// What was read and has no end of line yet.
  private var open: [UInt8] = []

  /// Longer lines are cut: one without an end would fill the memory.
  private static let lineLimit = 64 << 10
  private static let chunk = 64 << 10
  /// So much is read at least, if it takes that, to find the last lines.
  private static let readLimit = 4 << 20

  init(name: String, path: String) { (self.name, self.path) = (name, path) }

  /// The last whole lines; what is read from then on begins behind them.
  mutating func last(_ count: Int) -> [String] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()).map { Int($0) } ?? 0
    var (start, bytes): (Int, [UInt8]) = (end, [])
    // One end of line more than lines, so that the first of them is whole.
    while start > 0, bytes.count(where: { $0 == Self.newline }) <= count,
      bytes.count < max(count * Self.lineLimit, Self.readLimit)
    {
      let size = min(Self.chunk, start)
      start -= size
      try? file.seek(toOffset: UInt64(start))
      bytes = [UInt8]((try? file.read(upToCount: size)) ?? Data()) + bytes
    }
    let whole = bytes.lastIndex(of: Self.newline).map { $0 + 1 } ?? 0
    offset = end - (bytes.count - whole)
    return Array(Self.lines(bytes[..<whole]).suffix(count))
  }

  /// What has been written since.
  mutating func news() -> [String] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()).map { Int($0) } ?? 0
    if end < offset { (offset, open) = (0, []) }
    try? file.seek(toOffset: UInt64(offset))
    let data = [UInt8]((try? file.read(upToCount: 4 * Self.chunk)) ?? Data())
    offset += data.count
    open += data
    let whole =
      open.lastIndex(of: Self.newline).map { $0 + 1 } ?? (open.count > Self.lineLimit ? open.count : 0)
    defer { open.removeFirst(whole) }
    return Self.lines(open[..<whole])
  }

  private static let newline = UInt8(ascii: "\n")

  private static func lines(_ bytes: some Collection<UInt8>) -> [String] {
    var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines.map { shown($0.prefix(lineLimit)) }
  }

  /// Without what a terminal would carry out.
  private static func shown(_ bytes: some Collection<UInt8>) -> String {
    String(
      decoding: bytes.map { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
  }
}
