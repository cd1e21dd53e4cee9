// The memory of a climb: a file that only grows, one JSON object a line, on disk before the next thing happens.

import Foundation
import Lab

/// The journal of one climb in an app's folder.
final class ClimbJournal {
  private struct Line: Codable {
    /// Since 1970, for people.
    let atMs: Int
    let record: ClimbRecord
  }

  private let path: String
  private let descriptor: Int32
  /// What earlier runs have written.
  let records: [ClimbRecord]

  /// Opens the journal, and makes it when it is not there. A last line that was cut off by a crash is removed: nothing
  /// was done on its strength, since actions wait until their record is on disk.
  init(path: String) throws(ClimbError) {
    self.path = path
    records = try Self.read(path)
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(attempt: "opening \(path)", code: errno) }
    try removeTornLine()
    Self.sync(folderOf: path)
  }

  deinit { close(descriptor) }

  /// Adds a record; it is on disk when this returns.
  func append(_ record: ClimbRecord) throws(ClimbError) {
    let line = Line(atMs: Int(Date().timeIntervalSince1970 * 1000), record: record)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(line) else {
      throw .system(attempt: "encoding a record of \(path)", code: EINVAL)
    }
    try write(Array(data) + [0x0A])
    if fsync(descriptor) != 0 { throw .system(attempt: "saving \(path)", code: errno) }
  }

  /// The records of a journal; empty when there is none.
  static func read(_ path: String) throws(ClimbError) -> [ClimbRecord] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    var records: [ClimbRecord] = []
    for (index, line) in completeLines(data).enumerated() {
      guard let line = try? JSONDecoder().decode(Line.self, from: FormerNames.current(in: line))
      else {
        throw .brokenJournal(path: path, line: index + 1)
      }
      records.append(line.record)
    }
    return records
  }

  private static func completeLines(_ data: Data) -> [Data] {
    guard let end = data.lastIndex(of: 0x0A) else { return [] }
    return data[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).map { Data($0) }
  }

  private func removeTornLine() throws(ClimbError) {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    let keptBytes = data.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    if keptBytes == data.count { return }
    guard ftruncate(descriptor, off_t(keptBytes)) == 0, fsync(descriptor) == 0 else {
      throw .system(attempt: "mending \(path)", code: errno)
    }
  }

  private func write(_ bytes: [UInt8]) throws(ClimbError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { throw .system(attempt: "writing \(path)", code: errno) }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// So that the file's name outlives a power cut too.
  private static func sync(folderOf path: String) {
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder < 0 { return }
    fsync(folder)
    close(folder)
  }
}
