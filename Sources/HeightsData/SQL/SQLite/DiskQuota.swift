// How much of the disk an app may use, and how much it does.

import Glibc
import Synchronization

/// The disk quota of a data folder, shared by the databases and the objects in it.
///
/// The folder is measured at the start, every five seconds while there are writes, since others may fill the disk too,
/// and (once a second at most) while the quota is used up, so that space which becomes free brings writes back. In between,
/// its users report what they add and remove.
public final class DiskQuota: Sendable {
  private struct State {
    /// Files that are measured by their owner: a database with its log.
    var measured: [String: Int] = [:]
    /// The rest of the folder.
    var otherBytes = 0
    var scannedAt = Deadline.now
    var total: Int { measured.values.reduce(otherBytes, +) }
  }

  /// What the files in the folder may take together.
  public let limitBytes: Int
  private let directory: String
  private let state = Mutex(State())
  private let used = Atomic<Int>(0)

  /// - Parameters:
  ///   - limitBytes: what the files in the folder may take together.
  ///   - directory: the data folder; counted with everything in it. One that does not exist counts as empty.
  public init(limitBytes: Int, directory: String) {
    self.limitBytes = limitBytes
    self.directory = directory
    scan()
  }

  /// Bytes in use, as last measured.
  public var usedBytes: Int { used.load(ordering: .relaxed) }

  /// From 0 (empty) to 1 (used up) and beyond.
  public var usedFraction: Double { limitBytes > 0 ? Double(usedBytes) / Double(limitBytes) : 1 }

  /// Ask before every write, off the loops: a quota that is used up is measured again first.
  /// - Throws: `DatabaseError.full` when it is used up.
  public func checkWrite() throws {
    if usedBytes < limitBytes { return lookForOthers() }
    scanAgain()
    if usedBytes < limitBytes { return }
    throw DatabaseError.full(
      "\(usedBytes) of \(limitBytes) bytes of the disk quota are used; resize the disk")
  }

  /// Reports bytes written (negative: removed) to files that are no database. From any thread.
  public func add(bytes: Int) {
    state.withLock { state in
      state.otherBytes = max(state.otherBytes + bytes, 0)
      used.store(state.total, ordering: .relaxed)
    }
  }

  /// Measures a database's file with its log.
  func measure(database path: String) {
    let bytes = Self.databaseBytes(path)
    let isNew = state.withLock { state in
      let isNew = state.measured.updateValue(bytes, forKey: path) == nil
      used.store(state.total, ordering: .relaxed)
      return isNew
    }
    // What was counted with the rest of the folder is counted apart from now on.
    if isNew { scan() }
  }

  private func scanAgain() { if isDue(afterMs: 1_000) { scan() } }

  /// On a thread of its own: a folder may have many files, and whoever writes does not wait for them.
  private func lookForOthers() {
    guard limitBytes < Int.max, isDue(afterMs: 5_000) else { return }
    try? SystemThread.start(name: "disk-quota") { [weak self] in self?.scan() }
  }

  private func isDue(afterMs ms: Int) -> Bool {
    state.withLock { state in
      guard state.scannedAt.elapsedMs >= ms else { return false }
      state.scannedAt = .now
      return true
    }
  }

  private func scan() {
    let bytes = Self.bytes(below: directory)
    state.withLock { state in
      for path in state.measured.keys { state.measured[path] = Self.databaseBytes(path) }
      let counted = state.measured.filter { Self.lies($0.key, in: directory) }.values.reduce(0, +)
      state.otherBytes = max(bytes - counted, 0)
      used.store(state.total, ordering: .relaxed)
    }
  }

  private static func databaseBytes(_ path: String) -> Int {
    ["", "-wal", "-shm"].reduce(0) { $0 + fileBytes(path + $1) }
  }

  private static func lies(_ path: String, in directory: String) -> Bool {
    path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
  }

  private static func fileBytes(_ path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
  }

  /// The files below a folder; what disappears meanwhile does not count.
  private static func bytes(below directory: String) -> Int {
    guard let stream = opendir(directory) else { return 0 }
    defer { closedir(stream) }
    var total = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let path = "\(directory)/\(name)"
      total += entry.pointee.d_type == DT_DIR ? bytes(below: path) : fileBytes(path)
    }
    return total
  }
}
