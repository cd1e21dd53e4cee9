// The open loop owes every request from the moment it was due, and says so when it can't send one. No real clock.

import Testing

@testable import Load

@Suite struct OpenLoopTests {
  private let msNs: UInt64 = 1_000_000

  @Test func aStalledServerShowsInTheLatencyOfAllThatBecameDueMeanwhile() {
    // 100 a second for one second; nothing is answered until 1 s, then everything at once.
    var loop = makeLoop(ratePerSecond: 100, durationMs: 1_000, inFlightLimit: 1_000)
    var tally = Tally()
    var dues: [UInt64] = []
    for nowMs in 0...1_000 { dues += startAll(&loop, atMs: UInt64(nowMs)).started }
    #expect(dues.count == 100)
    for due in dues {
      tally.count(.readFeed, .succeeded, latencyMicroseconds: Int((1_000 * msNs - due) / 1_000))
      loop.finish()
    }
    // One waited 1,000 ms, the next 990, … the last 10: half of them waited at least 500 ms.
    #expect(loop.isFinished)
    #expect(tally.latency.count == 100)
    #expect(tally.latency.maxMicroseconds == 1_000_000)
    #expect((500_000...506_000).contains(tally.latency.percentile(50)))
    #expect(tally.latency.percentile(1) >= 10_000)
  }

  @Test func aGeneratorThatWasHeldUpStillOwesWhatBecameDueMeanwhile() {
    var loop = makeLoop(ratePerSecond: 100, durationMs: 1_000, inFlightLimit: 1_000)
    #expect(startAll(&loop, atMs: 0).started == [0])
    #expect(startAll(&loop, atMs: 55).started == [10, 20, 30, 40, 50].map { $0 * msNs })
    #expect(loop.step(atNs: 55 * msNs) == .wait(untilNs: 60 * msNs))
  }

  @Test func whatIsBeyondTheBoundIsShedAndCounted() {
    var loop = makeLoop(ratePerSecond: 100, durationMs: 100, inFlightLimit: 3)
    let first = startAll(&loop, atMs: 45)
    #expect(first.started.count == 3 && first.shed == 2)
    loop.finish()
    let second = startAll(&loop, atMs: 1_000)
    #expect(second.started.count == 1 && second.shed == 4)
    #expect(loop.isOver && !loop.isFinished)
    for _ in 0..<3 { loop.finish() }
    #expect(loop.isFinished)
  }

  @Test func aStoppedLoopStartsNothingMore() {
    var loop = makeLoop(ratePerSecond: 100, durationMs: 100, inFlightLimit: 10)
    _ = startAll(&loop, atMs: 15)
    loop.stop()
    #expect(loop.step(atNs: 99 * msNs) == .over)
    #expect(loop.inFlight == 2 && !loop.isFinished)
  }

  @Test func evenArrivalsDoNotDrift() {
    var arrivals = Arrivals(ratePerSecond: 3, spacing: .even, random: SeededRandom(seed: 1))
    var last: UInt64 = 0
    for _ in 0...30_000_000 / 100 { last = arrivals.next() }
    #expect(last == 100_000 * 1_000_000_000)
  }

  @Test func twoLoopsTakeTurns() {
    var (left, right) = (arrivals(offset: 0), arrivals(offset: 0.5))
    var taken: [UInt64] = []
    for _ in 0..<3 { taken += [left.next() / msNs, right.next() / msNs] }
    #expect(taken == [0, 5, 10, 15, 20, 25])
  }

  @Test func poissonArrivalsHaveTheirRateAndComeFromTheSeed() {
    let make = { Arrivals(ratePerSecond: 1_000, spacing: .poisson, random: SeededRandom(seed: 8)) }
    var (one, other) = (make(), make())
    let times = (0..<100_000).map { _ in one.next() }
    let again = (0..<100_000).map { _ in other.next() }
    #expect(times == again)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    // 100,000 gaps of 1 ms: their sum is within 1 % of 100 s.
    #expect(abs(Double(times.last ?? 0) / 1e9 - 100) < 1)
    // The share of gaps above the mean is 1/e.
    let long = zip(times, times.dropFirst()).count { $1 - $0 > msNs }
    #expect(abs(Double(long) / 100_000 - 0.3679) < 0.01)
  }

  @Test func failuresCountByKindAndOnlyTimeoutsIntoTheLatency() {
    var tally = Tally()
    tally.count(.post, .succeeded, latencyMicroseconds: 1_000)
    tally.count(.post, .failed(kind: "HTTP 503"), latencyMicroseconds: 10)
    tally.count(.like, .failed(kind: "HTTP 503"), latencyMicroseconds: 10)
    tally.count(.like, .timedOut, latencyMicroseconds: 10_000_000)
    tally.countShed()
    #expect(tally.errors == ["HTTP 503": 2, "timeout": 1, "shed by the generator": 1])
    #expect((tally.succeeded, tally.failed, tally.shed) == (1, 3, 1))
    #expect(tally.latency.count == 2)
    var twice = tally
    twice.merge(tally)
    #expect((twice.succeeded, twice.failed, twice.shed, twice.latency.count) == (2, 6, 2, 4))
  }

  private func arrivals(offset: Double) -> Arrivals {
    Arrivals(ratePerSecond: 100, spacing: .even, offset: offset, random: SeededRandom(seed: 1))
  }

  private func makeLoop(ratePerSecond: Double, durationMs: UInt64, inFlightLimit: Int) -> OpenLoop {
    let arrivals = Arrivals(ratePerSecond: ratePerSecond, spacing: .even, random: SeededRandom(seed: 1))
    return OpenLoop(arrivals, durationNs: durationMs * msNs, inFlightLimit: inFlightLimit)
  }

  private func startAll(_ loop: inout OpenLoop, atMs nowMs: UInt64) -> (started: [UInt64], shed: Int) {
    var (started, shed): ([UInt64], Int) = ([], 0)
    // Until the loop wants to wait: what is due at one moment has an end.
    while true {
      switch loop.step(atNs: nowMs * msNs) {
      case .start(let dueNs): started.append(dueNs)
      case .shed: shed += 1
      case .wait, .over: return (started, shed)
      }
    }
  }
}
