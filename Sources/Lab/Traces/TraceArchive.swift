// The files of traces: each process of the app writes its own, and they are read together.

import Contract
import Foundation

/// The traces that the app's processes have kept. They are there when the lab is down, too.
public struct TraceArchive: Sendable {
  /// How much of the end of each process's files is looked at for what is recent.
  static let recentBytes = 1 << 20
  /// How much of a file is read at all; HeightsKit keeps its own smaller.
  private static let limitBytes = 8 << 20

  private let folder: AppFolder

  /// Those of an app's folder.
  public init(_ folder: AppFolder) { self.folder = folder }

  /// What failed first, then what was slow, and the latest of each first.
  /// - Parameter limit: how many at most.
  public func recent(limit: Int) -> [RecordedTrace.Summary] {
    let traces = Self.traces(in: processes.flatMap { lines(of: $0, tail: Self.recentBytes) })
    return Array(traces.map(\.summary).sorted(by: RecordedTrace.Summary.isBefore).prefix(limit))
  }

  /// - Parameter id: the number of a trace, or its first digits; or the id by which a page or a log names a request.
  /// - Throws: `LabError` when there is none of that name, or several.
  public func trace(_ id: String) throws(LabError) -> RecordedTrace {
    guard (4...64).contains(id.utf8.count),
      id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    else { throw .noTraceID(id) }
    let needle = Data(id.utf8)
    let all = processes.flatMap { lines(of: $0, tail: Self.limitBytes) }
    let found = Self.traces(in: all.filter { $0.range(of: needle) != nil }).filter { $0.isNamed(id) }
    guard let first = found.first else { throw .noTrace(id) }
    if found.count > 1 { throw .severalTraces(id, found.map(\.id)) }
    // Of those that name a request by its id only one process's line does so.
    return id == first.id ? first : try trace(first.id)
  }

  /// The files of processes.
  private var processes: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.traces)) ?? []
    return names.filter { $0.hasSuffix(AppFolder.tracesSuffix) }.sorted().map { "\(folder.traces)/\($0)" }
  }

  /// The last lines of a file and the one before it.
  private func lines(of path: String, tail bytes: Int) -> [Data] {
    let latest = Self.end(of: path, bytes)
    let earlier = latest.count < bytes ? Self.end(of: path + ".1", bytes - latest.count) : Data()
    return [earlier, latest].flatMap { $0.split(separator: UInt8(ascii: "\n")) }
  }

  /// Its first line may lack its beginning, and the last one its end: they are no JSON then, and nobody's.
  private static func end(of path: String, _ bytes: Int) -> Data {
    guard let file = FileHandle(forReadingAtPath: path) else { return Data() }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size > UInt64(bytes) ? size - UInt64(bytes) : 0)
    return (try? file.read(upToCount: bytes)) ?? Data()
  }

  static func traces(in lines: [Data]) -> [RecordedTrace] {
    var spans: [String: [RecordedSpan]] = [:]
    let decoder = JSONDecoder()
    for line in lines {
      guard let data = try? decoder.decode(TracesData.self, from: line) else { continue }
      for process in data.resourceSpans {
        for span in process.scopeSpans.flatMap(\.spans) {
          guard let recorded = RecordedSpan(span, of: process.resource) else { continue }
          spans[span.traceId, default: []].append(recorded)
        }
      }
    }
    return spans.map { RecordedTrace(id: $0.key, $0.value) }
  }
}

extension RecordedTrace {
  fileprivate func isNamed(_ text: String) -> Bool {
    id.hasPrefix(text) || spans.contains { $0.span.attributes["heights.request"] == text }
  }
}

extension AppFolder {
  /// The folder of what the app's processes have kept of requests.
  var traces: String { home + "/traces" }
  static let tracesSuffix = ".jsonl"
  /// The file of a process.
  func traces(of process: String) -> String { "\(traces)/\(process)\(Self.tracesSuffix)" }
}

extension LabError {
  static func noTraceID(_ text: String) -> LabError {
    LabError(
      "usage",
      "'\(text)' is no trace: expected its number or at least 4 of its first digits, or the id of a request; "
        + "`heights traces` lists those there are", isMisuse: true)
  }

  static func noTrace(_ id: String) -> LabError {
    LabError(
      "no_trace",
      "no trace \(id) was kept; a share of all requests is, and those that failed or were slow, while there is room: "
        + "`heights traces` lists the recent ones")
  }

  static func severalTraces(_ id: String, _ all: [String]) -> LabError {
    LabError(
      "several_traces", "\(id) may be \(all.sorted().prefix(5).joined(separator: " or ")): give more digits")
  }
}
