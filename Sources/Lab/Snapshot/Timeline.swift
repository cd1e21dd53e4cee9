// What happened, for people: the last 200 lines are kept.

import Synchronization

final class Timeline: Sendable {
  static let limit = 200

  private let kept = Mutex<[LabSnapshot.Event]>([])
  private let report: @Sendable (String) -> Void

  init(report: @escaping @Sendable (String) -> Void) { self.report = report }

  var events: [LabSnapshot.Event] { kept.withLock { $0 } }

  func add(_ text: String) {
    kept.withLock { events in
      events.append(.init(atMs: Clock.wallMs, text: text))
      if events.count > Self.limit { events.removeFirst(events.count - Self.limit) }
    }
    report(text)
  }
}
