// libmicrohttpd on an event loop: accepts connections, hands requests to handlers, sends what they answer.

import CMicrohttpd
import CRuntime
import Glibc

/// One loop's HTTP server. Loop thread only.
///
/// libmicrohttpd runs without threads of its own: its epoll descriptor is watched by the loop. A handler that
/// doesn't finish at once suspends its connection, and the answer resumes it on the same thread.
///
/// `@unchecked Sendable` is sound: every member is touched on `loop`'s thread only.
final class HTTPEngine: @unchecked Sendable {
  private let loop: EventLoop
  private let router: RouteTable
  private let limits: HTTPLimits
  private let log: AccessLog?
  private var daemon: OpaquePointer?
  private var listeners: [Int32: Watch] = [:]
  private var connections: [ObjectIdentifier: Connection] = [:]
  private var accepted: Connection?
  private var suspended: [ObjectIdentifier: Exchange] = [:]
  private var streams: [ObjectIdentifier: Exchange] = [:]
  private var mustRun = false
  private var isAccepting = true
  private var drainingSince: Deadline?
  private var random = FastRandom()
  private(set) var metrics: HTTPMetrics

  /// - Throws: `SystemError` when libmicrohttpd can't start.
  init(loop: EventLoop, router: Router, limits: HTTPLimits, log: AccessLog?) throws {
    self.loop = loop
    self.router = RouteTable(router)
    self.limits = limits
    self.log = log
    metrics = HTTPMetrics(routeCount: router.routes.count)
    daemon = try startDaemon()
    _ = try loop.watch(heights_mhd_epoll(daemon), .readable) { [unowned self] _ in run() }
    loop.atEndOfTick { [weak self] in self?.endOfTick() }
    scheduleSweep()
  }

  // MARK: Listening

  /// Accepts connections from a listening socket.
  func listen(on descriptor: Int32) throws {
    listeners[descriptor] = try loop.watch(descriptor, isAccepting ? .readable : []) { [unowned self] _ in
      accept(from: descriptor)
    }
  }

  func setAccepting(_ accepting: Bool) {
    isAccepting = accepting
    for listener in listeners.values { listener.update(accepting ? .readable : []) }
  }

  private func accept(from descriptor: Int32) {
    for _ in 0..<64 {
      guard connections.count < limits.connectionsPerLoop else { return pauseAccepting() }
      var address = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let client = withUnsafeMutablePointer(to: &address) { storage in
        storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          heights_accept(descriptor, $0, &length)
        }
      }
      if client < 0 { return errno == EMFILE || errno == ENFILE ? pauseAccepting() : () }
      add(Connection(descriptor: client, address: address), address, length)
    }
  }

  private func add(_ connection: Connection, _ address: sockaddr_storage, _ length: socklen_t) {
    accepted = connection
    withUnsafePointer(to: address) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = MHD_add_connection(daemon, connection.descriptor, $0, length)
      }
    }
    accepted = nil
    mustRun = true
  }

  /// Leaves new connections in the listen queue for a moment: there is no room for them.
  private func pauseAccepting() {
    guard isAccepting else { return }
    setAccepting(false)
    loop.schedule(afterMs: 100) { [weak self] in
      if let self, drainingSince == nil { setAccepting(true) }
    }
  }

  // MARK: Draining

  var connectionCount: Int { connections.count }

  /// Stops accepting. Each connection ends with its next answer; those that stay silent end at `sweep`.
  func drain() {
    setAccepting(false)
    drainingSince = .now
    for exchange in streams.values { exchange.stream?.end() }
  }

  /// Takes connections again after a drain, or for the first time.
  func resumeAccepting() {
    drainingSince = nil
    setAccepting(true)
  }

  /// Cuts off every connection, and ends the handlers that still run.
  func cutOffAll() {
    for exchange in suspended.values { exchange.task?.cancel() }
    for exchange in streams.values { exchange.stream?.end() }
    for connection in connections.values { connection.cutOff() }
    mustRun = true
    loop.tickSoon()
  }

  // MARK: Running libmicrohttpd

  private func run() {
    mustRun = false
    MHD_run(daemon)
  }

  private func endOfTick() {
    if mustRun { run() }
    if heights_mhd_is_pending(daemon) != 0 {
      mustRun = true
      loop.tickSoon()
    }
  }

  private func scheduleSweep() {
    loop.schedule(afterMs: limits.sweepIntervalMs) { [weak self] in
      self?.sweep()
      self?.scheduleSweep()
    }
  }

  /// Ends what takes too long: clients that don't send, connections without use, handlers past their deadline.
  private func sweep() {
    for connection in connections.values where isOverdue(connection) { connection.cutOff() }
    for exchange in suspended.values where exchange.request?.deadline.hasPassed == true {
      exchange.task?.cancel()
    }
    run()
  }

  private func isOverdue(_ connection: Connection) -> Bool {
    switch connection.phase {
    case .answering: false
    case .receiving(let since): since.elapsedMs > limits.bodyTimeoutMs
    case .idle(let since):
      if let drainingSince {
        min(since.elapsedMs, drainingSince.elapsedMs) > limits.drainIdleMs
      } else {
        since.elapsedMs > (connection.requestCount == 0 ? limits.headerTimeoutMs : limits.keepAliveMs)
      }
    }
  }
}

