// What became of each request around a fault.

import Load
import Synchronization
import Workload

/// Collects the requests of a load run, as they end.
final class RequestLog: Sendable {
  struct Entry: Sendable {
    let dueNs: UInt64
    let endedNs: UInt64
    let isWrite: Bool
    let failure: String?
    /// What the visitor wanted; nil where nobody asks.
    var action: Action?
  }

  /// More than any drill makes: some 200 a second for ten minutes.
  static let limit = 1_000_000

  private let state = Mutex<[Entry]>([])

  func add(_ request: LoadRequest) {
    add(
      Entry(
        dueNs: request.dueNs, endedNs: request.endedNs, isWrite: request.action.isWrite,
        failure: request.failure, action: request.action))
  }

  func add(_ entry: Entry) { state.withLock { if $0.count < Self.limit { $0.append(entry) } } }

  var entries: [Entry] { state.withLock { $0 } }
  var count: Int { state.withLock { $0.count } }

  /// Whether a request that became due after that moment has failed in that way.
  func hasFailed(_ failure: String, since ns: UInt64) -> Bool {
    state.withLock { $0.contains { $0.dueNs >= ns && $0.failure == failure } }
  }
}
