// One request and its answer, from the first header to the last byte sent.

import CMicrohttpd

/// What the engine remembers of a request between libmicrohttpd's callbacks.
final class Exchange {
  enum State {
    /// The body is arriving.
    case receiving(BodyReceiver?)
    /// Nothing more is wanted from the client: the answer is known before the body has been read.
    case refused
    /// The handler runs; `suspended` once it has given the thread back without an answer.
    case handling(suspended: Bool)
    case answered
  }

  let connection: Connection
  let method: Method?
  let path: String
  let begun = Deadline.now
  let framing: heights_mhd_framing
  let match: Router.Match
  var state = State.receiving(nil)
  var request: Request?
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

  init(connection: Connection, method: Method?, path: String, match: Router.Match) {
    self.connection = connection
    framing = heights_mhd_framing(connection.handle)
    self.method = method
    self.path = path
    self.match = match
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

  var parameters: [Router.Parameter] {
    if case .route(_, let parameters) = match { return parameters }
    return []
  }
}
