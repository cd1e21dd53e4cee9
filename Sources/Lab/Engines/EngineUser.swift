// The user that engines run as.

import Glibc

/// PostgreSQL refuses to run as root, and nothing else needs to: as root, engines run as the user that Debian's
/// PostgreSQL brings.
struct EngineUser: Equatable, Sendable {
  static let name = "postgres"

  let uid: UInt32
  let gid: UInt32

  /// Nil when we are not root: then engines run as we do. Throws when root has no such user yet: looked up each time, since
  /// it may come while a lab runs.
  static func current() throws(LabError) -> EngineUser? {
    if geteuid() != 0 { return nil }
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    // Many starts look at once. The plain call has one place for its answer, which each of them fills line by line.
    let code = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
      // A buffer of that size has a base address.
      getpwnam_r(name, &entry, buffer.baseAddress!, buffer.count, &found)
    }
    guard code == 0, found != nil else {
      throw .engineMissing(engine: "PostgreSQL", package: "postgresql")
    }
    return EngineUser(uid: entry.pw_uid, gid: entry.pw_gid)
  }

  /// Gives the user a file or folder; not what is in it.
  func own(_ path: String) throws(LabError) {
    if chown(path, uid, gid) != 0 { throw .system(attempt: "giving \(path) to \(Self.name)", code: errno) }
  }
}
