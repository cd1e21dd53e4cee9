// You read your own writes on every loop, a tick keeps one snapshot, and identifiers never repeat.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite struct SQLConsistencyTests {
  /// The highest value that anybody was told of.
  private final class Highest: Sendable {
    private let highest = Atomic<Int64>(0)
    var value: Int64 { highest.load(ordering: .sequentiallyConsistent) }
    func raise(to value: Int64) { highest.max(value, ordering: .sequentiallyConsistent) }
  }

  @Test func whoeverWasToldOfAWriteReadsItOnAnyLoop() async throws {
    let seed = UInt64.random(in: .min ... .max)
    print("seed \(seed)")
    try await withDatabaseFolder(loops: 3) { folder in
      let database = try await folder.open()
      try await database.insertNote("counter", likes: 0)
      let highest = Highest()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 {
          group.addTask {
            var random = SplitMix(seed &+ UInt64(worker))
            for _ in 0..<60 {
              let writesFirst = Bool.random(using: &random)
              let loop = folder.loops.loops[Int.random(in: 0..<3, using: &random)]
              try await loop.run {
                if writesFirst {
                  let value = try await database.transaction {
                    try await $0.first("UPDATE notes SET likes = likes + 1 RETURNING likes") { try $0.int(0) }
                  }
                  highest.raise(to: value ?? 0)
                }
                let atLeast = highest.value
                let seen = try await database.first("SELECT likes FROM notes") { try $0.int(0) }
                #expect(seen ?? -1 >= atLeast, "seed \(seed)")
              }
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aTickReadsOneSnapshotUntilTheWriterCommits() async throws {
    try await withDatabaseFolder { folder in
      let path = folder.file
      let database = try await folder.open()
      try await database.insertNote("one")
      let counter = CommitCounter()
      let reader = Reader(
        try SQLiteConnection(path: path, role: .reader(cacheBytes: 1 << 20)), commits: counter,
        timeLimitMs: 1_000)
      let writer = try SQLiteConnection(path: path, role: .writer)
      func count() throws -> Int64? {
        try reader.read { try $0.first("SELECT count(*) FROM notes") { try $0.int(0) } }
      }
      #expect(try count() == 1)
      _ = try writer.execute("INSERT INTO notes VALUES (1, 1, 'two', 0)")
      #expect(try count() == 1)
      #expect(reader.snapshotsTaken == 1)
      counter.advance()
      #expect(try count() == 2)
      #expect(reader.snapshotsTaken == 2)
      _ = try writer.execute("INSERT INTO notes VALUES (1, 2, 'three', 0)")
      reader.endSnapshot()
      #expect(try count() == 3)
      // Not earlier: whoever is the last to close a database locks it.
      database.close()
    }
  }

  @Test func snapshotsEndWithTheirTickSoThatTheLogCanBeEmptied() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      try await database.insertNote("one")
      let (inside, after) = try await folder.loops.loops[0].run {
        _ = try await database.count()
        let other = try SQLiteConnection(path: folder.file, role: .writer)
        let inside = try other.control("PRAGMA wal_checkpoint(TRUNCATE)")
        try await folder.loops.loops[0].sleep(ms: 1)
        return (inside, try other.control("PRAGMA wal_checkpoint(TRUNCATE)"))
      }
      // The first column says whether a reader was in the way.
      #expect(inside == "1")
      #expect(after == "0")
    }
  }

  @Test func identifiersNeverRepeatAcrossRestartsAndClocksThatStepBack() async throws {
    try await withDatabaseFolder { folder in
      let clock = Clock()
      var last = try #require(Identifier(0))
      for round in 0..<4 {
        let database = try await folder.open(clock: clock)
        for number in 0..<20 {
          let id = try await database.insertNote("\(round) \(number)")
          #expect(id > last)
          #expect(id.shard == shard7)
          last = id
          if number == 10 { clock.nowMs -= 3_600_000 }
        }
        database.close()
      }
    }
  }

  @Test func aBurstBorrowsFromTheMillisecondsToCome() async throws {
    let source = IdentifierSource { 1_800_000_000_000 }
    var seen: Set<Identifier> = []
    for _ in 0..<5_000 { seen.insert(try #require(source.next(shard7))) }
    #expect(seen.count == 5_000)
    #expect(seen.min()?.createdAtMs == 1_800_000_000_000)
    #expect(seen.max()?.createdAtMs == 1_800_000_000_004)
    #expect(source.markToStore == 1_800_000_000_004 - Identifier.epochMs)
  }

  @Test func aMarkOfAnotherProcessIsRespected() throws {
    let one = IdentifierSource { 1_800_000_000_000 }
    let other = IdentifierSource { 1_800_000_000_000 }
    one.begin(storedMs: 0)
    let first = try #require(one.next(shard7))
    other.begin(storedMs: try #require(one.markToStore))
    one.committed()
    let second = try #require(other.next(shard7))
    let mark = try #require(other.markToStore)
    other.committed()
    one.begin(storedMs: mark)
    let third = try #require(one.next(shard7))
    #expect(first < second && second < third)
  }

  @Test func aClockThatJumpsForwardIsFollowedAtTwiceItsPace() throws {
    let (clock, uptime) = (Clock(), Clock(1_000))
    let source = IdentifierSource(nowMs: { clock.nowMs }, uptimeMs: { uptime.nowMs })
    let start = try #require(source.next(shard7)).createdAtMs
    func pass(_ ms: Int64) throws -> Int64 {
      clock.nowMs += ms
      uptime.nowMs += ms
      return try #require(source.next(shard7)).createdAtMs - start
    }
    #expect(try pass(1_000) == 1_000)
    clock.nowMs += 3_600_000
    #expect(try pass(0) == 1_000)
    #expect(try pass(60_000) == 121_000)
    clock.nowMs -= 3_600_000
    #expect(try pass(0) <= 121_001)
    #expect(try pass(100_000) == 161_000)
    // A server that slept: the clock that nobody sets has gone on too.
    #expect(try pass(3_600_000) == 3_761_000)
  }

  @Test func aClockOutsideTheRangeMakesNoWrongIdentifier() throws {
    #expect(IdentifierSource { 0 }.next(shard7)?.createdAtMs == Identifier.epochMs + 1)
    #expect(IdentifierSource { Int64.max / 4 }.next(shard7) == nil)
  }

  @Test func nextIdRefusesWhatIsNoShard() async throws {
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      for wrong in [
        "SELECT next_id(4096)", "SELECT next_id(-1)", "SELECT next_id('a')", "SELECT next_id(NULL)",
      ]
        as [SQL]
      {
        let error = await #expect(throws: DatabaseError.self) {
          try await database.transaction { _ = try await $0.first(wrong) { try $0.int(0) } }
        }
        #expect("\(String(describing: error))".contains("expected an integer from 0 to 4095"))
      }
    }
  }

  @Test(arguments: ["", "-1", "+1", "01", "1 ", "9223372036854775808", "abc"])
  func textThatIsNoIdentifierIsRefused(_ text: String) { #expect(Identifier(text) == nil) }

  @Test func anIdentifierCarriesItsShardAndTime() throws {
    for number in [0, 1, 4_095] {
      let shard = try #require(Shard(number))
      let id = Identifier(tick: 12_345 << 10 | 1_023, shard: shard)
      #expect(id.shard == shard)
      #expect(id.createdAtMs == Identifier.epochMs + 12_345)
      #expect(Identifier(id.description) == id)
    }
    #expect(Shard(4_096) == nil && Shard(-1) == nil)
  }

  /// These numbers must never change: data lies where they say.
  @Test(arguments: [("", 263), ("ada", 565), ("grace.hopper@example.org", 1_594)])
  func theShardOfAKeyIsTheSameForGood(_ key: String, _ number: UInt16) {
    #expect(Shard(of: key).number == number)
  }

  @Test func keysSpreadOverTheShards() {
    var counts = [Int](repeating: 0, count: Shard.count)
    for number in 0..<40_960 { counts[Int(Shard(of: "user\(number)").number)] += 1 }
    // Ten each on average; 35 is beyond seven standard deviations.
    #expect(counts.max() ?? 0 < 35)
    #expect(counts.filter { $0 == 0 }.count < 40)
  }
}
