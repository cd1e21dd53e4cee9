// A database on two real servers, a range of shards on each: every statement goes where its shard is, or is told why not.

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct ShardedDatabaseTests {
  private func expectInvalid(_ words: String..., when body: () async throws -> Void) async {
    let error = await #expect(throws: DatabaseError.self) { try await body() }
    guard case .invalid(_, let message)? = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    for word in words { #expect(message.contains(word), "\(message)") }
  }

  private func text(_ database: Database, of shard: Shard) async throws -> String? {
    try await database.first("SELECT text FROM notes WHERE shard = \(shard)") { try $0.text(0) }
  }

  @Test func aStatementKnowsItsShardsAndASharedPartBringsItsOwn() {
    let (one, two) = (TwoRanges.lowShards[0], TwoRanges.highShards[1])
    let part: SQL = "shard = \(two)"
    #expect((("SELECT 1" as SQL).shards).isEmpty)
    #expect(("SELECT \(1), \("text")" as SQL).shards.isEmpty)
    let both: SQL = "SELECT 1 WHERE shard = \(one) OR \(sql: part)"
    #expect(both.shards.lowest == 0 && both.shards.highest == 4_095)
    let shards = [7, 3, 5].compactMap { Shard($0) }
    let list: SQL = "SELECT 1 WHERE shard IN (\(list: shards))"
    #expect(list.shards.lowest == 3 && list.shards.highest == 7)
    let (some, none): (Shard?, Shard?) = (shards[0], nil)
    #expect(("SELECT \(some)" as SQL).shards.lowest == 7)
    #expect(("SELECT \(none)" as SQL).shards.isEmpty)
    #expect(both.description == "SELECT 1 WHERE shard = $1 OR shard = $2")
  }

  @Test func everyStatementGoesToTheServerThatHasItsShard() async throws {
    try await withTwoRanges { ranges in
      let database = ranges.database
      for shard in TwoRanges.lowShards + TwoRanges.highShards {
        let id = try await database.transaction { transaction in
          try await transaction.insertNote("n\(shard)", in: shard)
          return try await transaction.first("SELECT id FROM notes WHERE shard = \(shard)") {
            try $0.identifier(0)
          }
        }
        #expect(id?.shard == shard)
      }
      #expect(try ranges.texts() == ("n0 n2047", "n2048 n4095"))
      for shard in TwoRanges.lowShards + TwoRanges.highShards {
        #expect(try await text(database, of: shard) == "n\(shard)")
        let newest = try await database.newest("SELECT text FROM notes WHERE shard = \(shard)") {
          try $0.text(0)
        }
        #expect(newest == ["n\(shard)"])
      }
      #expect(database.statistics.commits == 4)
    }
  }

  @Test func aStatementThatDoesNotSayWhereIsToldSo() async throws {
    try await withTwoRanges { ranges in
      let (database, low, high) = (ranges.database, TwoRanges.lowShards[0], TwoRanges.highShards[0])
      await expectInvalid("2 ranges", "everywhere") { _ = try await database.count() }
      await expectInvalid("2 ranges", "everywhere") {
        _ = try await database.transaction { try await $0.execute("DELETE FROM notes") }
      }
      await expectInvalid("0 and 2048", "0-2047", "2048-4095") {
        _ = try await database.query("SELECT 1 FROM notes WHERE shard = \(low) OR shard = \(high)") { _ in }
      }
    }
  }

  @Test func aTransactionWritesToTheClusterThatItBeganInAndToNoOther() async throws {
    try await withTwoRanges { ranges in
      let (database, low, high) = (ranges.database, TwoRanges.lowShards, TwoRanges.highShards[0])
      await expectInvalid("another cluster", "0-2047") {
        try await database.transaction { transaction in
          try await transaction.insertNote("a", in: low[0])
          try await transaction.insertNote("b", in: low[1])
          try await transaction.insertNote("c", in: high)
        }
      }
      // Nor does what went before stay when the app makes nothing of it.
      await expectInvalid("rolled this transaction back") {
        try await database.transaction { transaction in
          try await transaction.insertNote("a", in: low[0])
          try? await transaction.insertNote("c", in: high)
        }
      }
      let texts = try ranges.texts()
      #expect(texts == ("", ""))
      // One that asks nothing takes nothing.
      let seven = try await database.transaction { _ in 7 }
      #expect(seven == 7)
      #expect(database.statistics.waiting == 0)
    }
  }

  @Test func behindTheFenceOfARangeOnlyItsOwnTransactionsWait() async throws {
    try await withTwoRanges { ranges in
      let (database, low, high) = (ranges.database, TwoRanges.lowShards[0], TwoRanges.highShards[0])
      let fence = database.ranges.parts[1].engines
      #expect(fence.raise(limitMs: 60_000, on: ranges.loops.loops[0]))
      let waits = Task { try await database.transaction { try await $0.insertNote("b", in: high) } }
      try await eventually("it waits") { database.statistics.waiting == 1 }
      try await database.transaction { try await $0.insertNote("a", in: low) }
      #expect(try ranges.texts() == ("a", ""))
      fence.lower()
      try await waits.value
      #expect(try ranges.texts() == ("a", "b"))
      #expect(fence.raise(limitMs: 60_000, on: ranges.loops.loops[0]))
      #expect(fence.waitUntilDrained(by: .afterMs(10_000)), "whoever was in has left")
      fence.lower()
    }
  }

  @Test func whenOneServerIsGoneTheOtherRangeGoesOn() async throws {
    var limits = DatabaseLimits()
    (limits.readMs, limits.transactionMs) = (500, 500)
    try await withTwoRanges(limits: limits) { ranges in
      let (database, low, high) = (ranges.database, TwoRanges.lowShards[0], TwoRanges.highShards[0])
      ranges.high.stop()
      await #expect(throws: DatabaseError.self) {
        try await database.transaction { try await $0.insertNote("b", in: high) }
      }
      await #expect(throws: DatabaseError.self) { try await text(database, of: high) }
      try await database.transaction { try await $0.insertNote("a", in: low) }
      #expect(try await text(database, of: low) == "a")
    }
  }

  @Test func transactionsInEachOthersWayAreRunAgainWithinTheirRange() async throws {
    var limits = DatabaseLimits()
    limits.transactionMs = 60_000
    try await withTwoRanges(limits: limits) { ranges in
      let (database, shards) = (ranges.database, [TwoRanges.lowShards[0], TwoRanges.highShards[0]])
      for shard in shards {
        try await database.transaction { try await $0.insertNote("n\(shard)", in: shard) }
      }
      try await withThrowingTaskGroup { group in
        for number in 0..<40 {
          let (loop, shard) = (ranges.loops.next(), shards[number % 2])
          group.addTask {
            try await loop.run {
              try await database.transaction { transaction in
                let likes = try await transaction.first("SELECT likes FROM notes WHERE shard = \(shard)") {
                  try $0.int(0)
                }
                try await transaction.execute(
                  "UPDATE notes SET likes = \((likes ?? 0) + 1) WHERE shard = \(shard)")
              }
            }
          }
        }
        try await group.waitForAll()
      }
      for shard in shards {
        let likes = try await database.first("SELECT likes FROM notes WHERE shard = \(shard)") {
          try $0.int(0)
        }
        #expect(likes == 20)
      }
    }
  }

  // MARK: Everywhere

  @Test func whatAllSharesIsAskedOfAllAndMergedInOrder() async throws {
    try await withTwoRanges { ranges in
      let (database, low, high) = (ranges.database, TwoRanges.lowShards, TwoRanges.highShards)
      for (text, shard, likes) in [("a", low[0], 5), ("b", high[0], 9), ("c", low[1], 7), ("d", high[1], 1)] {
        try await database.transaction { try await $0.insertNote(text, in: shard, likes: likes) }
      }
      let liked = try await database.everywhere.query(
        "SELECT text, likes FROM notes ORDER BY likes DESC LIMIT \(2)", merging: { $0.likes > $1.likes }
      ) { (text: try $0.text(0), likes: try $0.int(1)) }
      #expect(liked.map(\.text) == ["b", "c", "a", "d"])
      let counts = try await database.everywhere.transaction {
        try await $0.execute("DELETE FROM notes WHERE likes > \(4)")
      }
      #expect(counts.sorted() == [1, 2])
      #expect(try ranges.texts() == ("", "d"))
    }
  }

  @Test func whoWritesEverywhereWaitsForTheFenceOfEachRange() async throws {
    try await withTwoRanges { ranges in
      let database = ranges.database
      let fence = database.ranges.parts[1].engines
      #expect(fence.raise(limitMs: 60_000, on: ranges.loops.loops[0]))
      let waits = Task {
        try await database.everywhere.transaction { try await $0.execute("DELETE FROM notes") }
      }
      try await eventually("it waits") { database.statistics.waiting == 1 }
      fence.lower()
      #expect(try await waits.value == [0, 0])
      for part in database.ranges.parts {
        #expect(part.engines.raise(limitMs: 60_000, on: ranges.loops.loops[0]))
        #expect(part.engines.waitUntilDrained(by: .afterMs(10_000)))
        part.engines.lower()
      }
    }
  }

  @Test func aListOfAllIsNotAnsweredInPart() async throws {
    var limits = DatabaseLimits()
    limits.readMs = 500
    try await withTwoRanges(limits: limits) { ranges in
      ranges.high.stop()
      await #expect(throws: DatabaseError.self) {
        try await ranges.database.everywhere.query("SELECT text FROM notes", merging: <) { try $0.text(0) }
      }
    }
  }
}
