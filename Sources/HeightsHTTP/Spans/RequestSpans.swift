// The spans of one request, gathered while it is answered: whether they are kept is decided at its end.

import Synchronization

/// The spans of what was done for a request. At most `limit`; those that come later are counted.
package final class RequestSpans: Sendable {
  /// How many a request may have beside its own.
  package static let limit = 128

  private struct State {
    var spans: [TraceSpan] = []
    var dropped = 0
    var isClosed = false
  }

  // A transaction of SQLite runs on another thread.
  private let state = Mutex(State())

  /// Has none yet.
  package init() {}

  func add(_ span: TraceSpan) {
    state.withLock { state in
      if state.isClosed { return }
      if state.spans.count < Self.limit { state.spans.append(span) } else { state.dropped += 1 }
    }
  }

  /// Takes out what there is. What ends later, in tasks that the handler has left, is nobody's.
  package func close() -> (spans: [TraceSpan], dropped: Int) {
    state.withLock { state in
      defer { state = State(isClosed: true) }
      return (state.spans, state.dropped)
    }
  }
}

/// A span that goes on. One that is never ended is not told of.
package struct OpenSpan: Sendable {
  /// Names it in what others are asked within it.
  package let trace: TraceContext
  private let spans: RequestSpans
  private let begun: Deadline

  init(_ spans: RequestSpans, _ trace: TraceContext) {
    (self.spans, self.trace, begun) = (spans, trace, .now)
  }

  /// A part of it.
  package func child() -> OpenSpan { OpenSpan(spans, trace.child()) }

  /// - Parameter failure: the class of what went wrong, see `TraceSpan.failure`.
  package func end(_ subject: some SpanSubject, failure: String? = nil) {
    spans.add(
      TraceSpan(
        id: trace.span, parent: trace.parentSpan, begun: begun, ended: .now, subject: subject,
        failure: failure))
  }
}

extension RequestContext {
  /// Begins a span of what is done for the request now; nil where nobody wants to know.
  package func beginSpan() -> OpenSpan? {
    guard let spans, !hasEnded else { return nil }
    return OpenSpan(spans, trace.child())
  }
}

extension CurrentRequest {
  /// Begins a span in the request that the calling task works for; nil outside of requests, and where nobody wants to know.
  package static func beginSpan() -> OpenSpan? { context?.beginSpan() }
}
