// One request and its answer, from the first header to the last byte sent.

import CMicrohttpd

/// A request, and what the engine remembers of it besides between libmicrohttpd's callbacks.
///
/// `@unchecked Sendable` is sound as it is for requests: an exchange stays on its connection's loop.
final class Exchange: Request, @unchecked Sendable {
  enum State {
    /// The body is arriving.
    case receiving(BodyReceiver?)
    /// Nothing more is wanted from the client: the answer is known before the body has been read.
    case refused
    /// The handler runs; `suspended` once it has given the thread back without an answer.
    case handling(suspended: Bool)
    case answered
  }

  let begun: Deadline
  let match: Router.Match
  /// Whether the method is one that no route can name.
  let isOfOtherMethod: Bool
  var state = State.receiving(nil)
  /// Runs the handler, while the connection is suspended.
  var task: HandlerTask?
  /// Whether the task has been asked to end.
  var wasCancelled = false
  /// That of the answer. Until there is one: that the client went before it (as nginx counts it).
  var status = Status(499)
  var sentBytes = 0
  var stream: EventStream?
  /// Tells when the client of a stream leaves.
  var departure: Watch?
  /// Whether this request holds one of the places of requests in flight.
  var holdsPlace = false

  /// - Parameter method: nil if no route can name it.
  init(
    connection: Connection, method: Method?, path: String, match: Router.Match, trace: TraceContext,
    id: String?,
    timeoutMs: Int
  ) {
    begun = .now
    self.match = match
    isOfOtherMethod = method == nil
    super.init(
      method: method ?? .get, path: path, trace: trace, id: id ?? trace.shortID,
      deadline: begun.plus(ms: timeoutMs), connection: connection, parameters: match.parameters)
  }

  /// Ends the stream, if the answer is one.
  func endStream() {
    departure?.cancel()
    departure = nil
    stream?.end()
  }

  var route: Int? {
    if case .route(let index, _) = match { return index }
    return nil
  }
}
