// What a file says once its database is elsewhere: rows that are written to it would be lost.

/// Names the epoch of the placement by which the database left. Whoever goes by an older one, or by none, is refused; a
/// newer one may have brought the database back.
enum Tombstone {
  static let createTable = "CREATE TABLE heights_moved (epoch INTEGER NOT NULL)"

  /// - Parameter epoch: of the placement that says the database is in its file.
  /// - Throws: `MoveError` when it isn't any more.
  static func check(_ path: String, of database: String, epoch: Int) throws {
    guard let moved = try SQLiteSide(path: path).movedEpoch(), moved >= epoch else { return }
    throw MoveError(
      """
      \(path) holds what database \(database) was before it moved to PostgreSQL, at epoch \(moved) of the placement, \
      and this process goes by epoch \(epoch): set HEIGHTS_PLACEMENT to the placement that says where it is now
      """)
  }
}

extension SQLiteSide {
  /// The epoch by which the database left this file; nil when it is here.
  func movedEpoch() throws -> Int? {
    guard try has("heights_moved") else { return nil }
    return try rows("SELECT epoch FROM heights_moved") { Int(try $0.int(0)) }.first
  }

  func bury(epoch: Int, until deadline: Deadline) throws {
    try transaction(until: deadline) {
      try run("DROP TABLE IF EXISTS heights_moved")
      try run(Tombstone.createTable)
      try run("INSERT INTO heights_moved VALUES (?1)", [.integer(Int64(epoch))])
    }
  }
}
