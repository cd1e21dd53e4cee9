// What a host's processes noted of their writes (CPowerCut), and how those that were not flushed are taken back.

import CPowerLog
import Foundation

/// The log of a host whose processes are dead.
struct UndoLog {
  private typealias Record = heights_power_record

  /// A file that was written, as the log tells it from others.
  private struct File: Hashable {
    let device: UInt64
    let inode: UInt64
    let birth: UInt64

    init(_ file: heights_power_file) { (device, inode, birth) = (file.device, file.inode, file.birth) }
  }

  private static let recordBytes = MemoryLayout<heights_power_record>.size

  private let bytes: Data
  /// Of each file that has any: where the records of the changes lie that were not flushed, in the order of the writes.
  private var unflushed: [File: [Int]] = [:]

  /// - Parameter length: how much of the file counts.
  init(path: String, length: Int) throws(LabError) {
    let file = Descriptor(open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC))
    guard file.isOpen else { throw .system(attempt: "reading \(path)", code: errno) }
    // Not mapped: who could cut it short would end us.
    let handle = FileHandle(fileDescriptor: file.number, closeOnDealloc: false)
    bytes = (try? handle.read(upToCount: min(length, Int(HEIGHTS_POWER_LIMIT_BYTES)))) ?? Data()
    guard bytes.count == length else { throw .system(attempt: "reading \(path)", code: EIO) }
    try read(length, path)
  }

  private mutating func read(_ length: Int, _ path: String) throws(LabError) {
    var changes: [File: [Int]] = [:]
    var flushed: [File: Int] = [:]
    var allFlushed = 0
    var position = 0
    while position < length {
      guard let record = record(at: position, limit: length) else {
        throw .system(attempt: "reading \(path)", code: EBADMSG)
      }
      let file = File(record.file)
      switch heights_power_kind(record.kind) {
      case HEIGHTS_POWER_CHANGED: changes[file, default: []].append(position)
      case HEIGHTS_POWER_FLUSHED: flushed[file] = max(flushed[file] ?? 0, Int(record.offset))
      default: allFlushed = max(allFlushed, Int(record.offset))
      }
      position += Self.recordBytes + Int(record.old_bytes)
    }
    for (file, positions) in changes {
      let end = max(flushed[file] ?? 0, allFlushed)
      let rest = positions.filter { $0 >= end }
      if !rest.isEmpty { unflushed[file] = rest }
    }
  }

  /// The record that begins there; nil when there is none. Whoever wrote it is not trusted with our memory.
  private func record(at position: Int, limit: Int) -> Record? {
    guard limit - position >= Self.recordBytes else { return nil }
    let record = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Record.self) }
    let isKnown = (HEIGHTS_POWER_CHANGED.rawValue...HEIGHTS_POWER_ALL_FLUSHED.rawValue).contains(record.kind)
    let numbers = [record.offset, record.old_bytes, record.old_size, record.new_bytes]
    guard isKnown, numbers.allSatisfy({ $0 <= Int64.max }) else { return nil }
    return record.old_bytes <= UInt64(limit - position - Self.recordBytes) ? record : nil
  }

  /// Takes back what was not flushed in the files below `folders`, newest first: they are then as if only what was flushed
  /// had reached the disk. Files that are gone, and those that others own, are left out.
  func takeBack(in folders: [String]) throws(LabError) -> Unflushed {
    var lost = Unflushed()
    if unflushed.isEmpty { return lost }
    let inodes = Set(unflushed.keys.map(\.inode))
    for folder in folders {
      let owner = Self.owner(of: folder)
      for path in Self.files(below: folder, inodes: inodes) { try takeBack(path, owner: owner, &lost) }
    }
    return lost
  }

  /// The owner is asked of what was opened: the log and the names are the engine's, and we may be root.
  private func takeBack(_ path: String, owner: uid_t, _ lost: inout Unflushed) throws(LabError) {
    let descriptor = Descriptor(open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC))
    var status = stat()
    var identity = heights_power_file()
    var size: UInt64 = 0
    guard descriptor.isOpen, fstat(descriptor.number, &status) == 0, status.st_uid == owner,
      heights_power_identify(descriptor.number, &identity, &size) != 0,
      let positions = unflushed[File(identity)]
    else { return }
    for position in positions.reversed() {
      guard let record = record(at: position, limit: bytes.count) else { continue }
      guard undo(record, at: position, in: descriptor) else {
        throw .system(attempt: "taking back what was not flushed in \(path)", code: errno)
      }
      lost.bytes += Int(record.new_bytes)
    }
    lost.files += 1
  }

  private func undo(_ record: Record, at position: Int, in file: Descriptor) -> Bool {
    let old = position + Self.recordBytes..<position + Self.recordBytes + Int(record.old_bytes)
    let isRestored = bytes[old].withUnsafeBytes { old in
      old.isEmpty || pwrite(file.number, old.baseAddress, old.count, off_t(record.offset)) == old.count
    }
    return isRestored && ftruncate(file.number, off_t(record.old_size)) == 0
  }

  /// The regular files that have one of these numbers.
  private static func files(below folder: String, inodes: Set<UInt64>) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)
    var found: [String] = []
    while let name = names?.nextObject() as? String {
      var status = stat()
      let path = folder + "/" + name
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        inodes.contains(UInt64(status.st_ino))
      else { continue }
      found.append(path)
    }
    return found
  }

  private static func owner(of folder: String) -> uid_t {
    var status = stat()
    return lstat(folder, &status) == 0 ? status.st_uid : uid_t.max
  }
}

/// What a power cut has taken that was not flushed.
public struct Unflushed: Codable, Equatable, Sendable, CustomStringConvertible {
  /// That had been written.
  public var bytes = 0
  /// In so many files.
  public var files = 0
  /// Why all or some of it survived in the page cache, for people; nil when none did.
  public var complaint: String?

  /// Nothing.
  public init() {}

  static func surviving(_ complaint: String) -> Unflushed {
    var all = Unflushed()
    all.complaint = complaint
    return all
  }

  /// For people.
  public var description: String {
    let gone = "\(bytes) bytes in \(files) files that were not flushed are gone"
    guard let complaint else { return gone }
    return bytes == 0
      ? "what was not flushed survives in the page cache: \(complaint)" : "\(gone), but not all: \(complaint)"
  }

  /// Of several hosts.
  static func + (left: Unflushed, right: Unflushed) -> Unflushed {
    var sum = left
    sum.bytes += right.bytes
    sum.files += right.files
    sum.complaint = left.complaint ?? right.complaint
    return sum
  }
}
