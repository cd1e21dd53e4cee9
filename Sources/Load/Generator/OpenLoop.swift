// The open loop: requests start when they are due, whatever became of those before. No clock, no I/O.

/// Decides what to start when. All times are nanoseconds since the start of the run.
struct OpenLoop: Sendable {
  enum Step: Equatable {
    case start(dueNs: UInt64)
    /// As many as allowed are under way, so this one is not sent: a bounded generator can't do more.
    case shed(dueNs: UInt64)
    case wait(untilNs: UInt64)
    /// Nothing becomes due any more. Requests may still be under way.
    case over
  }

  private let durationNs: UInt64
  private let inFlightLimit: Int
  private var arrivals: Arrivals
  private var nextDueNs: UInt64
  private var isStopped = false
  private(set) var inFlight = 0

  init(_ arrivals: Arrivals, durationNs: UInt64, inFlightLimit: Int) {
    self.arrivals = arrivals
    self.durationNs = durationNs
    self.inFlightLimit = inFlightLimit
    nextDueNs = self.arrivals.next()
  }

  /// The next thing to do at `nowNs`. Called until it says to wait: after a pause of any length each request that
  /// became due meanwhile is started with the moment at which it was due, so that no wait is left out.
  mutating func step(atNs nowNs: UInt64) -> Step {
    if isOver { return .over }
    if nextDueNs > nowNs { return .wait(untilNs: nextDueNs) }
    let dueNs = nextDueNs
    nextDueNs = arrivals.next()
    if inFlight >= inFlightLimit { return .shed(dueNs: dueNs) }
    inFlight += 1
    return .start(dueNs: dueNs)
  }

  /// One that was started has ended.
  mutating func finish() { inFlight -= 1 }

  /// Nothing becomes due from now on.
  mutating func stop() { isStopped = true }

  var isOver: Bool { isStopped || nextDueNs >= durationNs }
  var isFinished: Bool { isOver && inFlight == 0 }
}
