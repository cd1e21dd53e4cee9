// Whatever SQLite holds is in PostgreSQL byte for byte after a move, or the move is refused before it fences.

import Foundation
import HeightsData
import TestSupport
import Testing

@Suite(.serialized) struct MovePropertyTests {
  private static let cases = 100

  @Test func whateverSQLiteHoldsIsCopiedExactlyOrRefusedBeforeTheFence() async throws {
    let first = UInt64.random(in: 0...UInt64(UInt32.max))
    print("seed \(first)")
    var copied = 0
    for seed in first..<(first + UInt64(Self.cases)) where try await isCopied(seed) { copied += 1 }
    #expect(
      copied > 0 && copied < Self.cases,
      "\(copied) of \(Self.cases) were copied: too few of one kind, seed \(first)")
  }

  /// - Returns: false when it was refused.
  private func isCopied(_ seed: UInt64) async throws -> Bool {
    var drawn = MoveCase(seed: seed)
    let sql = drawn.sql
    let (before, meanwhile) = (drawn.statements(), drawn.statements())
    let made = drawn
    var isCopied = false
    try await withMovedDatabase([Migration(number: 1, name: "made", sql: sql)]) { moved in
      // What the schema refuses is not there.
      for statement in before { _ = try? moved.inFile([statement]) }
      let target = PostgresTarget(url: moved.url, database: moved.name)
      let (engine, move) = (try? await moved.openTarget().0, moved.move())
      do {
        try await moved.copy()
        for statement in meanwhile { _ = try? moved.inFile([statement]) }
        try await onThread { try move.flip(to: #require(engine), epoch: MovedDatabase.epoch) {} }
        isCopied = true
      } catch {
        engine?.close()
        #expect(error is MoveError && "\(error)".contains("table "), "seed \(seed): \(error), \(sql)")
        #expect(!moved.isInPostgres, "seed \(seed)")
        // The fence comes after this.
        #expect(move.progress.current.state != .flipping, "seed \(seed): \(error), \(sql)")
        return
      }
      #expect(try made.inPostgres(target) == made.inSQLite(moved.folder.file), "seed \(seed): \(sql)")
      try await moved.flipBack()
      engine?.close()
      #expect(
        try made.inPostgres(target) == made.inSQLite(moved.folder.file), "and back, seed \(seed): \(sql)")
    }
    return isCopied
  }
}
