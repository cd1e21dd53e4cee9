// What a fault did to requests: arithmetic on what was observed.

/// What people noticed of a fault, of reads or of writes.
public struct Impact: Codable, Equatable, Sendable {
  /// A success that took longer counts as disturbed too, in milliseconds.
  static let slowMs = 1_000

  /// Since the fault.
  public let requests: Int
  /// Answered otherwise than a visitor expects, not in time, or shed.
  public let failed: Int
  /// From the fault until the last disturbed request had ended: from then on all is as before. 0 when none was.
  public let backSeconds: Double
  /// From the fault until the last request that failed had ended; 0 when none did.
  public let lastFailureSeconds: Double
  /// From the fault until the last request that failed was due; 0 when none did, or all of them before it.
  public let lastFailureDueSeconds: Double
  /// The longest that a request took, from the moment it was due.
  public let longestMs: Double

  /// - Parameters:
  ///   - entries: requests of one kind; those that ended before the fault are left out.
  ///   - faultNs: when the fault was asked for, on the clock of the entries.
  init(_ entries: [RequestLog.Entry], since faultNs: UInt64) {
    let touched = entries.filter { $0.endedNs >= faultNs }
    func seconds(_ entries: [RequestLog.Entry]) -> Double {
      entries.map(\.endedNs).max().map { Double($0 - faultNs) / 1e9 } ?? 0
    }
    let failures = touched.filter { $0.failure != nil }
    requests = touched.count
    failed = failures.count
    lastFailureSeconds = seconds(failures)
    let due = failures.map(\.dueNs).max() ?? 0
    lastFailureDueSeconds = due > faultNs ? Double(due - faultNs) / 1e9 : 0
    backSeconds = seconds(
      touched.filter { $0.failure != nil || $0.tookNs >= UInt64(Self.slowMs) * 1_000_000 })
    longestMs = Double(touched.map(\.tookNs).max() ?? 0) / 1e6
  }
}

extension RequestLog.Entry {
  /// From when it was due.
  var tookNs: UInt64 { endedNs > dueNs ? endedNs - dueNs : 0 }
}
