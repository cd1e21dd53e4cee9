// What time it is where the rows are.

import HeightsData

extension Stores {
  private static let database = "sessions"

  /// What the server that leads the databases takes for the time, in seconds since 1970. Blocks.
  /// - Throws: also where the databases are files.
  public func leaderClockSeconds() throws -> Int64 {
    let server = try LeaderRead(
      Self.database, placement: try PlacementFile(placementPath).read(), dataDirectory: dataDirectory,
      passwordFile: passwordFile)
    var seconds: Int64 = 0
    try server.snapshot {
      // Of several leaders that of the first shard.
      try server.each("SELECT 0::bigint, floor(extract(epoch FROM clock_timestamp()))::bigint") {
        seconds = try $0.int(1)
      }
    }
    return seconds
  }
}
