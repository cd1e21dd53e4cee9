// Decides when something is not worth waiting for: a state machine without clock and chance of its own.

/// Lets calls pass while they work (closed). After too many failures in a row none pass (open), until one trial is due
/// (half-open), whose outcome decides. Times are nanoseconds of one clock.
public struct CircuitBreaker: Equatable, Sendable {
  /// Which calls pass.
  public enum State: Equatable, Sendable {
    /// `pauseMs` was the last wait, as long as it is not sure that all is well.
    case closed(failures: Int, pauseMs: Int)
    /// No call passes before `trialAtNs`; `pauseMs` is the wait, of which chance may have taken a part.
    case open(trialAtNs: UInt64, pauseMs: Int)
    case halfOpen(pauseMs: Int)
  }

  /// Failures in a row that open it.
  public static let failureLimit = 5
  /// From one trial to the next.
  static let waits = BackOff(firstMs: 20, limitMs: 1_000)

  /// Open at first: nothing is known yet, and the trial is due.
  public private(set) var state: State
  /// How often it has opened.
  public private(set) var openings = 0

  /// One that lets calls pass from the beginning.
  public static let closed = CircuitBreaker(state: .closed(failures: 0, pauseMs: 0))

  /// One whose first trial is due now.
  public init(nowNs: UInt64) { self.init(state: .open(trialAtNs: nowNs, pauseMs: 0)) }

  private init(state: State) { self.state = state }

  /// Whether calls pass.
  @inlinable public var isClosed: Bool { if case .closed = state { true } else { false } }

  /// When the next trial is due; nil when none is.
  public var trialAtNs: UInt64? { if case .open(let trialAtNs, _) = state { trialAtNs } else { nil } }

  /// As metrics tell it. 0: closed, 1: half-open, 2: open.
  public var number: Double {
    switch state {
    case .closed: 0
    case .halfOpen: 1
    case .open: 2
    }
  }

  /// A call that passed has worked.
  public mutating func succeed() {
    if case .closed(let failures, let pauseMs) = state, failures > 0 {
      state = .closed(failures: 0, pauseMs: pauseMs)
    }
  }

  /// All has been well for a while: the next wait is the first again.
  public mutating func settle() {
    if case .closed(let failures, _) = state { state = .closed(failures: failures, pauseMs: 0) }
  }

  /// A call that passed has failed. Calls that come back after it has opened say nothing new.
  /// - Parameters:
  ///   - isCertain: whether one such failure is enough.
  ///   - chance: 0 to 1, shortens the wait by up to a half, so that many don't come back together.
  /// - Returns: whether it has opened.
  public mutating func fail(isCertain: Bool, nowNs: UInt64, chance: Double) -> Bool {
    guard case .closed(let failures, let pauseMs) = state else { return false }
    guard isCertain || failures + 1 >= Self.failureLimit else {
      state = .closed(failures: failures + 1, pauseMs: pauseMs)
      return false
    }
    openings += 1
    open(after: pauseMs, nowNs, chance)
    return true
  }

  /// - Returns: whether the trial is due, which this caller makes now.
  public mutating func beginTrial(nowNs: UInt64) -> Bool {
    guard case .open(let trialAtNs, let pauseMs) = state, trialAtNs <= nowNs else { return false }
    state = .halfOpen(pauseMs: pauseMs)
    return true
  }

  /// The trial that was begun has worked or failed; where none was, nothing changes.
  /// - Parameter chance: as with `fail`.
  public mutating func endTrial(succeeded: Bool, nowNs: UInt64, chance: Double) {
    guard case .halfOpen(let pauseMs) = state else { return }
    if succeeded {
      state = .closed(failures: 0, pauseMs: pauseMs)
    } else {
      open(after: pauseMs, nowNs, chance)
    }
  }

  /// The trial that was begun came to no end that says anything: the next one is due at once.
  public mutating func giveUpTrial(nowNs: UInt64) {
    if case .halfOpen(let pauseMs) = state { state = .open(trialAtNs: nowNs, pauseMs: pauseMs) }
  }

  private mutating func open(after formerMs: Int, _ nowNs: UInt64, _ chance: Double) {
    let pauseMs = Self.waits.next(after: formerMs)
    let waitMs = BackOff.shortened(pauseMs, chance: chance)
    state = .open(trialAtNs: nowNs + UInt64(waitMs) * 1_000_000, pauseMs: pauseMs)
  }
}
