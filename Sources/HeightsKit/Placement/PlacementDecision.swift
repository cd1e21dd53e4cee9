// The moment from which a new placement counts.

import Foundation

/// Whoever starts from now on goes by what has the placement's name. So once the new one has it there is no way back: also
/// not when the disk fails right after.
enum PlacementDecision {
  private static let attempts = 3

  /// Puts a placement in the place of the one before, and returns when it is on the disk.
  /// - Parameters:
  ///   - write: puts the whole file there; may fail before or after it has its name.
  ///   - sync: makes a folder's names last.
  ///   - end: of the process, when nobody can tell which of the two counts: the next one goes by what it finds.
  /// - Throws: what `write` throws; then the former placement counts.
  static func put(
    _ next: Placement, at path: String, write: (Placement, String) throws -> Void = PlacementFile.put,
    sync: (String) throws -> Void = AtomicFile.syncFolder, end: (String) -> Never = Self.end
  ) throws {
    do { try write(next, path) } catch {
      let reason = "\(path) was being replaced: \(error)"
      guard let found = try? PlacementFile(path).read()?.epoch ?? 0 else { end(reason) }
      if found < next.epoch { throw error }
      let folder = (path as NSString).deletingLastPathComponent
      for _ in 0..<attempts where (try? sync(folder.isEmpty ? "." : folder)) != nil { return }
      end(reason)
    }
  }

  private static func end(_ reason: String) -> Never {
    Log.error("the process ends: it can't be told which placement counts", ["reason": reason])
    exit(1)
  }
}
