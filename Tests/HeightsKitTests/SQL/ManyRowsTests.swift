// What is asked of many identifiers at once: few statements, few shapes of them, and nothing but what was asked for.

import TestSupport
import Testing

@testable import HeightsData

@Suite struct ManyRowsTests {
  private func texts(
    _ database: Database, of ids: [Identifier], limit: Int = 1_000
  ) async throws -> [String] {
    let rows = try await database.query(for: ids, merging: { $0.id > $1.id }) { ids in
      """
      WITH wanted (shard, id) AS (VALUES \(rows: ids))
      SELECT notes.id, text FROM wanted CROSS JOIN notes
      WHERE notes.shard = wanted.shard AND notes.id = wanted.id ORDER BY notes.id DESC LIMIT \(limit)
      """
    } _: {
      (id: try $0.identifier(0), text: try $0.text(1))
    }
    return rows.map(\.text)
  }

  @Test func manyIdentifiersAreFewStatementsWhoseRowsComeInOneOrder() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    try await withDatabaseFolder { folder in
      let database = try await folder.open()
      let ids = try await database.transaction { transaction in
        var ids: [Identifier] = []
        for number in 0..<300 { ids.append(try await transaction.insertNote("note \(number)")) }
        return ids
      }
      for (count, statements) in [(0, 0), (1, 1), (3, 1), (128, 1), (129, 2), (300, 3)] {
        let asked = Array(ids.shuffled(using: &random).prefix(count))
        let before = database.statistics.statements
        let found = try await texts(database, of: asked)
        let wanted = asked.sorted(by: >).map { id in "note \(ids.firstIndex(of: id) ?? -1)" }
        #expect(found == wanted, "\(count) with seed \(seed)")
        #expect(database.statistics.statements - before == statements, "\(count)")
      }
    }
  }

  @Test func listsOfAboutTheSameLengthShareAStatementAndSayWhereItIsToRun() throws {
    let ids = try (0..<64).map { number in
      try #require(Identifier(Int64(number) << 22 | Int64(100 + number) << 10))
    }
    func sql(_ count: Int) -> SQL { "SELECT 1 WHERE (1, 2) IN (VALUES \(rows: ids.prefix(count)))" }
    #expect(SQLShape(sql(33)) == SQLShape(sql(64)))
    #expect(SQLShape(sql(32)) != SQLShape(sql(33)))
    #expect(sql(3).shards.lowest == 100 && sql(3).shards.highest == 102, "rows that fill up are nowhere")
    #expect(sql(3).description.hasSuffix("($1, $2), ($3, $4), ($5, $6), ($7, $8))"))
    #expect(sql(0).description.hasSuffix("(VALUES ($1, $2))"), "an empty list matches nothing")
  }

  @Test func eachClusterIsAskedOnceForWhatItHas() async throws {
    try await withTwoRanges { ranges in
      let database = ranges.database
      var ids: [Identifier] = []
      for (number, shard) in (TwoRanges.lowShards + TwoRanges.highShards).enumerated() {
        let id = try await database.transaction { transaction in
          try await transaction.insertNote("n\(number)", in: shard)
          return try await transaction.first("SELECT id FROM notes WHERE shard = \(shard)") {
            try $0.identifier(0)
          }
        }
        ids.append(try #require(id))
      }
      // Of both, of one, and each cluster's first ones.
      for (asked, limit, found, statements) in [
        (ids, 9, ["n3", "n2", "n1", "n0"], 2), (Array(ids.prefix(2)), 9, ["n1", "n0"], 1),
        (ids, 1, ["n3", "n1"], 2),
      ] {
        let before = database.statistics.statements
        #expect(try await texts(database, of: asked, limit: limit) == found)
        #expect(database.statistics.statements - before == statements)
      }
      ranges.high.stop()
      #expect(try await texts(database, of: Array(ids.prefix(2))) == ["n1", "n0"])
    }
  }
}
