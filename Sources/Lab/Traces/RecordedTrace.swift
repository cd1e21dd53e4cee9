// A trace as it lies in the files of all hosts, put together again.

import Contract

/// A span, and whose it is.
public struct RecordedSpan: Equatable, Sendable {
  /// What the span's process is told with.
  public let resource: TracesData.Resource
  /// As the process wrote it.
  public let span: TracesData.Span
  let startNs: Int64
  let endNs: Int64

  /// Nil for one without times that can be read. They are never negative, so that no difference of two is too large.
  init?(_ span: TracesData.Span, of resource: TracesData.Resource) {
    guard let start = Int64(span.startTimeUnixNano), let end = Int64(span.endTimeUnixNano), start >= 0,
      end >= start
    else { return nil }
    (self.span, self.resource, startNs, endNs) = (span, resource, start, end)
  }

  /// The process, such as `server-a`; its service where it has no name.
  var place: String { resource.attributes["service.instance.id"] ?? service }
  var service: String { resource.attributes["service.name"] ?? "?" }
  var isServer: Bool { span.kind == 2 }
  var hasFailed: Bool { span.status?.code == 2 }

  /// What tells one statement from the next, for people.
  var detail: String {
    let facts = span.attributes
    let what = facts["db.query.text"] ?? facts["url.path"] ?? ""
    let status = isServer ? facts["http.response.status_code"] : nil
    return [status, facts["error.type"].flatMap { $0 == status ? nil : $0 }, what.oneLine].compactMap { $0 }
      .filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// What is known of a trace: the parts that its processes have kept.
public struct RecordedTrace: Equatable, Sendable {
  /// 32 hexadecimal digits.
  public let id: String
  /// At least one.
  let spans: [RecordedSpan]

  /// - Parameter spans: all of one trace, at least one.
  init(id: String, _ spans: [RecordedSpan]) { (self.id, self.spans) = (id, spans) }

  private var startNs: Int64 { spans.map(\.startNs).min() ?? 0 }
  private var endNs: Int64 { spans.map(\.endNs).max() ?? 0 }

  /// Where it begins, as far as is known: what has no parent goes before what has lost it, then the earlier.
  private var first: RecordedSpan? {
    spans.min {
      ($0.span.parentSpanId == nil ? 0 : 1, $0.startNs) < ($1.span.parentSpanId == nil ? 0 : 1, $1.startNs)
    }
  }

  /// One line.
  public var summary: Summary {
    let first = first
    return Summary(
      id: id, name: first?.span.name ?? "?", path: first?.span.attributes["url.path"],
      status: first?.span.attributes["http.response.status_code"].flatMap { Int($0) },
      startedAtMs: startNs / 1_000_000, milliseconds: Self.ms(endNs &- startNs), spans: spans.count,
      places: Array(Set(spans.map(\.place))).sorted(),
      hasFailed: spans.contains { $0.isServer && $0.hasFailed })
  }

  /// A trace in a line.
  public struct Summary: Encodable, Equatable, Sendable {
    /// 32 hexadecimal digits.
    public let id: String
    /// Of the span where it begins: `GET /posts/{id}`.
    public let name: String
    /// As it was asked for; nil where it did not begin with a request.
    public let path: String?
    /// The answer's; nil where it did not begin with a request.
    public let status: Int?
    /// Milliseconds since 1970.
    public let startedAtMs: Int64
    /// From its beginning to the end of its last span.
    public let milliseconds: Double
    /// Those that were kept.
    public let spans: Int
    /// The processes that had a part in it.
    public let places: [String]
    /// Whether any of them answered with a status of 500 or more.
    public let hasFailed: Bool

    /// What failed comes first, then what was slow, and the latest of each first.
    public static func isBefore(_ left: Summary, _ right: Summary) -> Bool {
      (left.rank, -left.startedAtMs, left.id) < (right.rank, -right.startedAtMs, right.id)
    }

    private var rank: Int { hasFailed ? 0 : milliseconds >= Double(TracesData.usualSlowMs) ? 1 : 2 }
  }

  /// As a document, each process's spans together.
  public var document: TracesData {
    var byProcess: [(resource: TracesData.Resource, spans: [TracesData.Span])] = []
    for span in spans {
      if let index = byProcess.firstIndex(where: { $0.resource == span.resource }) {
        byProcess[index].spans.append(span.span)
      } else {
        byProcess.append((span.resource, [span.span]))
      }
    }
    return TracesData(
      resourceSpans: byProcess.map { resource, spans in
        TracesData.ResourceSpans(
          resource: resource,
          scopeSpans: [TracesData.ScopeSpans(scope: TracesData.Scope(name: "heights"), spans: spans)])
      })
  }

  // MARK: The waterfall

  /// A span in a waterfall.
  public struct Row: Encodable, Equatable, Sendable {
    /// How many spans it is a part of.
    public let depth: Int
    /// Such as `SELECT posts`.
    public let name: String
    /// The process, such as `server-a`.
    public let place: String
    /// What tells it from others of its name: a statement, a path, what went wrong.
    public let detail: String
    /// From the beginning of the trace to its own.
    public let startMs: Double
    /// From its beginning to its end.
    public let milliseconds: Double
    /// Whether it went wrong.
    public let hasFailed: Bool
  }

  /// Each span under the one that it is a part of, in the order in which they began. What has lost that stands at the left.
  public var rows: [Row] {
    let known = Set(spans.map(\.span.spanId))
    let sorted = spans.sorted { ($0.startNs, $1.endNs) < ($1.startNs, $0.endNs) }
    var children: [String: [RecordedSpan]] = [:]
    var roots: [RecordedSpan] = []
    for span in sorted {
      if let parent = span.span.parentSpanId, known.contains(parent), parent != span.span.spanId {
        children[parent, default: []].append(span)
      } else {
        roots.append(span)
      }
    }
    var (rows, waiting): ([Row], [(span: RecordedSpan, depth: Int)]) = ([], roots.reversed().map { ($0, 0) })
    while let (span, depth) = waiting.popLast() {
      rows.append(row(span, depth))
      // Taken out: whoever writes nonsense is shown once.
      for child in (children.removeValue(forKey: span.span.spanId) ?? []).reversed() {
        waiting.append((child, depth + 1))
      }
    }
    return rows
  }

  private func row(_ span: RecordedSpan, _ depth: Int) -> Row {
    Row(
      depth: depth, name: span.span.name, place: span.place, detail: span.detail,
      startMs: Self.ms(span.startNs &- startNs), milliseconds: Self.ms(span.endNs &- span.startNs),
      hasFailed: span.hasFailed)
  }

  /// To a hundredth of a millisecond.
  private static func ms(_ nanoseconds: Int64) -> Double { Double(nanoseconds / 10_000) / 100 }
}

extension String {
  /// With one blank where there were several, or a new line.
  fileprivate var oneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
