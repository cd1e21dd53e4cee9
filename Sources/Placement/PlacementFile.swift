// The placement on a disk: processes watch it, and it is replaced by compare-and-set, whoever replaces it.

import Files
import Foundation

/// The file that has an app's placement; `HEIGHTS_PLACEMENT` names it.
///
/// The lab replaces it, and so does the app itself while its databases move: whoever does has a lock from reading what is
/// there until the new one has its name, so that of two who have seen the same version one comes too late.
public struct PlacementFile: Sendable {
  /// How long somebody else may be replacing it, in milliseconds. Nobody takes that long who does not stand still.
  public static let patienceMs = 5_000
  private static let pauseUs: UInt32 = 5_000

  let path: String

  /// The file need not be there yet.
  public init(_ path: String) { self.path = path }

  /// Beside it: the file itself is another one after each change.
  private var lockPath: String { path + ".lock" }

  /// What it has; nil when there is no file.
  /// - Throws: `PlacementError`.
  public func read() throws(PlacementError) -> Placement? {
    guard let data = FileManager.default.contents(atPath: path) else {
      if access(path, F_OK) == 0 { throw PlacementError("\(path) can't be read") }
      return nil
    }
    do { return try Placement(json: data) } catch { throw PlacementError("\(path): \(error)") }
  }

  /// Puts `next` in the place of the placement whose epoch is `epoch`. It is on the disk when this returns. The same
  /// one once more changes nothing. Blocks.
  /// - Parameters:
  ///   - epoch: 0 when there is no file.
  ///   - put: writes the file under its name.
  /// - Returns: whether it was written; false when it was there.
  /// - Throws: `PlacementConflict`, `PlacementError`, and what `put` throws.
  @discardableResult
  public func replace(
    _ epoch: Int, with next: Placement, patienceMs: Int = patienceMs,
    put: (Placement, String) throws -> Void = PlacementFile.put
  ) throws -> Bool {
    try next.check()
    let lock = try SystemError.check("open \(lockPath)", open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    defer { close(lock) }
    try wait(for: lock, patienceMs)
    let current: Placement?
    do { current = try read() } catch { throw PlacementConflict.unreadable(error) }
    if next == current { return false }
    let found = current?.epoch ?? 0
    if found != epoch { throw PlacementConflict.replaced(expected: epoch, found: found) }
    if next.epoch <= found { throw PlacementConflict.notLater(epoch: next.epoch, found: found) }
    try put(next, path)
    return true
  }

  /// The lock ends with the descriptor, so with its process.
  private func wait(for lock: Int32, _ patienceMs: Int) throws {
    let end = ContinuousClock.now + .milliseconds(patienceMs)
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError(call: "flock \(lockPath)") }
      if ContinuousClock.now > end { throw PlacementConflict.locked(by: lockPath) }
      usleep(Self.pauseUs)
    }
  }

  /// Writes a placement under its name: it is on the disk when this returns.
  public static func put(_ placement: Placement, _ path: String) throws {
    try AtomicFile.write(Array(placement.json) + [UInt8(ascii: "\n")], to: path)
  }
}

/// Why a placement was not replaced.
public enum PlacementConflict: Error, Equatable, CustomStringConvertible {
  /// What is there can't be read.
  case unreadable(PlacementError)
  /// By somebody else meanwhile; the epochs that were expected and found.
  case replaced(expected: Int, found: Int)
  /// The new one's epoch is not higher than the one that is there.
  case notLater(epoch: Int, found: Int)
  /// Somebody has been replacing it for all of `PlacementFile.patienceMs`.
  case locked(by: String)

  public var description: String {
    switch self {
    case .unreadable(let error): error.description
    case .replaced(let expected, let found):
      "the placement is at epoch \(found), and \(expected) was expected: somebody else has changed it; look at it anew"
    case .notLater(let epoch, let found):
      "the new placement has epoch \(epoch), and \(found) is there: each is higher than the one before"
    case .locked(let path):
      "a process that does not come to an end is replacing the placement: see which one has \(path) open"
    }
  }
}
