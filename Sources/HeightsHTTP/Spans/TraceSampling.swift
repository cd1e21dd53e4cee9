// Which requests' traces are kept.

/// Which traces are kept: a share of all, chosen where a trace begins, and whatever failed or was slow.
///
/// The share is of the trace's own number, so that all who look at the same trace choose alike; a caller's choice, which comes
/// with `traceparent`, goes before it. What failed or was slow is known at the end only: each process keeps its own part then.
package struct TraceSampling: Equatable, Sendable {
  /// From which on a request is slow, in milliseconds.
  package let slowMs: Int
  /// A trace is in the share when the last 56 bits of its number are less.
  private let bound: UInt64

  /// Only these are random in traces that others begin (W3C Trace Context, level 2).
  private static let randomBits: UInt64 = 1 << 56

  /// - Parameter share: 0 for none but what failed or was slow, 1 for all.
  package init(share: Double, slowMs: Int) {
    self.slowMs = slowMs
    bound = UInt64(min(max(share, 0), 1) * Double(Self.randomBits))
  }

  /// Whether a trace that begins here is in the share.
  func takes(traceLow: UInt64) -> Bool { traceLow & (Self.randomBits - 1) < bound }

  /// Why a trace is kept.
  enum Reason: Equatable, Sendable {
    /// It was chosen at its beginning, and nothing else speaks for it.
    case chosen
    case failedOrSlow
  }

  /// - Parameters:
  ///   - isSampled: whether it was chosen at its beginning.
  ///   - status: the answer's.
  /// - Returns: nil when it is not kept.
  func reason(isSampled: Bool, status: Int, microseconds: Int) -> Reason? {
    if status >= 500 || microseconds >= slowMs * 1_000 { return .failedOrSlow }
    return isSampled ? .chosen : nil
  }
}

/// How many traces a loop hands over in a second: what others ask to be kept, and a storm of failures, must cost a loop little.
/// Each reason has its own, so that whoever asks for many does not push out what failed.
struct TraceAllowance {
  static let chosenPerSecond = 20
  static let failedPerSecond = 80

  private let perSecond: Int
  private var second: UInt64 = 0
  private var taken = 0

  init(perSecond: Int) { self.perSecond = perSecond }

  /// - Returns: false when this second's are used up.
  mutating func take(at now: Deadline) -> Bool {
    let current = now.uptimeNanoseconds / 1_000_000_000
    if current != second { (second, taken) = (current, 0) }
    guard taken < perSecond else { return false }
    taken += 1
    return true
  }
}
