// The table of attempts that count towards a limit.

import CSodium

/// Counters of one shard that go up together, or not at all.
struct AttemptCounters: Sendable {
  struct Counter: Sendable {
    let key: [UInt8]
    let limit: LogInLimits.Limit
  }

  let shard: Shard
  let counters: [Counter]

  /// - Parameter counters: what each is of, the broadest last: that is the order in which they are locked.
  init(shard: Shard, _ counters: [(of: [String], limit: LogInLimits.Limit)]) {
    self.shard = shard
    self.counters = counters.map { Counter(key: Self.key($0.of), limit: $0.limit) }
  }

  /// As long for long names as for short ones: people may type whatever they like. Each part with its length, so that
  /// none is mistaken for another.
  private static func key(_ parts: [String]) -> [UInt8] {
    let text = parts.flatMap { Array("\($0.utf8.count) ".utf8) + Array($0.utf8) }
    var key = [UInt8](repeating: 0, count: 16)
    crypto_generichash(&key, key.count, text, UInt64(text.count), nil, 0)
    return key
  }
}

/// Attempts in SQL. Of each counter one number is stored: when all of its attempts are forgotten. One that is much further
/// away than the limit lets it be is of a clock that was ahead: it counts for nothing, so that nobody waits for an hour that a
/// clock had too much.
struct AttemptTable: Sendable {
  static let migration = Migration(
    number: 4, name: "attempts",
    sql: """
      CREATE TABLE session_attempts (
        shard BIGINT NOT NULL,
        key BYTEA NOT NULL,
        free_at_ms BIGINT NOT NULL,
        PRIMARY KEY (shard, key)
      );
      CREATE INDEX session_attempts_by_end ON session_attempts (free_at_ms);
      """)

  /// By so much a number may be further away: of attempts at once the one that looked at the clock first may be counted last,
  /// and waits for its turn half as long at most.
  private static let aheadMs: Int64 = 10_000
  private static let expiredBatch = 500
  /// More failures than a machine can check passwords in a minute.
  private static let expiredBatches = 50

  let database: Database
  let nowMs: @Sendable () -> Int64

  /// Thrown inside of a transaction, so that nothing of it stays.
  private struct LimitReached: Error {
    let waitMs: Int64
  }

  /// Counts an attempt, unless a counter is at its limit.
  /// - Returns: after how many milliseconds there may be another one; nil when it was counted.
  func count(_ counters: AttemptCounters) async throws -> Int64? {
    let now = nowMs()
    do {
      try await database.transaction { transaction in
        for counter in counters.counters {
          let waitMs = try await Self.count(counter, counters.shard, now, transaction)
          if let waitMs { throw LimitReached(waitMs: waitMs) }
        }
      }
      return nil
    } catch let reached as LimitReached { return reached.waitMs }
  }

  private static func count(
    _ counter: AttemptCounters.Counter, _ shard: Shard, _ now: Int64, _ transaction: Transaction
  ) async throws -> Int64? {
    let (key, each, all) = (counter.key, counter.limit.forgetMs, counter.limit.count * counter.limit.forgetMs)
    let most = now + all + aheadMs
    let isCounted =
      try await transaction.execute(
        """
        INSERT INTO session_attempts (shard, key, free_at_ms) VALUES (\(shard), \(key), \(now + each))
        ON CONFLICT (shard, key) DO UPDATE SET free_at_ms = \(each) +
          CASE WHEN session_attempts.free_at_ms BETWEEN \(now) AND \(most)
            THEN session_attempts.free_at_ms ELSE \(now) END
        WHERE session_attempts.free_at_ms NOT BETWEEN \(now + all - each + 1) AND \(most)
        """) == 1
    if isCounted { return nil }
    let freeAtMs = try await transaction.first(
      "SELECT free_at_ms FROM session_attempts WHERE shard = \(shard) AND key = \(key)"
    ) { try $0.int(0) }
    return max((freeAtMs ?? now) - (now + all - each), 1)
  }

  func takeBack(_ counters: AttemptCounters) async throws {
    try await database.transaction { transaction in
      for counter in counters.counters {
        try await transaction.execute(
          """
          UPDATE session_attempts SET free_at_ms = free_at_ms - \(counter.limit.forgetMs)
          WHERE shard = \(counters.shard) AND key = \(counter.key)
          """)
      }
    }
  }

  /// Removes counters without attempts.
  func deleteExpired() async throws {
    let now = nowMs()
    for _ in 0..<Self.expiredBatches {
      let counts = try await database.everywhere.transaction {
        try await $0.execute(
          """
          DELETE FROM session_attempts WHERE (shard, key) IN
            (SELECT shard, key FROM session_attempts WHERE free_at_ms <= \(now) LIMIT \(Self.expiredBatch))
          """)
      }
      if !counts.contains(Self.expiredBatch) { return }
    }
  }
}
