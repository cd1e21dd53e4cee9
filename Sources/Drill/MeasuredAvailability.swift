// What share of requests succeeded in a drill, and what that makes of a month.

import Policies

/// What was measured from the fault until the load ended, and what follows from it for a month by arithmetic alone.
public struct MeasuredAvailability: Codable, Equatable, Sendable {
  /// The share of requests that is to succeed at the stage, 0 to 1.
  public let target: Double
  /// Since the fault.
  public let requests: Int
  /// Those of them that failed.
  public let failed: Int
  /// From the fault until the last of them was due.
  public let seconds: Double

  /// The share that succeeded, 0 to 1; 1 of none.
  public let share: Double
  /// Computed: for how many seconds all requests would have to fail for as many failures.
  public let lostSeconds: Double
  /// Computed: so many seconds may all requests of 30 days fail.
  public let monthSeconds: Double
  /// Computed: how often a month has room for such a fault; nil where nothing failed.
  public let timesAMonth: Double?

  init(_ entries: [RequestLog.Entry], since faultNs: UInt64, target: Double) {
    let touched = entries.filter { $0.endedNs >= faultNs }
    let lastNs = touched.map(\.dueNs).max() ?? faultNs
    self.target = target
    requests = touched.count
    failed = touched.count { $0.failure != nil }
    seconds = Double(lastNs > faultNs ? lastNs - faultNs : 0) / 1e9
    share = requests > 0 ? Double(requests - failed) / Double(requests) : 1
    lostSeconds = (1 - share) * seconds
    monthSeconds = Double(ErrorBudget.days) * 86_400 * (1 - target)
    timesAMonth = lostSeconds > 0 ? monthSeconds / lostSeconds : nil
  }
}
