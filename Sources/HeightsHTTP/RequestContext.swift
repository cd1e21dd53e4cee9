// What the work for a request goes by, whoever does it: databases, Redis and stores of objects look here.

/// The request that a task works for. Tasks that it waits for work for the same one.
package protocol RequestContext: AnyObject, Sendable {
  /// When the answer is due.
  var deadline: Deadline { get }
  /// Names it in what is asked of others.
  var trace: TraceContext { get }
  /// What its session has seen of each cluster; nil where nobody has to remember that.
  var seen: SeenPositions? { get }
  /// Whether it is a repetition already: what is asked for it is not repeated.
  var isRepeated: Bool { get }
  /// Where what is done for it is noted; nil where nobody wants to know.
  var spans: RequestSpans? { get }
  /// Whether its handler has come to an end: what the handler has left running is nobody's request any more.
  var hasEnded: Bool { get }
}

/// The request that the calling task works for.
package enum CurrentRequest {
  /// That of the calling task; nil outside of requests. What is begun with `EventLoop.spawn` is outside.
  @TaskLocal package static var context: (any RequestContext)?

  /// Until when the caller's work is of use to anybody; nil when that is not known.
  package static var deadline: Deadline? { context?.due }
}

extension RequestContext {
  /// When the answer is due; nil once the handler has ended.
  package var due: Deadline? { hasEnded ? nil : deadline }
}
