// What doors have counted goes into the budget once, whatever becomes of the doors.

import Foundation
import Policies
import TestSupport
import Testing

@testable import Lab

@Suite struct BudgetBookTests {
  private static let now = 1_800_000_000

  private static func door(_ pid: Int32, _ requests: Double, _ failed: Double = 0) -> [String: DoorCounts] {
    ["front-door": DoorCounts(pid: pid, requests: requests, failed: failed)]
  }

  private func counts(_ readings: [[String: DoorCounts]]) -> [Int] {
    var book = BudgetBook()
    for reading in readings { book.take(reading, target: 0.999, atSeconds: Self.now) }
    let counts = book.budget.counts(atSeconds: Self.now)
    return [Int(counts.requests), Int(counts.failed)]
  }

  @Test func whatADoorHasCountedIsTakenOnce() {
    #expect(counts([Self.door(1, 10, 1), Self.door(1, 10, 1), Self.door(1, 25, 3)]) == [25, 3])
  }

  @Test func aDoorThatWasStartedAnewCountsFromItsStart() {
    #expect(counts([Self.door(1, 100, 4), Self.door(2, 5, 1), Self.door(2, 6, 1)]) == [106, 5])
  }

  @Test func aDoorThatDoesNotTellIsTakenLater() {
    #expect(counts([Self.door(1, 10), [:], Self.door(1, 30, 2)]) == [30, 2])
  }

  @Test func aDoorThatTellsLessThanBeforeTakesNothingBack() {
    #expect(counts([Self.door(1, 10, 2), Self.door(1, 4, 0)]) == [10, 2])
  }

  @Test func severalDoorsAreAddedUp() {
    let app = ["app": DoorCounts(pid: 7, requests: 3, failed: 1)]
    #expect(counts([Self.door(1, 10).merging(app) { first, _ in first }]) == [13, 1])
  }

  @Test func anAlarmIsToldWhenItBeginsAndWhenItEnds() {
    var book = BudgetBook()
    book.take(Self.door(1, 1_000, 0), target: 0.999, atSeconds: Self.now)
    #expect(book.news(atSeconds: Self.now).isEmpty)
    book.take(Self.door(1, 2_000, 500), target: 0.999, atSeconds: Self.now + 60)
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
    #expect(try BudgetBook.load(folder) == BudgetBook())
    var book = BudgetBook()
    book.take(Self.door(1, 100, 7), target: 0.99, atSeconds: Self.now)
    try book.save(folder)
    #expect(try BudgetBook.load(folder).budget == book.budget)
  }

  @Test func aFileThatIsNoBudgetIsSaidToBeNone() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.budget))
    #expect(throws: LabError.self) { try BudgetBook.load(folder) }
  }
}
