// A server: one engine on each loop, the same routes on all of them.

import Glibc
import Synchronization

/// Answers HTTP/1.1 on listening sockets that it is given.
public final class HTTPServer: Sendable {
  private let loops: [EventLoop]
  private let engines: [HTTPEngine]
  private let router: Router

  /// - Parameters:
  ///   - loops: each gets an engine of its own.
  ///   - logRequests: whether each request is logged on standard output.
  /// - Throws: `SystemError` when an engine can't start.
  public convenience init(
    loops: [EventLoop], router: Router, limits: HTTPLimits = HTTPLimits(), logRequests: Bool
  ) async throws {
    try await self.init(loops: loops, router: router, limits: limits, logDescriptor: logRequests ? 1 : nil)
  }

  /// - Parameters:
  ///   - proxies: those that stand before it.
  ///   - logDescriptor: where the access log goes; nil for none.
  ///   - tracking: whether requests have to remember what they have read.
  ///   - tracing: how they are traced; nil for not at all.
  package init(
    loops: [EventLoop], router: Router, limits: HTTPLimits, proxies: TrustedProxies = .none,
    logDescriptor: Int32?, tracking: ReadTracking? = nil, tracing: RequestTracing? = nil
  ) async throws {
    self.loops = loops
    self.router = router
    var engines: [HTTPEngine] = []
    for loop in loops {
      engines.append(
        try await loop.run {
          let log = logDescriptor.map { AccessLog(loop: loop, routes: router.routes, descriptor: $0) }
          return try HTTPEngine(
            loop: loop, router: router, limits: limits, proxies: proxies, log: log, tracking: tracking,
            tracing: tracing)
        })
    }
    self.engines = engines
  }

  /// Accepts connections from `sockets`, spread over the loops; every socket is accepted from, however many there are.
  public func listen(on sockets: [Int32]) async throws {
    guard !sockets.isEmpty else { return }
    for index in 0..<max(sockets.count, loops.count) {
      let (engine, socket) = (engines[index % engines.count], sockets[index % sockets.count])
      try await loops[index % loops.count].run { try engine.listen(on: socket) }
    }
  }

  /// Leaves new connections in the listen queue, or takes them (again).
  public func setAccepting(_ accepting: Bool) async throws {
    try await onEach { accepting ? $0.resumeAccepting() : $0.setAccepting(false) }
  }

  /// Stops accepting, answers what is in flight and lets the connections end.
  /// - Parameter limitMs: what is still open after this is cut off.
  /// - Returns: whether every connection ended by itself.
  public func drain(limitMs: Int) async throws -> Bool {
    try await onEach { $0.drain() }
    let deadline = Deadline.afterMs(limitMs)
    while try await connectionCount() > 0 {
      if deadline.hasPassed {
        try await onEach { $0.cutOffAll() }
        return false
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return true
  }

  /// Open connections on all loops.
  public func connectionCount() async throws -> Int {
    var count = 0
    for (loop, engine) in zip(loops, engines) { count += try await loop.run { engine.connectionCount } }
    return count
  }

  /// Adds this server's metrics to `text`.
  public func writeMetrics(to text: inout MetricsText) async throws {
    var sum = HTTPMetrics(routeCount: router.routes.count)
    for (loop, engine) in zip(loops, engines) { sum.add(try await loop.run { engine.metrics }) }
    text.http(sum, routes: router.routes)
  }

  /// Ends everything at once: connections, handlers (by cancelling them), streams. The sockets stay the caller's.
  public func close() async {
    for (loop, engine) in zip(loops, engines) {
      // Not as a task: one may be run within a call of libmicrohttpd's, which can't be ended from there.
      await withCheckedContinuation { continuation in
        loop.execute {
          engine.close()
          continuation.resume()
        }
      }
    }
  }

  private func onEach(_ body: @escaping @Sendable (HTTPEngine) -> Void) async throws {
    for (loop, engine) in zip(loops, engines) { try await loop.run { body(engine) } }
  }
}
