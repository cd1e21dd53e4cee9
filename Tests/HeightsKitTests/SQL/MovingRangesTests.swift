// Ranges that change while an app runs: it follows its placement, and nothing that it has acknowledged is lost.

import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP
@testable import HeightsKit
@testable import HeightsRuntime

@Suite(.serialized) struct MovingRangesTests {
  private let low = TwoRanges.lowShards[0]
  private let high = TwoRanges.highShards[0]

  @Test func rangesAreSplitMovedAndJoinedUnderLoadAndNothingIsLost() async throws {
    try await withMovableRanges([("0-4095", "low")]) { ranges in
      let done = OneValue<Bool>()
      let notes = Notes()
      try await withThrowingTaskGroup { group in
        defer { done.set(true) }
        for writer in 0..<8 {
          let loop = ranges.context.loops.next()
          group.addTask {
            try await loop.run { try await Self.write("w\(writer)", ranges, until: done, notes) }
          }
        }
        func more() async throws {
          let count = notes.texts.count
          try await eventually("people go on") { notes.texts.count > count + 100 }
        }
        try await more()
        try ranges.carry(2_048...4_095, from: ranges.low, to: ranges.high)
        try await ranges.place(2, [("0-2047", "low"), ("2048-4095", "high")])
        try ranges.forget(2_048...4_095, at: ranges.low)
        try await more()
        try await ranges.place(3, [("0-1023", "low"), ("1024-2047", "low"), ("2048-4095", "high")])
        try await more()
        try ranges.carry(0...1_023, from: ranges.low, to: ranges.high)
        try await ranges.place(4, [("0-1023", "high"), ("1024-2047", "low"), ("2048-4095", "high")])
        try ranges.forget(0...1_023, at: ranges.low)
        try await more()
        try ranges.carry(1_024...2_047, from: ranges.low, to: ranges.high)
        try await ranges.place(5, [("0-4095", "high")])
        try ranges.forget(1_024...2_047, at: ranges.low)
        try await eventually("nobody uses the first cluster") {
          try ranges.connections(to: ranges.low) == "0"
        }
        try await more()
        done.set(true)
        try await group.waitForAll()
      }
      #expect(try ranges.texts(ranges.low) == "")
      #expect(
        try ranges.texts(ranges.high).split(separator: " ").map(String.init).sorted() == notes.texts.sorted())
    }
  }

  /// What was acknowledged.
  private final class Notes: Sendable {
    private let held = Mutex<[String]>([])
    var texts: [String] { held.withLock { $0 } }
    func add(_ text: String) { held.withLock { $0.append(text) } }
  }

  /// Writes a note, and reads it at once, until it is told to end.
  private static func write(
    _ name: String, _ ranges: MovableRanges, until done: OneValue<Bool>, _ notes: Notes
  ) async throws {
    var number = 0
    while done.value == nil {
      number += 1
      let text = "\(name)-\(number)"
      guard let shard = Shard(number * 509 % Shard.count) else { return }
      try await ranges.database.transaction { try await $0.insertNote(text, in: shard) }
      notes.add(text)
      #expect(try await ranges.text(of: shard, text) == text)
      try await EventLoop.current?.sleep(ms: 1)
    }
  }

  @Test func aTransactionEndsWhereItBeganAndThoseBehindItGoWhereTheRangeIsThen() async throws {
    try await withMovableRanges([("0-2047", "low"), ("2048-4095", "low")]) { ranges in
      let (low, high, database) = (low, high, ranges.database)
      let (begun, goOn) = (AsyncGate(), AsyncGate())
      let first = Task {
        try await database.transaction { transaction in
          try await transaction.insertNote("first", in: high)
          await begun.open()
          await goOn.wait()
          try await transaction.insertNote("same", in: high)
        }
      }
      await begun.wait()
      try ranges.write(2, [("0-2047", "low"), ("2048-4095", "high")])
      let fence = database.ranges.parts[1].engines
      try await eventually("the fence is up") {
        let entrance = fence.enterAtOnce()
        if entrance == .entered { fence.leave() }
        return entrance == .fenced
      }
      let second = Task { try await database.transaction { try await $0.insertNote("second", in: high) } }
      try await eventually("it waits") { fence.waiting == 1 }
      // Of a range that stays nobody waits, and reads never do.
      try await database.transaction { try await $0.insertNote("other", in: low) }
      #expect(try await ranges.text(of: high, "first") == nil)
      #expect(adopted(ranges) == 1)
      await goOn.open()
      try await first.value
      try await second.value
      try await eventually("the placement is adopted") { adopted(ranges) == 2 }
      #expect(try ranges.texts(ranges.low) == "first other same")
      #expect(try ranges.texts(ranges.high) == "second")
    }
  }

  private func adopted(_ ranges: MovableRanges) -> Int { ranges.context.placements.adoptedEpoch }

  @Test func aTransactionThatIsTooOldForARangeThatCameBeginsAgain() async throws {
    try await withMovableRanges([("0-2047", "low"), ("2048-4095", "high")]) { ranges in
      let (low, high, database) = (low, high, ranges.database)
      try await database.transaction { try await $0.insertNote("came", in: high) }
      let (begun, goOn) = (AsyncGate(), AsyncGate())
      let attempts = Atomic<Int>(0)
      let both = Task {
        try await database.transaction { transaction in
          attempts.add(1, ordering: .relaxed)
          try await transaction.insertNote("low", in: low)
          await begun.open()
          await goOn.wait()
          return try await transaction.first("SELECT text FROM notes WHERE shard = \(high)") {
            try $0.text(0)
          }
        }
      }
      await begun.wait()
      let rows = try ranges.high.run("SELECT id FROM notes", in: "notes")
      try ranges.low.run("INSERT INTO notes (shard, id, text) VALUES (2048, \(rows), 'came')", in: "notes")
      // The range that it is in stays what it is.
      try await ranges.place(2, [("0-2047", "low"), ("2048-4095", "low")])
      await goOn.open()
      #expect(try await both.value == "came", "not what there was when it began")
      #expect(attempts.load(ordering: .relaxed) > 1)
      #expect(try ranges.texts(ranges.low) == "came low")
    }
  }

  @Test func whoIsInOneRangeDoesNotWaitAtTheFenceOfAnother() async throws {
    try await withMovableRanges([("0-2047", "low"), ("2048-4095", "low")]) { ranges in
      let (low, high, database) = (low, high, ranges.database)
      let (begun, goOn) = (AsyncGate(), AsyncGate())
      let attempts = Atomic<Int>(0)
      let both = Task {
        try await database.transaction { transaction in
          attempts.add(1, ordering: .relaxed)
          try await transaction.insertNote("low", in: low)
          await begun.open()
          await goOn.wait()
          try await transaction.insertNote("high", in: high)
        }
      }
      await begun.wait()
      // Both fences are raised, and wait for it.
      try ranges.write(2, [("0-4095", "low")])
      let fences = database.ranges.parts.map(\.engines)
      try await eventually("both fences are up") {
        fences.allSatisfy { fence in
          let entrance = fence.enterAtOnce()
          if entrance == .entered { fence.leave() }
          return entrance == .fenced
        }
      }
      await goOn.open()
      try await both.value
      #expect(attempts.load(ordering: .relaxed) > 1)
      try await eventually("the placement is adopted") { adopted(ranges) == 2 }
      #expect(try ranges.texts(ranges.low) == "high low")
    }
  }

  @Test func whoGoesThroughAllRangesIsToldThatTheyMoved() async throws {
    try await withMovableRanges([("0-2047", "low"), ("2048-4095", "high")]) { ranges in
      let (begun, goOn) = (AsyncGate(), AsyncGate())
      let all = Task {
        try await ranges.database.everywhere.transaction { transaction in
          let count = try await transaction.execute("DELETE FROM notes")
          await begun.open()
          await goOn.wait()
          return count
        }
      }
      await begun.wait()
      // It is in the first, and the second is moving to there.
      try await ranges.place(2, [("0-2047", "low"), ("2048-4095", "low")])
      await goOn.open()
      let error = await #expect(throws: DatabaseError.self) { try await all.value }
      guard case .contended? = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }
  }

  @Test func aPlacementThatCanNotBeFollowedChangesNothingUntilALaterOneCan() async throws {
    try await withMovableRanges([("0-4095", "low")]) { ranges in
      let (high, database) = (high, ranges.database)
      ranges.high.stop()
      try ranges.write(2, [("0-2047", "low"), ("2048-4095", "high")])
      try await eventually("it is seen") { ranges.context.placement.epoch == 2 }
      try await database.transaction { try await $0.insertNote("one", in: high) }
      #expect(adopted(ranges) == 1)
      #expect(try await ranges.text(of: high, "one") == "one")
      try await ranges.place(3, [("0-2047", "low"), ("2048-4095", "low")])
      #expect(database.ranges.parts.count == 2)
      try await database.transaction { try await $0.insertNote("two", in: high) }
      #expect(try ranges.texts(ranges.low) == "one two")
    }
  }

  @Test func aClusterIsKeptWhileADatabaseIsThereThatCouldNotFollowAway() async throws {
    try await withMovableRanges([("0-4095", "low")]) { ranges in
      let (context, database) = (ranges.context, ranges.database)
      let cluster = try #require(context.knownCluster("low"))
      ranges.high.stop()
      try ranges.write(2, [("0-4095", "high")])
      try await eventually("it is tried") { context.knownCluster("high") != nil }
      try await ranges.place(3, [("0-4095", "low")])
      #expect(context.knownCluster("low") === cluster, "it would be opened beside itself")
      #expect(database.clusters.map { $0 === cluster } == [true])
      #expect(context.knownCluster("high") == nil, "nothing leads there any more")
    }
  }

  @Test func aDatabaseThatIsBeingOpenedFollowsWhatCameMeanwhile() async throws {
    try await withMovableRanges([("0-4095", "low")]) { ranges in
      let former = ranges.context.placement
      try await ranges.place(2, [("0-4095", "high")])
      let late = try await Database.open(
        "notes", of: try #require(try ranges.context.ranges(of: "notes", former)),
        migrations: [PostgresNotes.notes], loops: ranges.context.loops, limits: DatabaseLimits())
      await ranges.context.followWhatCame(since: former, late, [PostgresNotes.notes])
      #expect(late.ranges.databases.map(\.cluster.name) == ["high"])
      late.close()
    }
  }
}
