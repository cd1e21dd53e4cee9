// How a request comes in: line and headers, body, and what is made of them.

import CMicrohttpd
import Glibc

extension HTTPEngine {
  func handle(_ call: RequestCall, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> MHD_Result {
    guard let context = slot.pointee else {
      guard let context = heights_mhd_context(call.handle) else { return heights_mhd_result(0) }
      // Alive: `connections` holds it until libmicrohttpd has closed it.
      slot.pointee = Unmanaged<Connection>.fromOpaque(context)._withUnsafeGuaranteedRef {
        Unmanaged.passRetained(begin($0, call)).toOpaque()
      }
      return heights_mhd_result(1)
    }
    // Alive: the slot holds it until libmicrohttpd is done with the request, which it never is within this call.
    return Unmanaged<HTTPExchange>.fromOpaque(context)._withUnsafeGuaranteedRef { exchange in
      if call.upload.count > 0 { return heights_mhd_result(receive(call.upload, exchange) ? 1 : 0) }
      complete(exchange)
      return heights_mhd_result(1)
    }
  }

  private func begin(_ connection: Connection, _ call: RequestCall) -> HTTPExchange {
    let isWhole = call.target.withMemoryRebound(to: CChar.self) { target in
      target.baseAddress.map { connection.takeTarget($0, until: call.version) } ?? true
    }
    let target = RequestTarget(call.target, isWhole: isWhole)
    let method = Method(call.method)
    let framing = heights_mhd_framing(connection.handle)
    let exchange = HTTPExchange(
      connection: connection, method: method, path: target.path, match: routes.match(method, target.bytes),
      trace: trace(framing), clientID: framing.request_id.flatMap { HTTPEngine.safeID(String(cString: $0)) },
      begun: loop.lastNow, timeoutMs: limits.handlerTimeoutMs)
    connection.life.takeHeaders(at: exchange.begun)
    if let tracer, tracer.wants(exchange.route) {
      exchange.spans = RequestSpans()
      exchange.received = .now
    }
    let limitBytes = maxBodyBytes(exchange)
    if let problem = refusal(connection, framing, target, call, limitBytes) {
      show(problem, exchange)
    } else if framing.hasBody {
      // A body that no handler wants is read and dropped up to this size, so that the connection can go on.
      exchange.receiver = BodyReceiver(
        connection: connection, limitBytes: limitBytes ?? 64 << 10, announcedBytes: framing.announcedBytes,
        budget: limits.received)
      admit(exchange, announcedBytes: framing.announcedBytes)
    }
    return exchange
  }

  private func trace(_ framing: heights_mhd_framing) -> TraceContext {
    // A copy, so that the engine's own isn't held open while it is used.
    var random = random
    defer { self.random = random }
    return TraceContext(
      traceparent: framing.traceparent.map { String(cString: $0) }, random: &random,
      sampling: tracer?.sampling)
  }

  /// What is wrong with the request before its body has been looked at.
  private func refusal(
    _ connection: Connection, _ framing: heights_mhd_framing, _ target: RequestTarget, _ call: RequestCall,
    _ limitBytes: Int?
  ) -> Problem? {
    guard target.isValid else { return .badRequest("The path has characters that may not stand in one.") }
    return framing.refusal(
      targetBytes: connection.targetBytes, headerBytes: limits.headerBytes,
      needsHost: strcmp(call.version, "HTTP/1.1") == 0, limitBytes: limitBytes, isFromProxy: proxies != .none)
  }

  /// The largest body that the exchange's handler takes; nil when there is no handler.
  private func maxBodyBytes(_ exchange: HTTPExchange) -> Int? {
    exchange.route.map { max(routes.maxBodyBytes(of: $0), 1024) }
  }

  /// - Returns: false when the client goes on and on with a body that has been too large for long: it gets no answer.
  private func receive(_ bytes: UnsafeRawBufferPointer, _ exchange: HTTPExchange) -> Bool {
    guard exchange.life.isWanted, let receiver = exchange.receiver else { return true }
    receiver.receive(bytes)
    if receiver.isEndless { exchange.status = .contentTooLarge }
    return !receiver.isEndless
  }

  // MARK: Who may send a large body

  /// Asks, where the route wants that, whether the client may send it, before more than a small one is taken.
  private func admit(_ exchange: HTTPExchange, announcedBytes: Int?) {
    guard let route = exchange.route, let admission = routes.admission(of: route),
      announcedBytes ?? .max > Spool.memoryLimitBytes
    else { return }
    exchange.life.askAdmission()
    loop.spawn { [self] in
      var problem: Problem?
      do { try await CurrentRequest.$context.withValue(exchange) { try await admission(exchange) } } catch {
        problem = self.problem(of: error, exchange)
      }
      admitted(exchange, problem)
    }
  }

  private func admitted(_ exchange: HTTPExchange, _ problem: Problem?) {
    if let problem { exchange.receiver?.refuse(problem) }
    if exchange.life.admit() { resume(exchange) }
  }

  /// Whether a body has to wait where it is, until it is known whether its client may send it.
  func holdsBack(_ context: UnsafeMutableRawPointer?) -> Bool {
    guard let context else { return false }
    // Alive: the slot holds it until libmicrohttpd is done with the request, which it never is within this call.
    return Unmanaged<HTTPExchange>.fromOpaque(context)._withUnsafeGuaranteedRef { exchange in
      guard exchange.life.holdBack() else { return false }
      suspend(exchange)
      return true
    }
  }

  // MARK: The whole request

  /// The request is complete: it gets its handler, or the answer that needs none.
  private func complete(_ exchange: HTTPExchange) {
    guard exchange.life.isWanted else { return }
    exchange.connection.life.beginAnswer()
    do {
      if let receiver = exchange.receiver {
        exchange.body = try receiver.finish()
        exchange.receiver = nil
        // How long the client took to send it is not the handler's time.
        exchange.deadline = loop.lastNow.plus(ms: limits.handlerTimeoutMs)
        if exchange.spans != nil { exchange.received = .now }
      }
    } catch {
      return show(error as? Problem ?? .unexpected, exchange)
    }
    if exchange.route != nil {
      enqueue(exchange)
    } else if let methods = exchange.otherMethods {
      answer(exchange, methodNotAllowed(exchange, methods))
    } else if exchange.method == .options && exchange.path == "*" {
      answer(exchange, .noContent)
    } else {
      show(.notFound("\(exchange.path) is not an address of this app."), exchange)
    }
  }

  private func methodNotAllowed(_ exchange: HTTPExchange, _ allowed: [Method]) -> Response {
    let list = allowed.map(\.description).joined(separator: ", ")
    if exchange.method == .options { return Response(status: .noContent, headers: [("Allow", list)]) }
    let problem = Problem(
      .methodNotAllowed, title: "The method doesn't fit this address", detail: "Allowed: \(list).")
    return response(to: problem, exchange).with("Allow", list)
  }

  /// A client's own id is taken over if it is short and can't break a log.
  private static func safeID(_ id: String) -> String? {
    let isSafe = id.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        || byte == 95
    }
    return isSafe && !id.isEmpty && id.utf8.count <= 64 ? id : nil
  }
}

/// What libmicrohttpd tells of a request, valid during its call.
struct RequestCall {
  let handle: OpaquePointer?
  let method: UnsafePointer<CChar>
  let target: UnsafeBufferPointer<UInt8>
  let version: UnsafePointer<CChar>
  let upload: UnsafeRawBufferPointer
}
