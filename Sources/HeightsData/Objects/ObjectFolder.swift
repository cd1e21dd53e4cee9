// Objects in a folder of the file system.

import Foundation
import Glibc

/// Each object is a file. Several processes may use the folder: an object is there whole or not at all.
package struct ObjectFolder: Sendable {
  private let directory: String
  private let quota: DiskQuota

  /// - Throws: `SystemError` when the folder can't be made.
  package init(_ directory: String, quota: DiskQuota) throws {
    self.directory = directory
    self.quota = quota
    try Self.makeFolder(directory)
  }

  /// Returns when it is on the disk.
  /// - Throws: `DatabaseError.full` when the quota is used up, `SystemError` when the disk refuses.
  func put(_ bytes: [UInt8], _ key: ObjectKey) throws {
    if contains(key) { return }
    try quota.checkWrite()
    try write(bytes, key)
    quota.add(bytes: bytes.count)
  }

  func contains(_ key: ObjectKey) -> Bool { access(path(of: key), R_OK) == 0 }

  /// Nil when there is none.
  func open(_ key: ObjectKey) -> FileSlice? { Self.open(key, in: directory) }

  static func open(_ key: ObjectKey, in directory: String) -> FileSlice? {
    let descriptor = Glibc.open(path(of: key, in: directory), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    var info = stat()
    guard descriptor >= 0, fstat(descriptor, &info) == 0 else { return nil }
    return FileSlice(descriptor: descriptor, offset: 0, sizeBytes: Int(info.st_size))
  }

  /// All that are there, in no order.
  func keys() -> [ObjectKey] {
    let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
    return names.compactMap { ObjectKey(($0 as NSString).lastPathComponent) }
  }

  // MARK: Files

  private static func folder(of key: ObjectKey, in directory: String) -> String {
    "\(directory)/\(key.text.prefix(2))/\(key.text.dropFirst(2).prefix(2))"
  }

  private static func path(of key: ObjectKey, in directory: String) -> String {
    folder(of: key, in: directory) + "/" + key.text
  }

  private func path(of key: ObjectKey) -> String { Self.path(of: key, in: directory) }

  private func write(_ bytes: [UInt8], _ key: ObjectKey) throws {
    let folder = Self.folder(of: key, in: directory)
    try Self.makeFolder(String(folder.dropLast(3)))
    try Self.makeFolder(folder)
    do { try AtomicFile.write(bytes, to: path(of: key)) } catch {
      throw error.code == ENOSPC ? DatabaseError.full("the disk is full") : error
    }
  }

  private static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return try AtomicFile.syncFolder(path + "/..") }
    if errno != EEXIST { throw SystemError(call: "mkdir \(path)") }
  }
}
