// The event loop keeps what starts on it on its thread, wakes for what it waits for, and stops when told to.

import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import HeightsRuntime

@Suite struct RuntimeTests {
  @Test func aTaskStaysOnItsLoopAcrossSuspensions() async throws {
    let group = try EventLoopGroup(count: 2)
    for loop in group.loops {
      let stayed = try await loop.run {
        var onLoop = [loop.isCurrent]
        await Task.yield()
        onLoop.append(loop.isCurrent)
        try await loop.sleep(ms: 1)
        onLoop.append(loop.isCurrent)
        try await Task.sleep(for: .milliseconds(1))
        onLoop.append(loop.isCurrent)
        return onLoop
      }
      #expect(stayed == [true, true, true, true])
    }
    await group.shutdown()
  }

  @Test func anActorOfALoopRunsOnItAcrossSuspensions() async throws {
    let group = try EventLoopGroup(count: 1)
    let resident = Resident(group.loops[0])
    #expect(await resident.isAtHome())
    await Task.yield()
    #expect(await resident.isAtHomeAfterAWait())
    await group.shutdown()
  }

  @Test func whatHooksAndTimersHoldIsLetGoWhenTheLoopEnds() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let held = WeakLog()
    try await loop.run {
      let log = Log()
      held.log = log
      loop.atEndOfTick(while: { false }) { log.append(1) }
      loop.schedule(afterMs: 600_000) { log.append(2) }
    }
    #expect(held.log != nil)
    await group.shutdown()
    #expect(held.log == nil)
  }

  @Test func aLoopIsBusyWhileItDoesNotWait() async throws {
    let group = try EventLoopGroup(count: 2)
    let (loop, other) = (group.loops[0], group.loops[1])
    func busyMs(_ loop: EventLoop) async throws -> UInt64 {
      try await loop.run { loop.busyNanoseconds / 1_000_000 }
    }
    let before = (try await busyMs(loop), try await busyMs(other))
    _ = try await loop.run { usleep(60_000) }
    let after = (try await busyMs(loop), try await busyMs(other))
    #expect(after.0 - before.0 >= 60)
    // Whoever waits is not busy, and neither is who waits for a timer.
    let start = Deadline.now
    try await loop.sleep(ms: 300)
    let waited = UInt64(start.elapsedMs)
    #expect(waited >= 300)
    #expect(try await busyMs(loop) - after.0 < waited)
    var text = MetricsText()
    try await group.writeMetrics(to: &text)
    for loop in 0...1 { #expect(text.text.contains("event_loop_busy_seconds_total{loop=\"\(loop)\"} ")) }
    await group.shutdown()
  }

  @Test(arguments: [1, 2, 5])
  func aHookThatMakesWorkForThoseBeforeItIsNotTheLastToBeHeardOf(count: Int) async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    // Each hook hands what came on to the one before it, and the first one ends the wait: nothing else wakes the loop.
    try await withDeadline("the hooks have run") { done in
      try await loop.run {
        let work = WaitingWork(count: count)
        for index in 0..<count {
          loop.atEndOfTick(while: { work.waits[index] }) {
            work.waits[index] = false
            if index > 0 { work.waits[index - 1] = true } else { done.signal() }
          }
        }
        work.waits[count - 1] = true
      }
    }
    await group.shutdown()
  }

  @Test func spawnOnTheLoopItselfRunsTheFirstPartAtOnce() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let order = try await loop.run {
      let log = Log()
      loop.spawn { log.append(1) }
      log.append(2)
      return log.entries
    }
    #expect(order == [1, 2])
    await group.shutdown()
  }

  @Test func jobsRunInTheOrderInWhichTheyCameHoweverMany() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let log = Log()
    let tasks = try await loop.run {
      // So that the queue doesn't begin at the beginning of its memory when it has to grow.
      for _ in 0..<40 { await Task.yield() }
      return (0..<1_000).map { number in
        Task.detached(executorPreference: loop) { log.append(number) }
      }
    }
    for task in tasks { await task.value }
    #expect(log.entries == Array(0..<1_000))
    await group.shutdown()
  }

  @Test func workFromOtherThreadsIsAllDoneOnTheLoop() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let log = Log()
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 {
        tasks.addTask {
          for value in 0..<1000 {
            loop.execute { log.append(loop.isCurrent ? value : -1) }
          }
        }
      }
    }
    while log.entries.count < 8000 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(log.entries.allSatisfy { $0 >= 0 })
    await group.shutdown()
  }

  @Test func timersFireInTheOrderOfTheirDeadlinesAndNotOnceCancelled() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let log = Log()
    try await loop.run {
      for delay in [12, 3, 9, 6] { loop.schedule(afterMs: delay) { log.append(delay) } }
      loop.schedule(afterMs: 5) { log.append(5) }.cancel()
      try await loop.sleep(ms: 20)
    }
    #expect(log.entries == [3, 6, 9, 12])
    await group.shutdown()
  }

  @Test func aCancelledSleepEndsWithCancellation() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    let task = Task { try await loop.run { try await loop.sleep(ms: 600_000) } }
    let inner = Task.detached(executorPreference: loop) { try await loop.sleep(ms: 600_000) }
    inner.cancel()
    await #expect(throws: CancellationError.self) { try await inner.value }
    task.cancel()
    await group.shutdown()
  }

  @Test func aWatchReportsReadinessUntilCancelled() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    let log = Log()
    try await loop.run {
      var watch: Watch?
      watch = try loop.watch(reader, .readable) { events in
        var byte: UInt8 = 0
        read(reader, &byte, 1)
        log.append(Int(byte))
        if byte == 2 { watch?.cancel() }
      }
      for byte in [1, 2, 3] as [UInt8] {
        var byte = byte
        write(writer, &byte, 1)
        try await loop.sleep(ms: 2)
      }
    }
    #expect(log.entries == [1, 2])
    await group.shutdown()
    close(reader)
    close(writer)
  }

  @Test func whoGivesTheLoopATurnLetsItSeeToItsDescriptors() async throws {
    let group = try EventLoopGroup(count: 1)
    let loop = group.loops[0]
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    let log = Log()
    try await loop.run {
      let watch = try loop.watch(reader, .readable) { _ in log.append(2) }
      write(writer, "!", 1)
      log.append(1)
      await EventLoop.giveTurn()
      watch.cancel()
      log.append(3)
    }
    #expect(log.entries == [1, 2, 3])
    await EventLoop.giveTurn()
    await group.shutdown()
    close(reader)
    close(writer)
  }

  @Test func aFullPoolRefusesInsteadOfQueueing() async throws {
    let pool = try BlockingPool(name: "test", threads: 1, queueLimit: 1)
    let gate = Gate()
    // It waits with a limit.
    async let first: Void = pool.run { gate.wait() }
    try await eventually("the thread is busy") { gate.entered }
    async let second: Int = pool.run { 2 }
    try await eventually("another one waits") { pool.waiting == 1 }
    await #expect(throws: Overloaded.self) { _ = try await pool.run { 3 } }
    gate.open()
    _ = try await (first, second)
    pool.close()
  }
}

