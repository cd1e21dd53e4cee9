// How photos that a ledger speaks of are read where they are kept.

import HeightsData

extension Stores {
  private static let parallelReads = 8

  /// What every store has of each photo, as the store's name and the hash of the bytes; nothing of one that none has.
  func photos(_ keys: [String]) async throws -> [String: [String: String]] {
    if keys.isEmpty { return [:] }
    while true {
      let placement = try PlacementFile(placementPath).read()
      let objects = try ObjectRead(placement, directory: objectsDirectory, variables: bucketVariables)
      defer { objects.close() }
      let photos = try await hashes(of: keys, in: objects)
      // A climb may have moved them meanwhile, as with rows.
      if try PlacementFile(placementPath).read()?.epoch == placement?.epoch { return photos }
    }
  }

  private func hashes(of keys: [String], in objects: ObjectRead) async throws -> [String: [String: String]] {
    try await withThrowingTaskGroup(of: (String, [String: String]).self) { tasks in
      var photos: [String: [String: String]] = [:]
      for (index, key) in keys.enumerated() {
        if index >= Self.parallelReads, let (key, found) = try await tasks.next() { photos[key] = found }
        tasks.addTask {
          let copies = try await objects.copies(of: key).map { ($0.store, Checksum.of($0.bytes)) }
          return (key, Dictionary(copies) { first, _ in first })
        }
      }
      for try await (key, found) in tasks { photos[key] = found }
      return photos
    }
  }
}
