// Files that are either old or new, never half.

import Files

extension AtomicFile {
  /// Replaces the file at `path`; it is on disk when this returns. Readable by its owner only: us, unless said.
  static func write(_ text: String, to path: String, owner: EngineUser? = nil) throws(LabError) {
    do {
      try write(Array(text.utf8), to: path, owner: owner.map { ($0.uid, $0.gid) })
    } catch { throw .system(attempt: "writing \(path)", code: error.code) }
  }
}
