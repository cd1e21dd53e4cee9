// heights traces: what requests did, and how long each part of them took.

import Foundation
import Lab

extension Command {
  static let traces = Command(
    name: "traces", summary: "List the requests that were traced, or show one of them as a waterfall.",
    discussion:
      "Each process of an app that imports HeightsKit keeps the traces of a share of all requests, and of those that failed "
      + "(status 500 or more) or were slow (250 ms or more), in a file of a bounded size. The list has what failed first, then what "
      + "was slow. ID is a trace's number, or its first digits, or the id that an error page, a log or X-Request-Id names a "
      + "request by. It works when the lab is down, too. With --json a trace is printed as OTLP/JSON, which other tools read.",
    parameters: ["[ID]"],
    options: [
      Option("limit", "N", "how many are listed at most; 20 unless told"), .app, .json,
    ],
    example: "heights traces"
  ) { arguments, output in
    let archive = TraceArchive(try arguments.appFolder())
    let limit = try arguments.integer("limit", in: 1...1_000) ?? 20
    guard let id = arguments.parameters.first else {
      let traces = try await onThread { archive.recent(limit: limit) }
      if arguments.has("json") { output.json(traces) } else { output.result(TraceText.list(traces, output)) }
      return 0
    }
    let trace = try await onThread { try archive.trace(id) }
    if arguments.has("json") {
      output.json(trace.document)
    } else {
      output.result(TraceText.waterfall(trace, output))
    }
    return 0
  }
}

/// Traces for a terminal.
enum TraceText {
  private static let barWidth = 32
  private static let detailLimit = 90
  private static let nameLimit = 48

  static func list(_ traces: [RecordedTrace.Summary], _ output: Output) -> String {
    if traces.isEmpty {
      return "No request was traced yet: a share of all is, and those that fail or are slow."
    }
    let rows = traces.map { trace in
      [
        trace.id, time(trace.startedAtMs), trace.status.map { String($0) } ?? "-",
        milliseconds(trace.milliseconds),
        String(trace.spans), cut(trace.name, nameLimit), trace.places.joined(separator: " "),
      ]
    }
    let lines = Table.text(["TRACE", "AT", "STATUS", "MS", "SPANS", "REQUEST", "WHERE"], rows)
      .split(separator: "\n").map(String.init)
    return ([lines[0]] + zip(traces, lines.dropFirst()).map { $0.hasFailed ? output.styled($1, .bad) : $1 })
      .joined(separator: "\n")
  }

  static func waterfall(_ trace: RecordedTrace, _ output: Output) -> String {
    let (summary, rows) = (trace.summary, trace.rows)
    let title = output.styled("\(summary.name), \(milliseconds(summary.milliseconds)) ms", .bold)
    let cells = rows.map { row in
      [
        row.place, cut(String(repeating: "  ", count: min(row.depth, 8)) + row.name, nameLimit),
        bar(row, of: summary.milliseconds), milliseconds(row.startMs), milliseconds(row.milliseconds),
        cut(row.detail, detailLimit),
      ]
    }
    let lines = Table.text(["WHERE", "WHAT", "", "AT MS", "TOOK MS", ""], cells)
      .split(separator: "\n").map(String.init)
    let shown = zip(rows, lines.dropFirst()).map { $0.hasFailed ? output.styled($1, .bad) : $1 }
    return (["\(title)\n\(trace.id), \(time(summary.startedAtMs))\n", lines[0]] + shown)
      .joined(separator: "\n")
  }

  /// Where in the whole it lies; never without a mark.
  static func bar(_ row: RecordedTrace.Row, of wholeMs: Double) -> String {
    guard wholeMs > 0 else { return String(repeating: "█", count: barWidth) }
    let scale = Double(barWidth) / wholeMs
    let start = min(Int(row.startMs * scale), barWidth - 1)
    let length = min(max(Int((row.milliseconds * scale).rounded()), 1), barWidth - start)
    return String(repeating: "·", count: start) + String(repeating: "█", count: length)
      + String(repeating: "·", count: barWidth - start - length)
  }

  static func milliseconds(_ ms: Double) -> String { String(format: ms < 100 ? "%.2f" : "%.0f", ms) }

  private static func cut(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(limit - 1) + "…"
  }

  private static func time(_ ms: Int64) -> String {
    Date(timeIntervalSince1970: Double(ms) / 1_000).formatted(
      .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
  }
}
