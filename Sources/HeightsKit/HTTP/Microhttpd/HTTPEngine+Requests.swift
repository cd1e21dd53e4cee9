// How a request comes in: line and headers, body, and what is made of them.

import CMicrohttpd
import Glibc

extension HTTPEngine {
  func handle(
    _ handle: OpaquePointer?, _ url: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?,
    _ upload: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> MHD_Result {
    guard let context = slot.pointee else {
      guard let url, let method, let context = heights_mhd_context(handle) else {
        return heights_mhd_result(0)
      }
      let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
      let exchange = begin(connection, String(cString: method), url)
      slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
      return heights_mhd_result(1)
    }
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    if upload.count > 0 { receive(upload, exchange) } else { complete(exchange) }
    return heights_mhd_result(1)
  }

  private func begin(_ connection: Connection, _ method: String, _ url: UnsafePointer<CChar>) -> Exchange {
    let path = UnsafeBufferPointer(start: url, count: strlen(url))
      .withMemoryRebound(to: UInt8.self) { $0 }
    let known = Method(method)
    let exchange = Exchange(
      connection: connection, method: known, path: String(decoding: path, as: UTF8.self),
      match: router.router.match(known, path))
    connection.requestCount += 1
    connection.phase = .receiving(since: exchange.begun)
    let limitBytes = maxBodyBytes(exchange)
    if let problem = exchange.framing.refusal(limitBytes: limitBytes) {
      exchange.state = .refused
      show(problem, exchange)
    } else if exchange.framing.hasBody {
      // A body that no handler wants is read and dropped up to this size, so that the connection can go on.
      exchange.state = .receiving(BodyReceiver(connection: connection, limitBytes: limitBytes ?? 64 << 10))
    }
    return exchange
  }

  /// The largest body that the exchange's handler takes; nil when there is no handler.
  private func maxBodyBytes(_ exchange: Exchange) -> Int? {
    exchange.route.map { max(router.router.routes[$0].maxBodyBytes, 1024) }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer, _ exchange: Exchange) {
    guard case .receiving(let receiver) = exchange.state else { return }
    receiver?.receive(bytes)
  }

  /// The request is complete: it gets its handler, or the answer that needs none.
  private func complete(_ exchange: Exchange) {
    guard case .receiving(let receiver) = exchange.state else { return }
    exchange.connection.phase = .answering
    do {
      let body = try receiver?.finish() ?? .empty
      switch exchange.match {
      case .route(let index, _): start(router.router.routes[index].handler, exchange, body)
      case .none: throw Problem.notFound("\(exchange.path) is not an address of this app.")
      case .otherMethods(let methods): answer(exchange, methodNotAllowed(exchange, methods))
      }
    } catch let problem as Problem {
      show(problem, exchange)
    } catch {
      show(.unexpected, exchange)
    }
  }

  private func methodNotAllowed(_ exchange: Exchange, _ allowed: [Method]) -> Response {
    let list = allowed.map(\.description).joined(separator: ", ")
    if exchange.method == .options { return Response(status: .noContent, headers: [("Allow", list)]) }
    let problem = Problem(
      .methodNotAllowed, title: "The method doesn't fit this address", detail: "Allowed: \(list).")
    return response(to: problem, exchange).with("Allow", list)
  }

  func makeRequest(_ exchange: Exchange, _ body: RequestBody) -> Request {
    let connection = exchange.connection
    let framing = exchange.framing
    let trace = TraceContext(traceparent: framing.traceparent.map { String(cString: $0) }, random: &random)
    return Request(
      method: exchange.method ?? .get, path: exchange.path, body: body, trace: trace,
      id: framing.request_id.flatMap { HTTPEngine.safeID(String(cString: $0)) } ?? trace.shortID,
      deadline: exchange.begun.plus(ms: limits.handlerTimeoutMs), connection: connection,
      parameters: exchange.parameters)
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