/// A list that any thread may append to.
final class Log: Sendable {
  private let values = Mutex<[Int]>([])
  var entries: [Int] { values.withLock { $0 } }
  func append(_ value: Int) { values.withLock { $0.append(value) } }
}

/// Something to be stuck at, until opened.
final class Gate: Sendable {
  private let state = Mutex((entered: false, open: false))
  var entered: Bool { state.withLock { $0.entered } }
  func open() { state.withLock { $0.open = true } }
  func wait() {
    state.withLock { $0.entered = true }
    if !TestSupport.eventually({ state.withLock { $0.open } }) { Issue.record("a gate was not opened") }
  }
}

/// Lives on a loop.
private actor Resident {
  private let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  init(_ loop: EventLoop) { self.loop = loop }

  func isAtHome() -> Bool { loop.isCurrent }

  func isAtHomeAfterAWait() async -> Bool {
    try? await Task.sleep(for: .milliseconds(1))
    return loop.isCurrent
  }
}

/// Knows a list without keeping it.
private final class WeakLog: Sendable {
  private struct Reference { weak var log: Log? }
  private let reference = Mutex(Reference())
  var log: Log? {
    get { reference.withLock { $0.log } }
    set { reference.withLock { $0.log = newValue } }
  }
}

/// What hooks of a loop have to do. `@unchecked Sendable` is sound: it is touched on that loop only.
private final class WaitingWork: @unchecked Sendable {
  var waits: [Bool]
  init(count: Int) { waits = Array(repeating: false, count: count) }
}

/// Waits for what `body` has begun, ten seconds at most.
private func withDeadline(_ what: String, _ body: (DispatchSemaphore) async throws -> Void) async throws {
  let done = DispatchSemaphore(value: 0)
  try await body(done)
  try await blocking { #expect(done.wait(timeout: .now() + 10) == .success, "\(what)") }
}
