// The table of sessions takes only a few requests a second, as one whose capacity is used up.

import Contract
import Lab
import Synchronization
import Topology

struct SessionsThrottled: Fault {
  static let stages = SessionsAway.stages
  static let summary = "the table of sessions takes three requests a second, and throttles all others"
  static let reason = SessionsAway.reason
  static let holdSeconds = 10

  let target: String
  private let meter: TableMeter

  init(_ scene: FaultScene) throws {
    target = try scene.sessionsTable().place
    meter = TableMeter(scene)
  }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    try lab.send(.limitTable(TableLimits(perSecond: 3)))
    meter.begin()
    return nil
  }

  func end(_ lab: ControlClient) throws { try lab.send(.limitTable(.none)) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    let seen = meter.sinceBegin
    return seen.throttled > 0 ? "the table has throttled \(Int(seen.throttled)) requests" : nil
  }
}

/// What the app's processes have counted of their requests to the table.
final class TableMeter: Sendable {
  struct Counts: Sendable {
    var requests = 0.0
    var throttled = 0.0
    var seconds = 0.0
  }

  private let folder: AppFolder
  private let processes: [String]
  private let first = Mutex(Counts())

  init(_ scene: FaultScene) {
    folder = scene.folder
    processes = scene.running.filter(\.isApp).map(\.name)
  }

  func begin() {
    let now = counts
    first.withLock { $0 = now }
  }

  var sinceBegin: Counts {
    let (now, first) = (counts, first.withLock { $0 })
    return Counts(
      requests: now.requests - first.requests, throttled: now.throttled - first.throttled,
      seconds: now.seconds - first.seconds)
  }

  /// One that does not answer has nothing to tell.
  private var counts: Counts {
    processes.reduce(into: Counts()) { sum, process in
      let client = AdminClient(folder.adminSocket(ofProcess: process))
      guard let answer = try? client.get(AdminPath.metrics), answer.status == 200 else { return }
      for sample in PrometheusSample.parse(answer.text) {
        switch sample.name {
        case "table_requests_total": sum.requests += sample.value
        case "table_throttled_total": sum.throttled += sample.value
        case "table_seconds_total": sum.seconds += sample.value
        default: break
        }
      }
    }
  }
}
