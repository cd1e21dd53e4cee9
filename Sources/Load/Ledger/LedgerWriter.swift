// The ledger as it is written: appended to from any loop, put into the file a few times a second.

import Files
import Glibc
import Synchronization

/// An append-only file of records, one JSON object a line. Earlier runs' records stay.
///
/// Records gather in memory until `flush()`. A process killed before that has acknowledged writes that the ledger does
/// not know, which is harmless: the ledger must not claim too much, and may claim too little.
final class LedgerWriter: Sendable {
  private let path: String
  private let pending = Mutex<(bytes: [UInt8], writes: Int)>(([], 0))
  /// -1 once closed. Its lock keeps flushes in order.
  private let file: Mutex<Int32>

  /// Opens or creates the file; an unfinished last line of a run that was killed is cut off.
  /// - Throws: `LoadError.ledgerFile`.
  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw LedgerWriter.refusal(path) }
    file = Mutex(descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw LoadError.ledgerFile(
        path: path, reason: "another run is writing to it: end that one, or name another file")
    }
    try cutTornLine(of: descriptor)
  }

  deinit {
    file.withLock { descriptor in
      if descriptor >= 0 { Glibc.close(descriptor) }
    }
  }

  /// How many acknowledged writes were appended.
  var acknowledgedWrites: Int { pending.withLock { $0.writes } }

  func append(_ record: LedgerRecord) {
    let line = record.line
    pending.withLock { pending in
      pending.bytes.append(contentsOf: line.utf8)
      pending.bytes.append(10)
      if record.isWrite { pending.writes += 1 }
    }
  }

  /// Puts what has gathered into the file, so that it outlives this process.
  /// - Throws: `LoadError.ledgerFile`, for instance when the disk is full.
  func flush() throws {
    try file.withLock { descriptor in
      let bytes = pending.withLock { pending in
        let bytes = pending.bytes
        pending.bytes.removeAll(keepingCapacity: true)
        return bytes
      }
      try write(bytes, to: descriptor)
    }
  }

  /// Flushes, and waits until the file is on disk. Nothing is written afterwards.
  func close() throws {
    try flush()
    try file.withLock { descriptor in
      guard descriptor >= 0 else { return }
      defer {
        Glibc.close(descriptor)
        descriptor = -1
      }
      if fsync(descriptor) != 0 { throw LedgerWriter.refusal(path) }
    }
  }

  private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno != EINTR { throw LedgerWriter.refusal(path) }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  private func cutTornLine(of descriptor: Int32) throws {
    let size = lseek(descriptor, 0, SEEK_END)
    var end = size
    var byte: UInt8 = 10
    while end > 0, pread(descriptor, &byte, 1, end - 1) == 1, byte != 10 { end -= 1 }
    if end != size, ftruncate(descriptor, end) != 0 { throw LedgerWriter.refusal(path) }
  }

  private static func refusal(_ path: String) -> LoadError {
    .ledgerFile(path: path, reason: String(cString: strerror(errno)))
  }
}
