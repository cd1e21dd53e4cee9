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
    guard let entry = getpwnam(name) else {
      throw .engineMissing(engine: "PostgreSQL", package: "postgresql")
    }
    return EngineUser(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
  }

  /// Gives the user a file or folder; not what is in it.
  func own(_ path: String) throws(LabError) {
    if chown(path, uid, gid) != 0 { throw .system(attempt: "giving \(path) to \(Self.name)", code: errno) }
  }
}
