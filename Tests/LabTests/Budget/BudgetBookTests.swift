// What doors have counted goes into the budget once, whatever becomes of the doors.

import Foundation
import Policies
import TestSupport
import Testing

@testable import Lab

@Suite struct BudgetBookTests {
  private static let now = 1_800_000_000

  private static func door(
    _ pid: Int32, _ requests: Double, _ failed: Double = 0
  ) throws -> [Int32: DoorCounts?] {
    let counts: DoorCounts = try #require(DoorCounts(requests: requests, failed: failed))
    return [pid: counts]
  }

  private func counts(_ readings: [[Int32: DoorCounts?]]) -> [Int] {
    var book = BudgetBook()
    for reading in readings { book.take(reading, target: 0.999, atSeconds: Self.now) }
    let counts = book.budget.counts(atSeconds: Self.now)
    return [Int(counts.requests), Int(counts.failed)]
  }

  @Test func whatADoorHasCountedIsTakenOnce() throws {
    #expect(counts([try Self.door(1, 10, 1), try Self.door(1, 10, 1), try Self.door(1, 25, 3)]) == [25, 3])
  }

  @Test func aDoorThatWasStartedAnewCountsFromItsStart() throws {
    #expect(counts([try Self.door(1, 100, 4), try Self.door(2, 5, 1), try Self.door(2, 6, 1)]) == [106, 5])
  }

  @Test func aDoorThatDoesNotTellIsTakenLater() throws {
    #expect(counts([try Self.door(1, 10), [1: nil], try Self.door(1, 30, 2)]) == [30, 2])
  }

  @Test func aDoorThatTellsLessThanBeforeTakesNothingBackAndFailsNoMoreThanItWasAsked() throws {
    #expect(counts([try Self.door(1, 10, 2), try Self.door(1, 4, 0)]) == [10, 2])
    #expect(counts([try Self.door(1, 100, 0), try Self.door(1, 5, 5)]) == [100, 0])
  }

  @Test func aDoorThatHandsOverIsCountedWithItsSuccessor() throws {
    let both = try Self.door(1, 12).merging(try Self.door(7, 3, 1)) { first, _ in first }
    #expect(counts([try Self.door(1, 10), both, try Self.door(7, 4, 1)]) == [16, 1])
  }

  @Test(arguments: [(Double.infinity, 0), (.nan, 0), (1e300, 0), (-1, 0), (1, 2), (1, .infinity), (1, -1)])
  func whatNobodyCanHaveCountedIsNoReading(requests: Double, failed: Double) {
    #expect(DoorCounts(requests: requests, failed: failed) == nil)
  }

  @Test func anAlarmIsToldWhenItBeginsAndWhenItEnds() throws {
    var book = BudgetBook()
    try book.take(Self.door(1, 1_000, 0), target: 0.999, atSeconds: Self.now)
    #expect(!book.hasUnsavedFailures)
    #expect(book.news(atSeconds: Self.now).isEmpty)
    try book.take(Self.door(1, 2_000, 500), target: 0.999, atSeconds: Self.now + 60)
    #expect(book.hasUnsavedFailures)
    let begun = book.news(atSeconds: Self.now + 60)
    #expect(begun.contains { $0.contains("14.4 times") && $0.contains("500 of 2000 in the last 5 minutes") })
    #expect(book.news(atSeconds: Self.now + 62).isEmpty)
    let ended = book.news(atSeconds: Self.now + 2 * 86_400)
    #expect(ended.count == begun.count && ended.allSatisfy { $0.contains("no longer") })
  }

  @Test func aLabThatComesUpAgainGoesOnCounting() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    #expect(BudgetBook.load(folder) { Issue.record("\($0)") } == BudgetBook())
    var book = BudgetBook()
    try book.take(Self.door(1, 100, 7), target: 0.99, atSeconds: Self.now)
    try book.save(folder)
    #expect(BudgetBook.load(folder) { Issue.record("\($0)") }.budget == book.budget)
  }

  @Test func aFileThatIsNoBudgetIsPutAsideAndSaid() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.budget))
    var told: [String] = []
    #expect(BudgetBook.load(folder) { told.append($0) } == BudgetBook())
    #expect(told.count == 1 && told[0].contains("budget.json.unreadable"))
    #expect(try String(contentsOfFile: folder.budget + ".unreadable", encoding: .utf8) == "{}")
    #expect(!FileManager.default.fileExists(atPath: folder.budget))
  }
}
