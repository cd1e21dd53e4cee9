// A full disk or quota refuses writes, keeps reads and data, and ends when there is space again.

import Foundation
import Glibc
import HeightsData
import Testing

@Suite struct SQLQuotaTests {
  /// Writes until the database refuses.
  private func fill(_ database: Database) async throws -> (written: Int64, error: DatabaseError) {
    var written: Int64 = 0
    while written < 10_000 {
      do { try await database.insertNote("\(written) " + String(repeating: "x", count: 4_000)) } catch {
        return (written, try #require(error as? DatabaseError))
      }
      written += 1
    }
    throw DatabaseError.unknown(code: 0, message: "it never became full")
  }

  @Test func aQuotaThatIsUsedUpRefusesWritesAndReadsGoOn() async throws {
    try await withDatabaseFolder { folder in
      let ballast = folder.path + "/media"
      try FileManager.default.createDirectory(atPath: ballast, withIntermediateDirectories: true)
      try Data(count: 1 << 20).write(to: URL(fileURLWithPath: ballast + "/photo"))
      let quota = DiskQuota(limitBytes: 2 << 20, directory: folder.path)
      #expect(quota.usedBytes == 1 << 20)
      let database = try await folder.open(quota: quota)
      let (written, error) = try await fill(database)
      guard case .full(let message) = error else {
        Issue.record("expected .full, got \(error)")
        return
      }
      #expect(message.contains("of \(2 << 20) bytes"))
      #expect(written > 10)
      #expect(quota.usedFraction >= 1)
      #expect(try await database.count() == written)
      try await database.checkIntegrity()

      try FileManager.default.removeItem(atPath: ballast + "/photo")
      // The folder is measured again within a second.
      while (try? await database.insertNote("back")) == nil { try await Task.sleep(for: .milliseconds(20)) }
      #expect(try await database.count() == written + 1)
    }
  }

  @Test func whatObjectsAddAndRemoveCounts() throws {
    let quota = DiskQuota(limitBytes: 100, directory: "/nonexistent")
    #expect(quota.usedBytes == 0)
    quota.add(bytes: 99)
    try quota.checkWrite()
    quota.add(bytes: 1)
    #expect(throws: DatabaseError.self) { try quota.checkWrite() }
    quota.add(bytes: -50)
    try quota.checkWrite()
    #expect(quota.usedFraction == 0.5)
  }

  @Test func aDatabaseThatWasThereIsCountedOnce() async throws {
    try await withDatabaseFolder { folder in
      // Kept open: closing empties the log at a moment of its own.
      let first = try await folder.open()
      try await first.insertNote("one")
      let quota = DiskQuota(limitBytes: 1 << 30, directory: folder.path)
      let database = try await folder.open(quota: quota)
      try await database.insertNote("two")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      let total = try files.reduce(0) { sum, file in
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + file)[.size] as? Int
        return sum + (size ?? 0)
      }
      // The answer comes before the measurement: a second transaction's batch has the first one's measured.
      try await database.transaction { _ in }
      #expect(quota.usedBytes == total)
      first.close()
    }
  }

  /// A file system of 2 MiB; `false` where this user may not mount one.
  ///
  /// By the system call: Foundation's Process sometimes never learns that its child has ended while other tests open
  /// and close many descriptors.
  private func mountSmallDisk(_ path: String) -> Bool { mount("tmpfs", path, "tmpfs", 0, "size=2m") == 0 }

  @Test func aDiskThatIsReallyFullRefusesWritesAndNothingIsDamaged() async throws {
    try await withDatabaseFolder { folder in
      guard mountSmallDisk(folder.path) else {
        print("skipped: no file system can be mounted here")
        return
      }
      do {
        let database = try await folder.open()
        let (written, error) = try await fill(database)
        #expect(error == .full("the disk is full"))
        #expect(try await database.count() == written)
        try await database.checkIntegrity()
        #expect(mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
        try await database.insertNote("back")
        #expect(try await database.count() == written + 1)
      }
      // Lazily: the database's descriptors close a moment later.
      umount2(folder.path, Int32(MNT_DETACH))
    }
  }
}
