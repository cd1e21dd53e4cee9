// How a request is answered: what becomes of its handler's end or error, and the sending.

import CMicrohttpd

extension HTTPEngine {
  /// Answers with a problem that came up before the handler.
  func show(_ problem: Problem, _ exchange: HTTPExchange) {
    answer(exchange, response(to: problem, exchange))
  }

  /// A problem that came up before the handler, as the app wants its problems shown.
  func response(to problem: Problem, _ exchange: HTTPExchange) -> Response {
    routes.response(to: problem, exchange)
  }

  /// What becomes of a handler's error.
  func response(to error: any Error, _ exchange: HTTPExchange) -> Response {
    response(to: problem(of: error, exchange), exchange)
  }

  /// What a client is told of an error of the app's; the log is told all.
  func problem(of error: any Error, _ exchange: HTTPExchange) -> Problem {
    let problem: Problem
    switch error {
    case let known as Problem: problem = known
    case let known as any ProblemConvertible: problem = known.problem
    case is CancellationError where exchange.deadline.hasPassed: problem = .tookTooLong
    default: problem = .unexpected
    }
    log(error, problem, exchange.id)
    return problem
  }

  /// The answer does not say why: the log does. Refusals are the app's own words, and there may be many.
  private func log(_ error: any Error, _ problem: Problem, _ id: String) {
    if problem.status.code == 500 {
      Log.error("request failed", ["request": id, "error": "\(error)"])
    } else if problem.status.code > 500, problem != .overloaded, !(error is Problem) {
      Log.warning("request failed for now", [("request", id), ("error", "\(error)")])
    }
  }

  // MARK: Sending

  /// Answers, unless it has been answered, or its client has gone.
  func answer(_ exchange: HTTPExchange, _ response: Response) {
    let sending = exchange.life.answer()
    defer { tracer?.end(exchange) }
    if sending == .drop { return }
    exchange.connection.life.beginAnswer()
    send(response, exchange)
    guard sending == .sendAndResume else { return }
    exchange.task = nil
    resume(exchange)
  }

  /// Has libmicrohttpd leave the exchange's connection alone, until it is resumed.
  func suspend(_ exchange: HTTPExchange) {
    suspended[ObjectIdentifier(exchange)] = exchange
    MHD_suspend_connection(exchange.connection.handle)
  }

  func resume(_ exchange: HTTPExchange) {
    suspended[ObjectIdentifier(exchange)] = nil
    MHD_resume_connection(exchange.connection.handle)
    mustRun = true
  }

  private func send(_ response: Response, _ exchange: HTTPExchange) {
    // An answer that can't be made, for a header with a line break, say, is an error of the app's.
    let encoded = encode(response, exchange) ?? encode(Problem.unexpected.response, exchange)
    guard let encoded else { return exchange.connection.cutOff() }
    if heights_mhd_queue(exchange.connection.handle, UInt32(exchange.status.code), encoded) == 0 {
      exchange.connection.cutOff()
    }
    MHD_destroy_response(encoded)
    guard case .events(let stream) = response.body else { return }
    // An answer whose headers have no room has ended the connection already.
    if exchange.life.state == .answered { begin(stream, exchange) } else { stream.end() }
  }

  private func encode(_ response: Response, _ exchange: HTTPExchange) -> OpaquePointer? {
    guard let encoded = response.encoded(for: exchange.connection, on: self) else { return nil }
    exchange.status = response.status
    exchange.sentBytes = response.sizeBytes
    exchange.withID { _ = heights_mhd_add_header(encoded, "X-Request-Id", $0) }
    MHD_add_response_header(encoded, "X-Content-Type-Options", "nosniff")
    if drainingSince != nil { MHD_add_response_header(encoded, "Connection", "close") }
    return encoded
  }

  private func begin(_ stream: EventStream, _ exchange: HTTPExchange) {
    exchange.stream = stream
    streams[ObjectIdentifier(exchange)] = exchange
    // While a stream has nothing to send, libmicrohttpd doesn't look at its connection: it wouldn't see the client go.
    exchange.departure = try? loop.watch(exchange.connection.descriptor, .peerClosed) { [weak exchange] _ in
      exchange?.endStream()
    }
    if drainingSince == nil { stream.start(on: loop) } else { stream.end() }
  }

  func completed(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    guard let context = slot.pointee else { return }
    slot.pointee = nil
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(context).takeRetainedValue()
    let now = loop.readClock()
    exchange.connection.life.endRequest(at: now)
    exchange.life.end()
    exchange.end()
    if exchange.stream != nil {
      exchange.endStream()
      // What the stream sends may hold the request, which is this exchange.
      exchange.stream = nil
      streams[ObjectIdentifier(exchange)] = nil
    }
    record(exchange, microseconds: exchange.begun.microseconds(until: now))
  }
}
