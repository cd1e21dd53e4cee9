// A server on a free port with loops of its own, gone after the test.

import Foundation
import Glibc
import HeightsHTTP

/// Runs `body` beside a server of `routes`.
/// - Parameters:
///   - loops: somebody's own, which go on afterwards; nil for `count` new ones.
///   - proxies: those that stand before it.
///   - logDescriptor: where the access log goes; nil for none.
///   - tracking: whether requests remember what they have seen; nil for not.
///   - tracing: how they are traced; nil for not at all.
func withServer(
  on loops: EventLoopGroup? = nil, loops count: Int = 1, limits: HTTPLimits = HTTPLimits(),
  proxies: TrustedProxies = .none,
  logDescriptor: Int32? = nil, tracking: ReadTracking? = nil, tracing: RequestTracing? = nil,
  _ routes: (inout Router) -> Void, _ body: (RunningServer) async throws -> Void
) async throws {
  var router = Router()
  routes(&router)
  let running = try await RunningServer(
    router, on: loops, loops: count, limits: limits, proxies: proxies, logDescriptor: logDescriptor,
    tracking: tracking, tracing: tracing)
  do {
    try await body(running)
    await running.stop()
  } catch {
    await running.stop()
    throw error
  }
}

struct RunningServer: Sendable {
  let port: UInt16
  let server: HTTPServer
  let loops: EventLoopGroup
  private let ownsLoops: Bool
  private let sockets: [Int32]

  init(
    _ router: Router, on given: EventLoopGroup?, loops count: Int, limits: HTTPLimits,
    proxies: TrustedProxies = .none,
    logDescriptor: Int32?, tracking: ReadTracking? = nil, tracing: RequestTracing? = nil
  ) async throws {
    loops = try given ?? EventLoopGroup(count: count)
    ownsLoops = given == nil
    sockets = try ListeningSockets.open(port: 0, count: loops.loops.count).http
    port = ListeningSockets.localPort(of: sockets[0])
    server = try await HTTPServer(
      loops: loops.loops, router: router, limits: limits, proxies: proxies, logDescriptor: logDescriptor,
      tracking: tracking, tracing: tracing)
    try await server.listen(on: sockets)
  }

  func stop() async {
    await server.close()
    if ownsLoops { await loops.shutdown() }
    for socket in sockets { close(socket) }
  }

  // MARK: Asking it. Each runs on a thread that may block.

  /// Works with a connection of its own, off Swift's threads.
  func withClient<T: Sendable>(_ body: @escaping @Sendable (RawClient) throws -> T) async throws -> T {
    let port = port
    return try await blocking { try body(RawClient(port: port)) }
  }

  /// The answer to one request on a connection of its own.
  func request(
    _ method: String = "GET", _ target: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> Answer {
    try await withClient { client in
      client.send(RawRequest.bytes(method, target, headers, body: body))
      return Answer(try client.response(headOnly: method == "HEAD"))
    }
  }

  /// Everything that the server sends in return for `bytes`, until it closes. For requests that end the connection.
  func exchange(_ bytes: [UInt8]) async throws -> (text: String, end: RawClient.End) {
    try await withClient { client in
      client.send(bytes)
      return client.readAll()
    }
  }

  func exchange(_ text: String) async throws -> (text: String, end: RawClient.End) {
    try await exchange(Array(text.utf8))
  }

  var metrics: String {
    get async throws {
      var text = MetricsText()
      try await server.writeMetrics(to: &text)
      return text.text
    }
  }
}

/// An answer that may cross threads.
struct Answer: Sendable {
  let status: Int
  let fields: [(name: String, value: String)]
  let body: [UInt8]

  init(_ response: RawResponse) {
    status = response.status
    fields = response.head.fields
    body = response.body
  }

  var text: String { String(decoding: body, as: UTF8.self) }
  subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
  func all(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  func json() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
  }
}

enum RawRequest {
  /// One without a body.
  static func text(_ method: String, _ target: String, _ headers: [(String, String)] = []) -> String {
    String(decoding: bytes(method, target, headers), as: UTF8.self)
  }

  /// A well-formed request.
  static func bytes(
    _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil
  ) -> [UInt8] {
    var text = "\(method) \(target) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0 == "Host" }) { text += "Host: test\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    return Array((text + "\r\n").utf8) + (body ?? [])
  }
}

/// Runs what blocks on a thread of its own, so that the tests' few threads stay free.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Foundation.Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}
