// Static files are where the edges fetch them before any page names them.

import Foundation

extension AppContext {
  private static let triesMs = 10_000

  /// Puts assets into the bucket, below `static/`, as soon as the placement has objects on S3. A change of the placement
  /// counts as adopted when they are there, or can't be put there now: then it is tried on, and edges ask the app.
  func publish(_ assets: Assets) {
    let start = onPlacement { [weak self] old, new in
      guard let self, new.objects.contains(.s3), !old.objects.contains(.s3) else { return }
      if await !put(assets) { keepTrying(assets) }
    }
    if start.objects.contains(.s3) { keepTrying(assets) }
  }

  private func keepTrying(_ assets: Assets) {
    let loop = loops.loops[0]
    loop.spawn { [weak self] in
      while let self, await !self.put(assets) {
        guard (try? await loop.sleep(ms: Self.triesMs)) != nil else { return }
      }
    }
  }

  /// - Returns: whether all are there.
  private func put(_ assets: Assets) async -> Bool {
    guard let bucket else { return true }
    do {
      for file in assets.files {
        let path = "static/" + file.hashedName
        if try await bucket.contains(path) { continue }
        let bytes = try await blocking.run {
          Array(try Data(contentsOf: URL(fileURLWithPath: assets.directory + "/" + file.name)))
        }
        // It was changed since the app started: its name is another one.
        guard ObjectKey.hash(bytes) == file.hash else { continue }
        try await bucket.put(bytes, at: path, hash: file.hash)
      }
      return true
    } catch {
      Log.warning("static files are not in the object store yet", [("why", "\(error)")])
      return false
    }
  }
}
