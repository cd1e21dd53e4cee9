// So many at once, the next in order, the rest refused; a cancelled one leaves its place.

import TestSupport
import Testing

@testable import HeightsKit

@Suite struct SlotsTests {
  private actor Order {
    private(set) var numbers: [Int] = []
    func append(_ number: Int) { numbers.append(number) }
  }

  @Test func whoComesFirstIsServedFirstAndTooManyAreRefused() async throws {
    let (slots, gate) = (Slots(count: 1, waiters: 2), AsyncGate())
    let order = Order()
    try await withThrowingTaskGroup { group in
      group.addTask { try await slots.use { await gate.wait() } }
      for number in 0..<2 {
        try await eventually("the one before waits") { slots.isTaken && slots.waiting == number }
        group.addTask { try await slots.use { await order.append(number) } }
      }
      try await eventually("both wait") { slots.waiting == 2 }
      await #expect(throws: Problem.self) { try await slots.use { await Task.yield() } }
      await gate.open()
      try await group.waitForAll()
    }
    #expect(await order.numbers == [0, 1])
    try await slots.use { await Task.yield() }
  }

  @Test func whoIsCancelledLeavesTheQueueAndNoSlotIsLost() async throws {
    let (slots, gate) = (Slots(count: 1, waiters: 8), AsyncGate())
    let holder = Task { try await slots.use { await gate.wait() } }
    try await eventually("it is held") { slots.isTaken }
    let waiter = Task { try await slots.use { await Task.yield() } }
    try await eventually("one waits") { slots.waiting == 1 }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(slots.waiting == 0)
    await gate.open()
    try await holder.value
    try await slots.use { await Task.yield() }
  }
}
