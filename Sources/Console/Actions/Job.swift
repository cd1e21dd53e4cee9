// What somebody has asked for on the page, from its start to its end.

import HeightsRuntime

/// A climb, a drill, a run of load, or an operation of the lab.
struct Job: JSONWritable, Sendable {
  /// Of each lane one job runs at a time. Load may run beside a climb, and the power of a zone be cut beside both.
  enum Lane: String, CaseIterable, Sendable {
    case change, load, operation
  }

  private static let lineLimit = 12

  let id: Int
  let lane: Lane
  let title: String
  let startedAtMs: Int
  private(set) var endedAtMs: Int?
  /// Known when it has ended.
  private(set) var hasSucceeded: Bool?
  /// The last things that it said.
  private(set) var lines: [String] = []
  /// The document that it ended with: JSON.
  private(set) var report: [UInt8]?

  init(id: Int, lane: Lane, title: String, startedAtMs: Int) {
    (self.id, self.lane, self.title, self.startedAtMs) = (id, lane, title, startedAtMs)
  }

  var isRunning: Bool { endedAtMs == nil }

  mutating func add(_ output: ToolOutput.Part) {
    switch output {
    case .report(let json): report = json
    case .line(let text):
      lines.append(text)
      if lines.count > Self.lineLimit { lines.removeFirst() }
    }
  }

  mutating func end(hasSucceeded: Bool, atMs: Int) {
    self.hasSucceeded = hasSucceeded
    endedAtMs = atMs
  }

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", id)
      $0.member("lane", lane.rawValue)
      $0.member("title", title)
      $0.member("startedAtMs", startedAtMs)
      $0.member("endedAtMs", endedAtMs)
      $0.member("hasSucceeded", hasSucceeded)
      $0.member("lines", array: lines)
      $0.member("report", json: report ?? Array("null".utf8))
    }
  }
}
