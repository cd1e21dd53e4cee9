// Takes traces and keeps them for the test.

import Synchronization

@testable import HeightsHTTP

final class KeptTraces: TraceSink {
  private let state = Mutex<(traces: [RequestTrace], dropped: Int)>(([], 0))

  func take(_ trace: RequestTrace) { state.withLock { $0.traces.append(trace) } }
  func drop(_ count: Int) { state.withLock { $0.dropped += count } }

  var all: [RequestTrace] { state.withLock { $0.traces } }
  var dropped: Int { state.withLock { $0.dropped } }
}

/// What a span would be told with.
struct Facts: SpanSubject {
  var kind = SpanKind.client
  var name = "work"
  var attributes: [SpanAttribute] = []
}

extension TraceSpan {
  subscript(_ name: String) -> SpanAttribute.Value? { subject.attributes.first { $0.name == name }?.value }
}
