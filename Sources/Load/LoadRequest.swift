// One request of a run, for whoever watches what happens in time.

import HeightsRuntime
import Workload

/// A request that has ended, or was shed. The times are those of `nowNs`.
public struct LoadRequest: Sendable, Equatable {
  /// The clock of all times: nanoseconds since the machine started, never going back.
  public static var nowNs: UInt64 { Deadline.now.uptimeNanoseconds }

  /// What the visitor wanted.
  public let action: Action
  /// When its visitor wanted it, be it that it was sent later.
  public let dueNs: UInt64
  /// When its answer was whole, or it was clear that none would come. Of one that was shed, when it was due.
  public let endedNs: UInt64
  /// The kind under which reports count the failure: `timeout`, `HTTP 503`…; nil for a success.
  public let failure: String?

  /// The times are in nanoseconds, on the clock of `nowNs`.
  public init(action: Action, dueNs: UInt64, endedNs: UInt64, failure: String?) {
    self.action = action
    self.dueNs = dueNs
    self.endedNs = endedNs
    self.failure = failure
  }
}
