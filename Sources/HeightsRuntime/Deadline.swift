// Deadlines and timers, on the clock that never jumps.

import Glibc

/// A moment on the monotonic clock.
public struct Deadline: Comparable, Hashable, Sendable {
  /// Nanoseconds since the machine started.
  public let uptimeNanoseconds: UInt64

  /// - Parameter uptimeNanoseconds: since the machine started.
  public init(uptimeNanoseconds: UInt64) { self.uptimeNanoseconds = uptimeNanoseconds }

  /// This moment, on a clock that no change of the time of day moves.
  public static var now: Deadline {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Deadline(uptimeNanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  /// Milliseconds since the machine started.
  package var uptimeMs: Int64 { Int64(uptimeNanoseconds / 1_000_000) }

  /// `ms` milliseconds from now; at once for 0 or less.
  public static func afterMs(_ ms: Int) -> Deadline {
    now.plus(ms: ms)
  }

  /// The moment `ms` milliseconds later.
  public func plus(ms: Int) -> Deadline {
    Deadline(uptimeNanoseconds: uptimeNanoseconds + UInt64(max(ms, 0)) * 1_000_000)
  }

  /// The moment `microseconds` later.
  package func plus(microseconds: Int) -> Deadline {
    Deadline(uptimeNanoseconds: uptimeNanoseconds + UInt64(max(microseconds, 0)) * 1_000)
  }

  /// Microseconds from this moment to a later one; 0 if it isn't later.
  package func microseconds(until later: Deadline) -> Int {
    later > self ? Int((later.uptimeNanoseconds - uptimeNanoseconds) / 1_000) : 0
  }

  public static func < (left: Deadline, right: Deadline) -> Bool {
    left.uptimeNanoseconds < right.uptimeNanoseconds
  }

  /// Milliseconds until the deadline, 0 when it has passed.
  public var remainingMs: Int {
    let now = Deadline.now.uptimeNanoseconds
    return now >= uptimeNanoseconds ? 0 : Int((uptimeNanoseconds - now + 999_999) / 1_000_000)
  }

  /// Whether that moment is now, or was before.
  public var hasPassed: Bool { Deadline.now >= self }

  /// Milliseconds from this moment until now.
  public var elapsedMs: Int { elapsedMicroseconds / 1_000 }

  /// Microseconds from this moment until now.
  public var elapsedMicroseconds: Int { microseconds(until: .now) }
}

/// Work that a loop does once, at a deadline.
public final class Timer {
  let deadline: Deadline
  private var work: (() -> Void)?

  init(deadline: Deadline, _ work: @escaping () -> Void) {
    self.deadline = deadline
    self.work = work
  }

  /// Loop thread only. A timer that has fired or was cancelled stays as it is.
  public func cancel() { work = nil }

  var isCancelled: Bool { work == nil }

  func fire() {
    let work = work
    self.work = nil
    work?()
  }
}

/// The timers of a loop, the earliest on top.
struct TimerHeap {
  private var heap: [Timer] = []

  /// When the earliest timer is due.
  var next: Deadline? { heap.first?.deadline }

  mutating func insert(_ timer: Timer) {
    heap.append(timer)
    var child = heap.count - 1
    while child > 0, heap[child].deadline < heap[(child - 1) / 2].deadline {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes the earliest timer if it is due, or was cancelled (then firing it does nothing).
  mutating func popExpired(at now: Deadline) -> Timer? {
    guard let first = heap.first, first.isCancelled || first.deadline <= now else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown()
    return first
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].deadline < heap[least].deadline { least = child }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
