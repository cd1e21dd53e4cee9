// One request and its answer, from the first header to the last byte sent.

import CMicrohttpd

/// A request, its life, and what the engine remembers of it besides between libmicrohttpd's callbacks.
///
/// `@unchecked Sendable` is sound as it is for requests; what it has besides, only the engine of its loop touches.
final class HTTPExchange: Request, @unchecked Sendable {
  /// When the loop had last looked at the clock: to look once a request, at its end, is enough.
  let begun: Deadline
  /// The route that answers, if there is one.
  let route: Int?
  /// The methods that the address has, if it has not this one.
  let otherMethods: [Method]?
  /// Whether the method is one that no route can name.
  let isOfOtherMethod: Bool
  /// When all of it was there; nil where nobody wants to know, and once its trace has ended.
  var received: Deadline?
  var life = ExchangeLife()
  /// Takes in the body, if there is one.
  var receiver: BodyReceiver?
  /// Runs the handler, while the connection is suspended.
  var task: HandlerTask?
  /// That of the answer. Until there is one: that the client went before it (as nginx counts it).
  var status = Status(499)
  var sentBytes = 0
  var stream: EventStream?
  /// Tells when the client of a stream leaves.
  var departure: Watch?

  /// - Parameters:
  ///   - method: nil if no route can name it.
  ///   - clientID: the client's own id for the request.
  init(
    connection: Connection, method: Method?, path: String, match: RouteTable.Match, trace: TraceContext,
    clientID: String?, begun: Deadline, timeoutMs: Int
  ) {
    self.begun = begun
    isOfOtherMethod = method == nil
    let parameters: [Router.Parameter]
    switch match {
    case .route(let index, let found): (route, otherMethods, parameters) = (index, nil, found)
    case .otherMethods(let methods): (route, otherMethods, parameters) = (nil, methods, [])
    case .none: (route, otherMethods, parameters) = (nil, nil, [])
    }
    super.init(
      method: method ?? .get, path: path, trace: trace, clientID: clientID,
      deadline: begun.plus(ms: timeoutMs), connection: connection, parameters: parameters)
  }

  /// Ends the stream, if the answer is one.
  func endStream() {
    departure?.cancel()
    departure = nil
    stream?.end()
  }
}
