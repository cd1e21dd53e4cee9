// Objects: files that never change, named by their content.

import Contract
import Glibc

/// Stores bytes under the SHA-256 of their content, in a folder, on S3, or in both, as the placement says: written to all
/// of them in order, read from the first that has it. A key that is there is complete.
public final class ObjectStore: Sendable {
  private let folder: ObjectFolder
  private let bucket: S3Bucket?
  private let placement: @Sendable () -> [Placement.ObjectStoreName]
  private let pool: BlockingPool

  package init(
    _ folder: ObjectFolder, _ bucket: S3Bucket?, pool: BlockingPool,
    placement: @escaping @Sendable () -> [Placement.ObjectStoreName]
  ) {
    (self.folder, self.bucket, self.pool, self.placement) = (folder, bucket, pool, placement)
  }

  /// Stores `bytes`; they are in all places when this returns.
  /// - Parameter fileExtension: what the content is, such as `jpg`: a part of the key, and the source of its type.
  /// - Returns: the key.
  /// - Throws: `DatabaseError.full` when the quota is used up, `SystemError` when the disk refuses, `S3Error`.
  public func put(_ bytes: [UInt8], fileExtension: String) async throws -> String {
    let key = try await pool.run { ObjectKey(of: bytes, fileExtension: fileExtension) }
    for store in placement() { try await put(bytes, key, to: store) }
    return key.text
  }

  private func put(_ bytes: [UInt8], _ key: ObjectKey, to store: Placement.ObjectStoreName) async throws {
    let folder = folder
    switch store {
    case .folder: try await pool.run { try folder.put(bytes, key) }
    case .s3: try await s3().put(bytes, key)
    }
  }

  /// Whether there is such an object.
  public func contains(_ key: String) async throws -> Bool {
    guard let key = ObjectKey(key) else { return false }
    let folder = folder
    return try await firstThatAnswers { store in
      switch store {
      case .folder: try await self.pool.run { folder.contains(key) ? true : nil }
      case .s3: try await self.s3().contains(key) ? true : nil
      }
    } ?? false
  }

  /// The answer that carries an object. It never changes, so a browser may keep it for a year.
  /// - Throws: `Problem` (404) when there is none.
  public func response(_ key: String, to request: Request) async throws -> Response {
    guard let key = ObjectKey(key),
      let file = try await firstThatAnswers({ try await self.open(key, in: $0) })
    else {
      throw Problem.notFound("There is no such object.")
    }
    return try OpenFile(file, etag: "\"\(key.hash)\"")
      .response(to: request, name: key.text, cacheControl: Assets.forGood)
  }

  private func open(_ key: ObjectKey, in store: Placement.ObjectStoreName) async throws -> FileSlice? {
    let folder = folder
    return switch store {
    case .folder: try await pool.run { folder.open(key) }
    case .s3: try await s3().get(key)
    }
  }

  /// What the first store says that has it. One that can't be asked is passed over, unless none of the others has it.
  private func firstThatAnswers<T: Sendable>(
    _ ask: (Placement.ObjectStoreName) async throws -> T?
  ) async throws -> T? {
    var failure: (any Error)?
    for store in placement() {
      do { if let found = try await ask(store) { return found } } catch { failure = error }
    }
    if let failure { throw failure }
    return nil
  }

  private func s3() throws -> S3Bucket {
    guard let bucket else {
      throw S3Error.away("HEIGHTS_OBJECTS_BUCKET is not set, and the placement names s3")
    }
    return bucket
  }

  // MARK: Moving

  /// Copies what the other store lacks, and reads each object back from there. What was written to both meanwhile is
  /// there already.
  /// - Parameters:
  ///   - start: `next` of the call before; nil to begin.
  ///   - ms: for about how long.
  package func copy(to target: Placement.ObjectStoreName, from start: String?, forMs ms: Int) async throws
    -> AdminAnswer.ObjectsCopied
  {
    let source = target == .s3 ? Placement.ObjectStoreName.folder : .s3
    let deadline = Deadline.afterMs(ms)
    let keys = try await self.keys(in: source).sorted { $0.text < $1.text }
    let there = Set(try await self.keys(in: target))
    let rest = keys.drop { key in start.map { key.text < $0 } ?? false }
    var report = AdminAnswer.ObjectsCopied(total: keys.count, done: keys.count - rest.count)
    for key in rest {
      if deadline.hasPassed {
        report.next = key.text
        return report
      }
      if !there.contains(key), let bytes = try await intact(key, in: source) {
        try await put(bytes, key, to: target)
        report.copied += 1
      }
      if try await intact(key, in: target) == nil, report.damaged.count < 10 {
        report.damaged.append(key.text)
      }
      report.done += 1
    }
    return report
  }

  private func keys(in store: Placement.ObjectStoreName) async throws -> [ObjectKey] {
    let folder = folder
    return switch store {
    case .folder: try await pool.run { folder.keys() }
    case .s3: try await s3().keys()
    }
  }

  /// The content of an object; nil when it is not there, or not what its key names.
  private func intact(_ key: ObjectKey, in store: Placement.ObjectStoreName) async throws -> [UInt8]? {
    guard let file = try await open(key, in: store) else { return nil }
    return try await pool.run {
      let bytes = try file.read()
      return key.names(bytes) ? bytes : nil
    }
  }
}
