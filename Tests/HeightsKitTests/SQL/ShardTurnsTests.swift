// Whose turn it is to write to a shard, transition by transition.

import Testing

@testable import HeightsData

@Suite struct ShardTurnsTests {
  private typealias Turns = ShardTurns<String>

  /// A shard that somebody has the turn of, and who waits for it, on which loop.
  private static func taken(_ waiters: [(String, loop: Int)] = [], limit: Int = 8) -> Turns {
    var turns = Turns(waiterLimit: limit)
    #expect(turns.ask(7, on: 0, "first") == .turn)
    for (number, (waiter, loop)) in waiters.enumerated() {
      #expect(turns.ask(7, on: loop, waiter) == .wait(number: number + 1))
    }
    return turns
  }

  @Test func eachShardHasATurnOfItsOwn() {
    var turns = Self.taken()
    let (another, same) = (turns.take(8), turns.take(7))
    #expect(another && !same)
    #expect(turns.end(7) == nil)
    let free = turns.take(7)
    #expect(free, "nobody waited, so it is free")
  }

  @Test func whoWaitsLongestIsNextWhicheverLoopItIsOn() {
    var turns = Self.taken([("a", 1), ("b", 0)])
    #expect(turns.end(7) == "a")
    #expect(turns.end(7) == "b")
    #expect(turns.end(7) == nil && turns.waiterCount == 0)
  }

  @Test func aTurnIsHandedOnToTheFirstOfTheSameLoopAlone() {
    var turns = Self.taken([("a", 1), ("b", 0), ("c", 0)])
    #expect(turns.next(of: 7, on: 0, upTo: .max) == "b")
    #expect(turns.next(of: 7, on: 0, upTo: .max) == "c")
    #expect(turns.next(of: 7, on: 0, upTo: .max) == nil)
    #expect(turns.ask(7, on: 0, "d") == .wait(number: 4), "it is still somebody's turn")
    #expect(turns.end(7) == "a")
  }

  @Test func whoCameLaterThanItMayIsNotNext() {
    var turns = Self.taken([("a", 0)])
    let last = turns.lastNumber
    #expect(turns.ask(7, on: 0, "b") == .wait(number: 2))
    #expect(turns.next(of: 7, on: 0, upTo: last) == "a")
    #expect(turns.next(of: 7, on: 0, upTo: last) == nil)
    #expect(turns.end(7) == "b", "it has its own turn")
  }

  @Test func whoGivesUpIsToldOnceAndOnlyBeforeItsTurn() {
    var turns = Self.taken([("a", 0), ("b", 0)])
    #expect(turns.giveUp(1, of: 7) == "a")
    #expect(turns.giveUp(1, of: 7) == nil)
    #expect(turns.end(7) == "b")
    #expect(turns.giveUp(2, of: 7) == nil)
  }

  @Test func ofTooManyTheLastIsRefused() {
    var turns = Self.taken([("a", 0), ("b", 0)], limit: 2)
    #expect(turns.ask(7, on: 0, "c") == .full)
    #expect(turns.next(of: 7, on: 0, upTo: .max) == "a")
    #expect(turns.ask(7, on: 0, "c") == .wait(number: 3))
  }
}
