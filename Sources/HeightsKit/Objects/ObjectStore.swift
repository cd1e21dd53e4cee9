// Objects: files that never change, named by their content, in a folder.

import CSodium
import Glibc

/// Stores bytes under the SHA-256 of their content. The same content is stored once; a key that is there is complete.
public struct ObjectStore: Sendable {
  private let directory: String
  private let pool: BlockingPool
  private let quota: DiskQuota

  /// Opens the store in the folder of objects. Several processes may do so: a key is there whole or not at all.
  /// - Throws: `SystemError` when its folder can't be made.
  public init(_ context: AppContext) throws {
    try self.init(
      directory: context.environment.filesDirectory, pool: context.blocking, quota: context.quota)
  }

  init(directory: String, pool: BlockingPool, quota: DiskQuota) throws {
    self.directory = directory
    self.pool = pool
    self.quota = quota
    try ObjectStore.makeFolder(directory)
  }

  /// Stores `bytes`; they are on the disk when this returns.
  /// - Parameter fileExtension: what the content is, such as `jpg`: a part of the key, and the source of its type.
  /// - Returns: the key.
  /// - Throws: `DatabaseError.full` when the quota is used up, `SystemError` when the disk refuses.
  public func put(_ bytes: [UInt8], fileExtension: String) async throws -> String {
    let (directory, quota) = (directory, quota)
    return try await pool.run {
      let key = ObjectStore.hash(bytes) + "." + fileExtension
      guard let path = ObjectStore.path(of: key, in: directory) else {
        preconditionFailure("\(fileExtension) is no file extension")
      }
      if access(path.file, F_OK) == 0 { return key }
      try quota.checkWrite()
      try ObjectStore.write(bytes, to: path)
      quota.add(bytes: bytes.count)
      return key
    }
  }

  /// Whether there is such an object.
  public func contains(_ key: String) async throws -> Bool {
    guard let path = ObjectStore.path(of: key, in: directory) else { return false }
    return try await pool.run { access(path.file, R_OK) == 0 }
  }

  /// The answer that carries an object. It never changes, so a browser may keep it for a year.
  /// - Throws: `Problem` (404) when there is none.
  public func response(_ key: String, to request: Request) throws -> Response {
    guard let path = ObjectStore.path(of: key, in: directory) else {
      throw Problem.notFound("There is no such object.")
    }
    let files = StaticFiles(directory: path.folder, cacheControl: "public, max-age=31536000, immutable")
    return try files.response(to: request, path: key)
  }

  /// Whether an object still has the content that its key names.
  public func isIntact(_ key: String) async throws -> Bool {
    guard let path = ObjectStore.path(of: key, in: directory) else { return false }
    return try await pool.run {
      let descriptor = try SystemError.check("open \(key)", open(path.file, O_RDONLY | O_CLOEXEC))
      var info = stat()
      fstat(descriptor, &info)
      let bytes = try FileSlice(descriptor: descriptor, offset: 0, sizeBytes: Int(info.st_size)).read()
      return key.hasPrefix(ObjectStore.hash(bytes) + ".")
    }
  }

  // MARK: Files

  private struct Path: Sendable {
    let folder: String
    let file: String
  }

  /// Where a key's file is; nil for what isn't a key, so that a key never leads out of the folder.
  private static func path(of key: String, in directory: String) -> Path? {
    let parts = key.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 64, (1...8).contains(parts[1].count),
      parts[0].allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
      parts[1].allSatisfy({ (48...57).contains($0) || (97...122).contains($0) })
    else { return nil }
    let folder = "\(directory)/\(key.prefix(2))/\(key.dropFirst(2).prefix(2))"
    return Path(folder: folder, file: folder + "/" + key)
  }

  private static func hash(_ bytes: [UInt8]) -> String {
    var hash = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256(&hash, bytes, UInt64(bytes.count))
    return hexadecimal(hash)
  }

  /// Writes a file under another name first: whoever finds it under its own finds all of it, also after a crash.
  private static func write(_ bytes: [UInt8], to path: Path) throws {
    let parent = String(path.folder.dropLast(3))
    try makeFolder(parent)
    try makeFolder(path.folder)
    let temporary = path.folder + "/.\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = try SystemError.check(
      "open \(temporary)", open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
    defer { close(descriptor) }
    do {
      try writeAllOrThrow(bytes, to: descriptor)
      try SystemError.check("fsync", fsync(descriptor))
      try SystemError.check("rename", rename(temporary, path.file))
    } catch {
      unlink(temporary)
      throw (error as? SystemError)?.code == ENOSPC ? DatabaseError.full("the disk is full") : error
    }
    try syncFolder(path.folder)
  }

  private static func writeAllOrThrow(_ bytes: [UInt8], to descriptor: Int32) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemError(call: "write") }
      done += count
    }
  }

  private static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return try syncFolder(path + "/..") }
    if errno != EEXIST { throw SystemError(call: "mkdir \(path)") }
  }

  /// A name is on the disk once its folder is.
  private static func syncFolder(_ path: String) throws {
    let descriptor = try SystemError.check("open \(path)", open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    defer { close(descriptor) }
    try SystemError.check("fsync", fsync(descriptor))
  }
}
