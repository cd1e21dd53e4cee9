// What a server's loop does about traces: begins them with requests, and hands over those that are kept.

import Glibc

/// Takes traces that are kept, from any loop. It must not wait.
package protocol TraceSink: Sendable {
  /// One that is to be kept.
  func take(_ trace: RequestTrace)
  /// Traces that would have been kept, had there not been too many.
  func drop(_ count: Int)
}

/// What is known of a request: its own span, and those of what was done for it.
package struct RequestTrace: Sendable {
  /// Its number.
  package let trace: TraceContext
  /// The request's own span.
  package let request: TraceSpan
  /// Those of what was done for it, in the order in which they ended.
  package let spans: [TraceSpan]
  /// How many spans there were besides.
  package let droppedSpans: Int
  /// What to add to the machine's clock for nanoseconds since 1970.
  package let sinceEpochNs: Int64
}

/// How the requests of a server are traced.
package struct RequestTracing: Sendable {
  let sampling: TraceSampling
  let sink: any TraceSink

  /// - Parameter sink: takes those that `sampling` keeps.
  package init(_ sampling: TraceSampling, to sink: any TraceSink) {
    (self.sampling, self.sink) = (sampling, sink)
  }
}

/// Traces a loop's requests. Loop thread only.
final class RequestTracer {
  let sampling: TraceSampling
  private let sink: any TraceSink
  private let routes: [Router.Route]
  private var chosen = TraceAllowance(perSecond: TraceAllowance.chosenPerSecond)
  private var failed = TraceAllowance(perSecond: TraceAllowance.failedPerSecond)

  init(_ tracing: RequestTracing, _ routes: [Router.Route]) {
    (sampling, sink, self.routes) = (tracing.sampling, tracing.sink, routes)
  }

  /// Whether spans are gathered for the requests of a route; nil stands for no route.
  func wants(_ route: Int?) -> Bool { route.map { !routes[$0].isHealthCheck } ?? true }

  /// The answer is on its way, or there will be none. A request is looked at once.
  func end(_ exchange: HTTPExchange) {
    guard let spans = exchange.spans, let begun = exchange.received else { return }
    exchange.received = nil
    let (now, trace) = (Deadline.now, exchange.trace)
    let status = exchange.status.code
    guard
      let reason = sampling.reason(
        isSampled: trace.sampled, status: status, microseconds: begun.microseconds(until: now))
    else { return }
    let isAllowed =
      switch reason {
      case .chosen: chosen.take(at: now)
      case .failedOrSlow: failed.take(at: now)
      }
    guard isAllowed else { return sink.drop(1) }
    let (parts, dropped) = spans.close()
    let request = TraceSpan(
      id: trace.span, parent: trace.parentSpan, begun: begun, ended: now,
      subject: AnsweredRequest(
        method: exchange.isOfOtherMethod ? nil : exchange.method.name.description, path: exchange.path,
        route: exchange.route.map { routes[$0].pattern }, status: status, id: exchange.id),
      failure: status >= 500 ? String(status) : nil)
    sink.take(
      RequestTrace(
        trace: trace, request: request, spans: parts, droppedSpans: dropped,
        sinceEpochNs: Self.wallClockNs() - Int64(now.uptimeNanoseconds)))
  }

  private static func wallClockNs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A request of somebody else's, and its answer.
private struct AnsweredRequest: SpanSubject {
  private static let pathBytes = 256

  /// Nil for one that no route can have.
  let method: String?
  let path: String
  let route: String?
  let status: Int
  let id: String

  var kind: SpanKind { .server }

  var name: String { [method ?? "HTTP", route].compactMap { $0 }.joined(separator: " ") }

  var attributes: [SpanAttribute] {
    [
      SpanAttribute("http.request.method", method ?? "_OTHER"),
      SpanAttribute("url.path", path, limitBytes: Self.pathBytes),
      SpanAttribute("url.scheme", "http"), SpanAttribute("http.response.status_code", status),
      SpanAttribute("heights.request", id),
    ] + (route.map { [SpanAttribute("http.route", $0)] } ?? [])
  }
}
