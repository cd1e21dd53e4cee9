// How those requests did that had no need of what was broken.

/// Requests that do not need what a drill has broken: as they were before it, and while it was broken.
public struct Bystanders: Codable, Equatable, Sendable {
  /// How much longer than before 99 of 100 may take.
  static let longerTimes = 3.0
  /// So long they may take in any case, in milliseconds: in ten seconds at 60 requests a second one short standstill of a busy
  /// machine is the slowest hundredth. What is held up by a service that hangs waits for seconds.
  static let unjudgedMs = 250.0
  /// One that failed took at least so long, in milliseconds: a visitor's patience.
  static let failedMs = 10_000.0

  /// Before the fault.
  public let formerRequests: Int
  /// 99 of 100 of them took no longer, in milliseconds.
  public let formerMs: Double
  /// Those that were due while the fault lasted.
  public let requests: Int
  /// Those of them that failed; they count as long ones.
  public let failed: Int
  /// 99 of 100 of them took no longer, in milliseconds.
  public let ms: Double

  /// What `ms` is to stay within, in milliseconds.
  public var limitMs: Double { max(Self.longerTimes * formerMs, Self.unjudgedMs) }

  /// Whether 99 of 100 took no longer than they may.
  public var areWell: Bool { ms <= limitMs }

  /// - Parameters:
  ///   - entries: of requests that do not need it.
  ///   - faultNs: when it was broken, on the clock of the entries; whatever had not ended by then is not of before.
  ///   - seconds: for how long it stayed so.
  init(_ entries: [RequestLog.Entry], since faultNs: UInt64, seconds: Double) {
    let former = entries.filter { $0.endedNs < faultNs }
    let during = entries.filter {
      $0.dueNs >= faultNs && $0.dueNs < faultNs + UInt64(seconds * 1e9)
    }
    (formerRequests, requests) = (former.count, during.count)
    failed = during.count { $0.failure != nil }
    (formerMs, ms) = (Self.most(of: former), Self.most(of: during))
  }

  /// What 99 of 100 do not exceed; 0 of none.
  private static func most(of entries: [RequestLog.Entry]) -> Double {
    let times = entries.map { entry in
      let ms = Double(entry.tookNs) / 1e6
      return entry.failure == nil ? ms : max(ms, failedMs)
    }.sorted()
    return times.isEmpty ? 0 : times[(times.count * 99 + 99) / 100 - 1]
  }
}
