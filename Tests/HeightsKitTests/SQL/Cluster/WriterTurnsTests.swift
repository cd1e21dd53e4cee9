// Whose turn it is for a pool's connections, transition by transition, and in any order.

import TestSupport
import Testing

@testable import HeightsData

@Suite struct WriterTurnsTests {
  private typealias Turns = WriterTurns<Int, String>

  /// A pool of which every connection has been taken.
  private static func taken(_ count: Int, waiterLimit: Int = 8) -> Turns {
    var turns = Turns(connectionLimit: count, waiterLimit: waiterLimit)
    for _ in 0..<count { #expect(ask(&turns) == .turn(.open)) }
    return turns
  }

  private static func ask(_ turns: inout Turns) -> Turns.Reply { turns.ask { _ in true } }

  private static func wait(_ waiter: String, untilMs ms: Int = 1_000, in turns: inout Turns) {
    #expect(ask(&turns) == .wait)
    turns.wait(waiter, until: moment(ms))
  }

  private static func moment(_ ms: Int) -> Deadline { Deadline(uptimeNanoseconds: 0).plus(ms: ms) }

  @Test func asManyAsTheLimitOpenAConnectionAndTheNextWaits() {
    var turns = Self.taken(3)
    #expect(Self.ask(&turns) == .wait)
    #expect(turns.connectionCount == 3)
  }

  @Test func whatWasGivenBackIsUsedAgainAndTheLastFirst() {
    var turns = Self.taken(2)
    for connection in [1, 2] { #expect(turns.giveBack(connection) == nil) }
    #expect(Self.ask(&turns) == .turn(.use(2)))
    #expect(Self.ask(&turns) == .turn(.use(1)))
    #expect(Self.ask(&turns) == .wait)
  }

  @Test func whatBrokeWhileNobodyUsedItMakesRoomForANewOne() {
    var turns = Self.taken(2)
    for connection in [1, 2] { _ = turns.giveBack(connection) }
    #expect(turns.ask { $0 == 1 } == .turn(.use(1)))
    #expect(Self.ask(&turns) == .turn(.open))
    #expect(Self.ask(&turns) == .wait)
  }

  @Test func whoWaitsLongestGetsTheConnectionItself() {
    var turns = Self.taken(1)
    Self.wait("a", in: &turns)
    Self.wait("b", in: &turns)
    let told = turns.giveBack(7)
    #expect(told?.waiter == "a" && told?.turn == .use(7))
    // Whoever asks now does not overtake the one who waits.
    #expect(Self.ask(&turns) == .wait)
    #expect(turns.giveBack(7)?.waiter == "b")
    #expect(turns.giveBack(7) == nil && turns.idleCount == 1)
  }

  @Test func aBrokenConnectionOrOneThatCannotBeOpenedIsTheNextOnesToOpen() {
    var turns = Self.taken(1)
    Self.wait("a", in: &turns)
    let told = turns.giveBack(nil)
    #expect(told?.waiter == "a" && told?.turn == .open)
    #expect(turns.connectionCount == 1)
    #expect(turns.giveBack(nil) == nil && turns.connectionCount == 0)
    #expect(Self.ask(&turns) == .turn(.open))
  }

  @Test func tooManyWhoWaitAreRefused() {
    var turns = Self.taken(1, waiterLimit: 2)
    for waiter in ["a", "b"] { Self.wait(waiter, in: &turns) }
    #expect(Self.ask(&turns) == .full)
    #expect(turns.giveBack(1)?.waiter == "a")
    #expect(Self.ask(&turns) == .wait)
  }

  @Test func theLateEndOnceAndTheOthersKeepTheirOrder() {
    var turns = Self.taken(1)
    for (waiter, ms) in [("a", 30), ("b", 10), ("c", 20), ("d", 40)] {
      Self.wait(waiter, untilMs: ms, in: &turns)
    }
    #expect(turns.endLateWaits(at: Self.moment(9)) == [])
    #expect(turns.endLateWaits(at: Self.moment(20)) == ["b", "c"])
    #expect(turns.endLateWaits(at: Self.moment(20)) == [])
    #expect(turns.giveBack(1)?.waiter == "a")
    #expect(turns.giveBack(1)?.waiter == "d")
  }

  @Test func aConnectionIsNotLostWithOneWhoIsLate() {
    var turns = Self.taken(1)
    Self.wait("a", untilMs: 1, in: &turns)
    #expect(turns.endLateWaits(at: Self.moment(1)) == ["a"])
    #expect(turns.giveBack(1) == nil)
    #expect(Self.ask(&turns) == .turn(.use(1)))
  }

  @Test func whatIsIdleIsClosedAndWhatIsTakenIsNot() {
    var turns = Self.taken(2)
    _ = turns.giveBack(1)
    turns.closeIdle()
    #expect(turns.connectionCount == 1 && turns.idleCount == 0)
    #expect(Self.ask(&turns) == .turn(.open))
    #expect(Self.ask(&turns) == .wait)
  }

  @Test func retiringTellsAllWhoWaitAndKeepsNothingThatIsGivenBack() {
    var turns = Self.taken(2)
    for waiter in ["a", "b"] { Self.wait(waiter, in: &turns) }
    #expect(turns.retire() == ["a", "b"])
    #expect(turns.retire() == [])
    #expect(Self.ask(&turns) == .turn(.over))
    for connection in [1, nil] { #expect(turns.giveBack(connection) == nil) }
    #expect(turns.connectionCount == 0 && turns.idleCount == 0)
    #expect(turns.endLateWaits(at: Self.moment(10_000)) == [])
  }

  /// Whatever happens in whatever order, whoever waits is told once, in turn, and nobody waits beside a free connection.
  @Test(arguments: 0..<40) func nobodyWhoWaitsIsEverLost(run: Int) {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("writer turns seed: \(seed)")
    var walk = TurnsWalk(seed: seed)
    for _ in 0..<2_000 { walk.step() }
    walk.windDown()
  }
}

/// Transactions that come, wait, go, and break their connections, and a model of what each has been told.
private struct TurnsWalk {
  private var random: SplitMix
  private let connectionLimit: Int
  private let waiterLimit: Int
  private var turns: WriterTurns<Int, Int>
  private var nowMs = 0
  private var lastNumber = 0
  /// Who waits, in the order in which they came, and until when.
  private var waiting: [(waiter: Int, untilMs: Int)] = []
  private var opening = 0
  private var taken: Set<Int> = []
  /// In the order in which they were given back.
  private var idle: [Int] = []
  private var broken: Set<Int> = []
  private var isRetired = false

  init(seed: UInt64) {
    random = SplitMix(seed)
    (connectionLimit, waiterLimit) = (
      Int.random(in: 1...4, using: &random), Int.random(in: 0...6, using: &random)
    )
    turns = WriterTurns(connectionLimit: connectionLimit, waiterLimit: waiterLimit)
  }

  private func moment(_ ms: Int) -> Deadline { Deadline(uptimeNanoseconds: 0).plus(ms: ms) }

  mutating func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<40: ask()
    case 40..<70: giveBack()
    case 70..<80: opened()
    case 80..<85 where opening > 0:
      opening -= 1
      end(nil)
    case 85..<95: passTime(ms: Int.random(in: 0...10, using: &random))
    case 95..<97: if let connection = idle.randomElement(using: &random) { broken.insert(connection) }
    case 97:
      turns.closeIdle()
      idle = []
    // Rarely: it is the end of a pool.
    case 98 where Int.random(in: 0..<20, using: &random) == 0: retire()
    default: break
    }
    check()
  }

  /// Everybody who is at work ends it: nobody may be left who waits.
  mutating func windDown() {
    while opening > 0 || !taken.isEmpty {
      opened()
      giveBack()
      check()
    }
    #expect(waiting.isEmpty && turns.waiterCount == 0)
    #expect(turns.connectionCount == idle.count)
  }

  private mutating func ask() {
    lastNumber += 1
    let hadRoom = turns.connectionCount < connectionLimit || !idle.isEmpty
    switch turns.ask(isUsable: { [broken] in !broken.contains($0) }) {
    case .turn(let turn):
      // Those that it found broken on its way are gone.
      while let last = idle.last, broken.contains(last) { idle.removeLast() }
      begin(turn)
    case .wait:
      #expect(!hadRoom && waiting.count < waiterLimit && !isRetired)
      let untilMs = nowMs + Int.random(in: 1...60, using: &random)
      waiting.append((lastNumber, untilMs))
      turns.wait(lastNumber, until: moment(untilMs))
    case .full: #expect(!hadRoom && waiting.count == waiterLimit && !isRetired)
    }
  }

  private mutating func begin(_ turn: WriterTurn<Int>) {
    switch turn {
    case .use(let connection):
      if idle.last == connection { idle.removeLast() }
      #expect(taken.insert(connection).inserted, "two have the connection \(connection)")
    case .open: opening += 1
    case .over: #expect(isRetired)
    }
  }

  private mutating func opened() {
    guard opening > 0 else { return }
    opening -= 1
    lastNumber += 1
    taken.insert(lastNumber)
  }

  private mutating func giveBack() {
    guard let connection = taken.sorted().randomElement(using: &random) else { return }
    taken.remove(connection)
    end(Int.random(in: 0..<4, using: &random) == 0 ? nil : connection)
  }

  private mutating func end(_ connection: Int?) {
    guard let (waiter, turn) = turns.giveBack(connection) else {
      #expect(waiting.isEmpty, "somebody waits, and is not told of the turn that has ended")
      if let connection, !isRetired { idle.append(connection) }
      return
    }
    #expect(waiter == waiting.first?.waiter, "told out of turn, or twice")
    waiting.removeAll { $0.waiter == waiter }
    begin(turn)
  }

  private mutating func passTime(ms: Int) {
    nowMs += ms
    let late = waiting.filter { $0.untilMs <= nowMs }.map(\.waiter)
    #expect(turns.endLateWaits(at: moment(nowMs)) == late)
    waiting.removeAll { late.contains($0.waiter) }
  }

  private mutating func retire() {
    #expect(turns.retire() == waiting.map(\.waiter))
    (waiting, idle, isRetired) = ([], [], true)
  }

  private func check() {
    #expect(turns.waiterCount == waiting.count && turns.idleCount == idle.count)
    #expect(turns.connectionCount == idle.count + taken.count + opening)
    #expect(turns.connectionCount <= connectionLimit && waiting.count <= waiterLimit)
    #expect(waiting.isEmpty || idle.isEmpty && turns.connectionCount == connectionLimit)
  }
}
