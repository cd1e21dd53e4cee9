// Identifiers when clocks jump: always above the shard's last, and never far ahead of what has passed.

import TestSupport
import Testing

@testable import HeightsData

@Suite struct JumpingClockTests {
  /// A clock that jumps now and then, and one that nobody sets.
  private struct Clocks {
    var nowMs: Int64 = 1_800_000_000_000
    var uptimeMs: Int64 = 1_000
    var jumps: Int64 = 0

    /// - Returns: what has passed.
    mutating func step(_ random: inout SplitMix) -> Int64 {
      let ms = Int64.random(in: 0...5_000, using: &random)
      nowMs += ms
      uptimeMs += ms
      if Int.random(in: 0..<8, using: &random) == 0 {
        nowMs += Int64.random(in: -4 * 3_600_000...4 * 3_600_000, using: &random)
        jumps += 1
      }
      return ms
    }
  }

  @Test(arguments: 0..<UInt64(100))
  func whatIsFollowedIsNeverAheadOfTheClockAndGrowsAtTwiceItsPaceAtMost(seed: UInt64) {
    var (random, clocks) = (SplitMix(seed), Clocks())
    var clock = FollowedClock()
    var last = clock.follow(clocks.nowMs, uptimeMs: clocks.uptimeMs)
    for step in 0..<200 {
      let passedMs = clocks.step(&random)
      let followed = clock.follow(clocks.nowMs, uptimeMs: clocks.uptimeMs)
      #expect(followed <= clocks.nowMs, "seed \(seed), step \(step)")
      let most = max(2 * passedMs, passedMs + FollowedClock.toleranceMs)
      #expect(followed - last <= most, "seed \(seed), step \(step)")
      #expect(
        clock.latestMs(uptimeMs: clocks.uptimeMs + 5) == followed + 5 + FollowedClock.toleranceMs,
        "seed \(seed), step \(step)")
      last = followed
    }
  }

  @Test func whatIsAheadOfTheClockAtHandIsNotBelievedAtOnce() {
    var clock = FollowedClock(nowMs: 1_000_000, uptimeMs: 0)
    #expect(clock.follow(1_000_000 + 3_600_000, uptimeMs: 100) == 1_000_200)
    #expect(clock.follow(999_000, uptimeMs: 200) == 999_000)
  }

  @Test(arguments: 0..<UInt64(20))
  func onSQLiteIdentifiersOfAShardOnlyGrowAndDoNotRunAhead(seed: UInt64) throws {
    var random = SplitMix(seed)
    var clocks = Clocks()
    let start = clocks
    let (now, uptime) = (Clock(clocks.nowMs), Clock(clocks.uptimeMs))
    let source = IdentifierSource(nowMs: { now.nowMs }, uptimeMs: { uptime.nowMs })
    var last = try #require(source.next(shard7))
    for step in 0..<300 {
      _ = clocks.step(&random)
      (now.nowMs, uptime.nowMs) = (clocks.nowMs, clocks.uptimeMs)
      let id = try #require(source.next(shard7))
      #expect(id > last, "seed \(seed), step \(step)")
      let passedMs = clocks.uptimeMs - start.uptimeMs
      let most = 2 * passedMs + (clocks.jumps + 1) * FollowedClock.toleranceMs
      #expect(id.createdAtMs - start.nowMs <= most, "seed \(seed), step \(step)")
      last = id
    }
  }

  /// What the server's clock shows can't be changed here; how far it is ahead of what is believed can.
  @Test(arguments: 0..<UInt64(3))
  func onPostgreSQLIdentifiersOfAShardOnlyGrowAndDoNotRunAhead(seed: UInt64) async throws {
    try await withPostgres([]) { _, database in
      var random = SplitMix(seed)
      var latestIDs: [Int: Identifier] = [:]
      for step in 0..<60 {
        let shard = Int.random(in: 0..<3, using: &random)
        let latestMs = wallClockMs() + Int64.random(in: -4 * 3_600_000...4 * 3_600_000, using: &random)
        let id = try await database.transaction { transaction in
          _ = try await transaction.first(
            "SELECT set_config('heights.latest_ms', \(String(latestMs)), true)"
          ) { try $0.text(0) }
          return try await transaction.first("SELECT next_id(\(shard))") { try $0.identifier(0) }
        }
        let identifier = try #require(id)
        let former = latestIDs[shard]
        #expect(former.map { $0 < identifier } != false, "seed \(seed), step \(step)")
        let most = max(min(latestMs, wallClockMs()), (former?.createdAtMs ?? 0) + 1)
        #expect(identifier.createdAtMs <= most, "seed \(seed), step \(step)")
        latestIDs[shard] = identifier
      }
    }
  }

  @Test func aTransactionSaysWhichMomentIsTheLatestAndOthersAreNotBound() async throws {
    try await withPostgres([]) { notes, database in
      let said = try await database.transaction { transaction in
        try await transaction.first("SELECT current_setting('heights.latest_ms')::bigint") { try $0.int(0) }
      }
      let ahead = try #require(said) - wallClockMs()
      #expect(ahead > 0 && ahead <= FollowedClock.toleranceMs)
      #expect(Int64(try notes.server.run("SELECT next_id(1)", in: notes.name)) ?? 0 > 0)
    }
  }
}