// MARK: - Requests

extension HTTPEngine {
  fileprivate func handle(
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
    if let problem = refusal(of: exchange) {
      exchange.state = .refused
      answer(exchange, problem.response)
    } else if exchange.framing.content_length != nil || exchange.framing.transfer_encoding != nil {
      exchange.state = .receiving(BodyReceiver(connection: connection, limitBytes: maxBodyBytes(exchange)))
    }
    return exchange
  }

  /// What is wrong with the request before its body has been looked at.
  private func refusal(of exchange: Exchange) -> Problem? {
    let framing = exchange.framing
    if framing.hosts > 1 { return .badRequest("Host stands more than once.") }
    if let encoding = framing.transfer_encoding {
      // A message framed in two ways is how requests are smuggled (RFC 9112, 6.3).
      if framing.content_lengths > 0 {
        return .badRequest("Content-Length and Transfer-Encoding exclude each other.")
      }
      if framing.transfer_encodings > 1 || strcasecmp(encoding, "chunked") != 0 {
        return Problem(.notImplemented, title: "Only the transfer encoding chunked is known")
      }
    } else if let length = framing.content_length {
      return refusal(of: String(cString: length), exchange)
    }
    return nil
  }

  private func refusal(of length: String, _ exchange: Exchange) -> Problem? {
    if exchange.framing.content_lengths > 1 { return .badRequest("Content-Length stands more than once.") }
    guard length.utf8.allSatisfy({ (48...57).contains($0) }), let bytes = Int(length) else {
      return .badRequest("Content-Length is not a number.")
    }
    let limitBytes = maxBodyBytes(exchange)
    return exchange.route != nil && bytes > limitBytes ? .contentTooLarge(limitBytes: limitBytes) : nil
  }

  private func maxBodyBytes(_ exchange: Exchange) -> Int {
    // A body that no handler wants is read and dropped up to this size, so that the connection can go on.
    exchange.route.map { max(router.router.routes[$0].maxBodyBytes, 1024) } ?? 64 << 10
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
      case .otherMethods(let methods): answer(exchange, HTTPEngine.methodNotAllowed(exchange, methods))
      }
    } catch let problem as Problem {
      show(problem, exchange)
    } catch {
      show(.unexpected, exchange)
    }
  }

  private static func methodNotAllowed(_ exchange: Exchange, _ allowed: [Method]) -> Response {
    let list = allowed.map(\.description).joined(separator: ", ")
    if exchange.method == .options { return Response(status: .noContent, headers: [("Allow", list)]) }
    let problem = Problem(
      .methodNotAllowed, title: "The method doesn't fit this address", detail: "Allowed: \(list).")
    return problem.response.with("Allow", list)
  }

  private func makeRequest(_ exchange: Exchange, _ body: RequestBody) -> Request {
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

  private func start(_ handler: @escaping Handler, _ exchange: Exchange, _ body: RequestBody) {
    let request = makeRequest(exchange, body)
    exchange.request = request
    guard metrics.inFlight < limits.inFlightPerLoop else {
      metrics.refusedOverload += 1
      return answer(exchange, Problem.overloaded.response)
    }
    metrics.inFlight += 1
    exchange.holdsPlace = true
    respond(exchange) { [router] in
      for check in router.router.checks { try check(request) }
      return try await handler(request)
    }
  }

  /// Shows a problem that came up before the handler, as the app wants its problems shown.
  private func show(_ problem: Problem, _ exchange: Exchange) {
    guard router.router.problemPage != nil else { return answer(exchange, problem.response) }
    exchange.request = exchange.request ?? makeRequest(exchange, .empty)
    respond(exchange) { throw problem }
  }

  /// Runs `body` as a task of this loop; at once, and without suspending the connection if it needn't wait.
  private func respond(_ exchange: Exchange, _ body: @escaping @Sendable () async throws -> Response) {
    guard let request = exchange.request else { return answer(exchange, Problem.unexpected.response) }
    exchange.state = .handling(suspended: false)
    // The exchange stays on this loop: the task starts on this thread and never leaves it.
    let box = LoopBound(exchange)
    let task = Task.immediateDetached(executorPreference: loop) { [router] in
      let response: Response
      do {
        response = try await body()
      } catch {
        response = await HTTPEngine.response(to: error, request, router)
      }
      self.answer(box.value, response)
    }
    // Most handlers wait for nothing, or for something on this loop: suspending costs four system calls.
    if case .handling = exchange.state { loop.runJobs() }
    guard case .handling = exchange.state else { return }
    exchange.state = .handling(suspended: true)
    exchange.task = task
    suspended[ObjectIdentifier(exchange)] = exchange
    MHD_suspend_connection(exchange.connection.handle)
  }

  private static func response(to error: any Error, _ request: Request, _ router: RouteTable) async
    -> Response
  {
    let problem: Problem
    switch error {
    case let known as Problem: problem = known
    case let known as any ProblemConvertible: problem = known.problem
    case is CancellationError where request.deadline.hasPassed: problem = .tookTooLong
    default: problem = .unexpected
    }
    if problem.status.code == 500 {
      Log.error("request failed", ["request": request.id, "error": "\(error)"])
    }
    return await router.router.problemPage?(problem, request) ?? problem.response
  }

  // MARK: Answers

  private func answer(_ exchange: Exchange, _ response: Response) {
    let wasSuspended = if case .handling(true) = exchange.state { true } else { false }
    exchange.state = .answered
    exchange.status = response.status
    exchange.sentBytes = response.sizeBytes
    exchange.connection.phase = .answering
    send(response, exchange)
    guard wasSuspended else { return }
    suspended[ObjectIdentifier(exchange)] = nil
    exchange.task = nil
    MHD_resume_connection(exchange.connection.handle)
    mustRun = true
  }

  private func send(_ response: Response, _ exchange: Exchange) {
    guard
      let encoded = response.encoded(for: exchange.connection, wake: { [weak self] in self?.mustRun = true })
    else { return exchange.connection.cutOff() }
    if let id = exchange.request?.id { MHD_add_response_header(encoded, "X-Request-Id", id) }
    MHD_add_response_header(encoded, "X-Content-Type-Options", "nosniff")
    if drainingSince != nil { MHD_add_response_header(encoded, "Connection", "close") }
    if heights_mhd_queue(exchange.connection.handle, UInt32(response.status.code), encoded) == 0 {
      exchange.connection.cutOff()
    }
    MHD_destroy_response(encoded)
    if case .events(let stream) = response.body { begin(stream, exchange) }
  }

  private func begin(_ stream: EventStream, _ exchange: Exchange) {
    exchange.stream = stream
    streams[ObjectIdentifier(exchange)] = exchange
    if drainingSince == nil { stream.start(on: loop) } else { stream.end() }
  }

  fileprivate func completed(_ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    guard let context = slot.pointee else { return }
    slot.pointee = nil
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeRetainedValue()
    let now = Deadline.now
    exchange.connection.phase = .idle(since: now)
    if let stream = exchange.stream {
      stream.end()
      streams[ObjectIdentifier(exchange)] = nil
    }
    if exchange.holdsPlace { metrics.inFlight -= 1 }
    let microseconds = exchange.begun.microseconds(until: now)
    metrics.record(route: exchange.route, status: exchange.status.code, microseconds: microseconds)
    log?.record(exchange, microseconds: microseconds)
  }
}

