// Spans in the words of OTLP.

import Contract

extension TracesData {
  /// The traces of a process that `resource` tells of.
  init(_ traces: [RequestTrace], of resource: [Attribute]) {
    self.init(resourceSpans: [
      ResourceSpans(
        resource: Resource(attributes: resource),
        scopeSpans: [ScopeSpans(scope: Scope(name: "heights"), spans: traces.flatMap(Self.spans))])
    ])
  }

  /// As it leaves the machine: without the paths of requests whose route tells enough. A path may have a secret in it, or the
  /// name of a person.
  var withoutKnownPaths: TracesData {
    var data = self
    for process in data.resourceSpans.indices {
      for scope in data.resourceSpans[process].scopeSpans.indices {
        let spans = data.resourceSpans[process].scopeSpans[scope].spans
        data.resourceSpans[process].scopeSpans[scope].spans = spans.map(Self.withoutKnownPath)
      }
    }
    return data
  }

  private static func withoutKnownPath(_ span: Span) -> Span {
    guard span.attributes["http.route"] != nil else { return span }
    var bare = span
    bare.attributes.removeAll { $0.key == "url.path" }
    return bare
  }

  private static func spans(_ trace: RequestTrace) -> [Span] {
    let traceID = trace.trace.traceID
    var request = span(trace.request, traceID, trace.sinceEpochNs)
    if trace.droppedSpans > 0 {
      request.attributes.append(Attribute("heights.dropped_spans", .number(trace.droppedSpans)))
    }
    return [request] + trace.spans.map { span($0, traceID, trace.sinceEpochNs) }
  }

  private static func span(_ span: TraceSpan, _ traceID: String, _ sinceEpochNs: Int64) -> Span {
    var attributes = span.subject.attributes.map { Attribute($0.name, $0.value.ofTrace) }
    if let failure = span.failure { attributes.append(Attribute("error.type", .text(failure))) }
    return Span(
      traceId: traceID, spanId: hex(span.id), parentSpanId: span.parent == 0 ? nil : hex(span.parent),
      name: span.subject.name, kind: span.subject.kind.rawValue,
      startTimeUnixNano: Int64(span.begun.uptimeNanoseconds) + sinceEpochNs,
      endTimeUnixNano: Int64(span.ended.uptimeNanoseconds) + sinceEpochNs, attributes: attributes,
      status: span.failure == nil ? nil : .failed)
  }
}

extension SpanAttribute.Value {
  fileprivate var ofTrace: TracesData.Value {
    switch self {
    case .text(let text): .text(text)
    case .number(let number): .number(number)
    }
  }
}
