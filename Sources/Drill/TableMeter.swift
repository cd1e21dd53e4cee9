// How a table does, as those see it that ask it.

import Contract
import Lab
import Synchronization

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