// MARK: - The daemon

extension HTTPEngine {
  fileprivate func opened(_ handle: OpaquePointer) -> UnsafeMutableRawPointer? {
    guard let connection = accepted else { return nil }
    connection.attach(handle)
    connections[ObjectIdentifier(connection)] = connection
    metrics.connections = connections.count
    return Unmanaged.passUnretained(connection).toOpaque()
  }

  fileprivate func closed(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    connections[ObjectIdentifier(connection)] = nil
    metrics.connections = connections.count
  }

  private func startDaemon() throws -> OpaquePointer {
    var settings = heights_mhd_settings(
      context: Unmanaged.passUnretained(self).toOpaque(), on_request: HTTPEngine.onRequest,
      on_completed: HTTPEngine.onCompleted, on_connection: HTTPEngine.onConnection,
      header_bytes: limits.headerBytes, connection_limit: UInt32(limits.connectionsPerLoop + 16),
      inactivity_timeout: UInt32(limits.inactivityTimeoutMs / 1000))
    guard let daemon = heights_mhd_start(&settings) else { throw SystemError(call: "MHD_start_daemon") }
    return daemon
  }

  private static let onRequest: MHD_AccessHandlerCallback = {
    context, handle, url, method, _, upload, size, slot in
    guard let context, let size, let slot else { return heights_mhd_result(0) }
    let engine = Unmanaged<HTTPEngine>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: upload, count: size.pointee)
    size.pointee = 0
    return engine.handle(handle, url, method, bytes, slot)
  }

  private static let onCompleted: MHD_RequestCompletedCallback = { context, _, slot, _ in
    guard let context, let slot else { return }
    Unmanaged<HTTPEngine>.fromOpaque(context).takeUnretainedValue().completed(slot)
  }

  private static let onConnection: MHD_NotifyConnectionCallback = { context, handle, slot, what in
    guard let context, let handle, let slot else { return }
    let engine = Unmanaged<HTTPEngine>.fromOpaque(context).takeUnretainedValue()
    if heights_mhd_is_opening(what) != 0 {
      slot.pointee = engine.opened(handle)
    } else {
      engine.closed(slot.pointee)
    }
  }
}

/// The routes behind one reference: a task that captures them copies no array.
private final class RouteTable: Sendable {
  let router: Router
  init(_ router: Router) { self.router = router }
}

/// Carries a value into a task that stays on the loop of the value. `@unchecked Sendable` is sound for that only.
private struct LoopBound<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
