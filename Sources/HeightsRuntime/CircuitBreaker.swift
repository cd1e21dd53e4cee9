// Decides when something is not worth waiting for: a state machine without clock and chance of its own.

/// Lets calls pass while they work (closed). After too many failures in a row none pass (open), until one trial is due
/// (half-open), whose outcome decides.
package struct CircuitBreaker: Equatable, Sendable {
  enum State: Equatable, Sendable {
    /// `pauseMs` was the last wait, as long as it is not sure that all is well.
    case closed(failures: Int, pauseMs: Int)
    /// No call passes before `trialAt`; `pauseMs` is the wait, of which chance may have taken a part.
    case open(trialAt: Deadline, pauseMs: Int)
    case halfOpen(pauseMs: Int)
  }

  /// Failures in a row that open it.
  static let failureLimit = 5
  /// The first wait, and the longest: each is twice the one before.
  static let (firstPauseMs, longestPauseMs) = (20, 1_000)

  /// Open at first: nothing is known yet, and the trial is due.
  private(set) var state: State
  /// How often it has opened.
  package private(set) var openings = 0

  /// One that lets calls pass from the beginning.
  package static var closed: CircuitBreaker {
    var breaker = CircuitBreaker(now: .now)
    breaker.state = .closed(failures: 0, pauseMs: 0)
    return breaker
  }

  /// One whose trial is due at that moment.
  package init(now: Deadline) { state = .open(trialAt: now, pauseMs: 0) }

  /// Whether calls pass.
  package var isClosed: Bool { if case .closed = state { true } else { false } }

  /// When the next trial is due; nil when none is.
  package var trialAt: Deadline? { if case .open(let trialAt, _) = state { trialAt } else { nil } }

  /// As metrics tell it. 0: closed, 1: half-open, 2: open.
  package var number: Double {
    switch state {
    case .closed: 0
    case .halfOpen: 1
    case .open: 2
    }
  }

  /// A call that passed has worked.
  package mutating func succeed() {
    if case .closed(let failures, let pauseMs) = state, failures > 0 {
      state = .closed(failures: 0, pauseMs: pauseMs)
    }
  }

  /// All has been well for a while: the next wait is the first again.
  package mutating func settle() {
    if case .closed(let failures, _) = state { state = .closed(failures: failures, pauseMs: 0) }
  }

  /// A call that passed has failed. Calls that come back after it has opened say nothing new.
  /// - Parameters:
  ///   - isCertain: whether one such failure is enough.
  ///   - chance: 0 to 1, shortens the wait by up to a half, so that many don't come back together.
  /// - Returns: whether it has opened.
  package mutating func fail(isCertain: Bool, now: Deadline, chance: Double) -> Bool {
    guard case .closed(let failures, let pauseMs) = state else { return false }
    guard isCertain || failures + 1 >= Self.failureLimit else {
      state = .closed(failures: failures + 1, pauseMs: pauseMs)
      return false
    }
    openings += 1
    open(after: pauseMs, now, chance)
    return true
  }

  /// - Returns: whether the trial is due, which this caller makes now.
  package mutating func beginTrial(now: Deadline) -> Bool {
    guard case .open(let trialAt, let pauseMs) = state, trialAt <= now else { return false }
    state = .halfOpen(pauseMs: pauseMs)
    return true
  }

  /// The trial has an outcome. Without one that was begun it says nothing.
  package mutating func endTrial(succeeded: Bool, now: Deadline, chance: Double) {
    guard case .halfOpen(let pauseMs) = state else { return }
    if succeeded {
      state = .closed(failures: 0, pauseMs: pauseMs)
    } else {
      open(after: pauseMs, now, chance)
    }
  }

  private mutating func open(after formerMs: Int, _ now: Deadline, _ chance: Double) {
    let pauseMs = min(max(2 * formerMs, Self.firstPauseMs), Self.longestPauseMs)
    state = .open(trialAt: now.plus(ms: pauseMs - Int(Double(pauseMs) / 2 * chance)), pauseMs: pauseMs)
  }
}
