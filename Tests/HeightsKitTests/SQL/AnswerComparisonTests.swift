// A database moves only when both engines answer what the app asks alike.

import Contract
import Foundation
import TestSupport
import Testing

@testable import HeightsData

@Suite(.serialized) struct AnswerComparisonTests {
  /// Copies and compares; the database stays where it is.
  private func compare(_ moved: MovedDatabase) async throws -> AdminAnswer.Answers? {
    let move = moved.move()
    try await onThread { try move.copy { false } }
    try await onThread { try move.verify() }
    return move.progress.current.answers
  }

  private func expectDifference(_ moved: MovedDatabase, _ parts: [String]) async throws {
    let error = await #expect(throws: MoveError.self) { try await compare(moved) }
    for part in parts {
      #expect(error?.description.contains(part) == true, "\(part), in: \(String(describing: error))")
    }
    #expect(!moved.isInPostgres)
  }

  @Test func whatTheAppAsksIsAskedOfBothAndAnsweredAlike() async throws {
    try await withMovedDatabase { moved in
      for name in ["one", "two", "three"] {
        _ = try await moved.add(name, ratio: name == "two" ? nil : 0.5, photo: [1, 2])
      }
      let database = moved.database
      #expect(try await moved.names() == ["one", "two", "three"])
      _ = try await database.query("SELECT avg(ratio), count(*), max(name) FROM things") { try $0.double(0) }
      _ = try await database.query("SELECT ratio, photo FROM things ORDER BY ratio, id") {
        try $0.optionalDouble(0)
      }
      _ = try await database.query(
        "SELECT name FROM things WHERE name = \(nil as String?) OR \(nil as String?) IS NULL"
      ) { try $0.text(0) }
      try await database.transaction {
        try await $0.execute("UPDATE things SET ratio = \(1.5) WHERE name = \("one")")
        try await $0.execute("DELETE FROM tags WHERE tag = \("none")")
      }
      let answers = try #require(try await compare(moved))
      #expect(answers.differences == [])
      // Four queries; the read of an identifier is a write of PostgreSQL's, which is tried as the others are.
      #expect(answers.reads >= 4 && answers.writes >= 2 && answers.known >= 8)
      // Nothing of what was tried is there.
      try await moved.flip()
      #expect(try await moved.names() == ["one", "two", "three"])
      #expect(try await database.query("SELECT tag FROM tags") { try $0.text(0) }.count == 3)
    }
  }

  @Test func aStatementThatPostgresRefusesStopsTheMoveWithItsText() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      // What only a grammar sees.
      _ = try await moved.database.query("SELECT name, count(*) FROM things WHERE shard = \(7)") {
        try $0.text(0)
      }
      try await expectDifference(
        moved, ["SELECT name, count(*) FROM things WHERE shard = $1", "SQLite answers 'one', 1", "GROUP BY"])
    }
  }

  @Test func aWriteThatPostgresRefusesStopsTheMove() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      try await moved.database.transaction {
        try await $0.execute("UPDATE things SET name = name || 1 || 2 WHERE id = 0 AND 1")
      }
      try await expectDifference(moved, ["UPDATE things SET name", "an error"])
    }
  }

  @Test func anAnswerThatIsNotTheSameStopsTheMoveAndBothAreShown() async throws {
    try await withMovedDatabase { moved in
      _ = try await moved.add("one")
      _ = try await moved.add("two")
      // Numbers of the text have 32 bits in PostgreSQL; that much of types is not looked at when it is written.
      _ = try await moved.database.query("SELECT id FROM things WHERE 7 / 2.0 > 3 ORDER BY id") {
        try $0.int(0)
      }
      _ = try await moved.database.query("SELECT CAST(2.5 AS BIGINT), name FROM things ORDER BY name") {
        try $0.int(0)
      }
      try await expectDifference(
        moved, ["SELECT CAST(2.5 AS BIGINT)", "SQLite answers row 1: 2, 'one'", "PostgreSQL row 1: 3, 'one'"])
    }
  }

  @Test func anOrderThatIsLeftOpenIsNoDifference() async throws {
    let rows = [[AnsweredValue.whole(1), .text("a")], [.whole(2), .text("b")]]
    #expect(!AnsweredValue.areSame(rows, rows.reversed()))
    #expect(AnsweredValue.areSame(AnsweredValue.sorted(rows), AnsweredValue.sorted(rows.reversed())))
    let others = [[AnsweredValue.real(2), .text("b")], [.real(1), .text("a")]]
    #expect(AnsweredValue.areSame(AnsweredValue.sorted(rows), AnsweredValue.sorted(others)))
    #expect(
      AnsweredValue.real(0.1 + 0.2).isSame(as: .real(0.3))
        && !AnsweredValue.real(0.3).isSame(as: .real(0.3001)))
    #expect(
      !AnsweredValue.text("e\u{301}").isSame(as: .text("\u{e9}")) && !AnsweredValue.null.isSame(as: .whole(0))
    )
  }

  @Test func whatIsKeptOfAnAppsStatementsIsBounded() {
    let samples = StatementSamples()
    let long = String(repeating: "x", count: 20_000)
    samples.note("SELECT \(long)", use: 1)
    #expect(samples.all.isEmpty)
    for use in 1...2_000 { samples.note("SELECT \(use)", use: use) }
    #expect(samples.all.count == 4)
  }
}
