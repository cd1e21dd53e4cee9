// libmicrohttpd on an event loop: what it holds, when it runs, and how its connections end.

import CMicrohttpd
import Glibc

/// One loop's HTTP server. Loop thread only.
///
/// libmicrohttpd runs without threads of its own: its epoll descriptor is watched by the loop. A handler that
/// waits for something suspends its connection, and the answer resumes it on the same thread.
///
/// `@unchecked Sendable` is sound: what `HTTPServer` calls is checked to be on `loop`'s thread. All else is called from
/// there: by the loop, by libmicrohttpd within `MHD_run`, and by handlers' tasks, which never leave it.
final class HTTPEngine: @unchecked Sendable {
  let loop: EventLoop
  let routes: RouteTable
  let limits: HTTPLimits
  let proxies: TrustedProxies
  let log: AccessLog?
  let tracking: ReadTracking?
  /// Nil where nobody wants traces.
  let tracer: RequestTracer?
  /// How many handler tasks are kept while there is nothing for them to run.
  static let restingTaskLimit = 64
  private(set) var daemon: OpaquePointer?
  private var readiness: Watch?
  var connections: [ObjectIdentifier: Connection] = [:]
  var accepted: Connection?
  var suspended: [ObjectIdentifier: HTTPExchange] = [:]
  var streams: [ObjectIdentifier: HTTPExchange] = [:]
  private var restingTasks: [HandlerTask] = []
  /// The task that rested last. Most requests find theirs here, without a look at the array.
  private var spareTask: HandlerTask?
  /// Requests whose handlers are to run.
  let ready = Queue<HTTPExchange>()
  /// The task that runs them; nil while libmicrohttpd runs, or should.
  var batchTask: HandlerTask?
  /// When libmicrohttpd should run again; nil before the first handler of a batch.
  var batchEnd: Deadline?
  /// How long libmicrohttpd took when it last ran after handlers.
  var sendingMicroseconds = 0
  /// Whether libmicrohttpd has something to do. The loop doesn't sleep as long as it has.
  var mustRun = false
  var drainingSince: Deadline?
  var random = FastRandom()
  var inFlight = 0
  var refusedOverload = 0
  private var requestMetrics: HTTPMetrics
  private lazy var acceptor = Acceptor(
    loop: loop,
    hasRoom: { [unowned self] in connections.count < limits.connectionsPerLoop },
    take: { [unowned self] in add(Connection(descriptor: $0, address: $1, on: loop, proxies: proxies), $1, $2)
    })

  /// - Throws: `SystemError` when libmicrohttpd can't start.
  init(
    loop: EventLoop, router: Router, limits: HTTPLimits, proxies: TrustedProxies, log: AccessLog?,
    tracking: ReadTracking?, tracing: RequestTracing? = nil
  ) throws {
    self.loop = loop
    routes = RouteTable(router)
    self.limits = limits
    self.proxies = proxies
    self.log = log
    self.tracking = tracking
    tracer = tracing.map { RequestTracer($0, router.routes) }
    requestMetrics = HTTPMetrics(routeCount: router.routes.count)
    daemon = try startDaemon()
    loop.atEndOfTick(while: { [self] in mustRun }, leftover: { [self] in leftover }) { [self] in
      readAndAnswer()
    }
    // Alive: the hook holds it as long as the loop runs.
    readiness = try loop.watch(heights_mhd_epoll(daemon), .readable) { [unowned(unsafe) self] _ in
      readAndAnswer()
    }
    scheduleSweep()
  }

  // MARK: Connections

  /// Accepts connections from a listening socket.
  func listen(on descriptor: Int32) throws {
    loop.checkIsolated()
    try acceptor.listen(on: descriptor)
  }

  func setAccepting(_ accepting: Bool) {
    loop.checkIsolated()
    acceptor.setOpen(accepting)
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

  // MARK: Draining

  var connectionCount: Int {
    loop.checkIsolated()
    return connections.count
  }

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
    loop.checkIsolated()
    for exchange in suspended.values { exchange.task?.cancel() }
    for exchange in streams.values { exchange.stream?.end() }
    for connection in connections.values { connection.cutOff() }
    mustRun = true
  }

  /// Ends everything at once and gives back what libmicrohttpd holds. Not within one of its calls.
  func close() {
    loop.checkIsolated()
    guard let daemon else { return }
    acceptor.close()
    readiness?.cancel()
    for exchange in suspended.values {
      exchange.task?.cancel()
      answer(exchange, Problem.tookTooLong.response)
    }
    while let exchange = ready.popFirst() { handlerEnded(exchange, Problem.tookTooLong.response) }
    for exchange in streams.values { exchange.endStream() }
    MHD_stop_daemon(daemon)
    self.daemon = nil
    while let task = takeRestingTask() { task.end() }
  }

  // MARK: Handler tasks

  /// A handler task that has nothing to run, if there is one.
  func takeRestingTask() -> HandlerTask? {
    guard let task = spareTask else { return restingTasks.popLast() }
    spareTask = nil
    return task
  }

  /// Takes back a handler task that has nothing to run; false when it should end.
  func keep(_ task: HandlerTask) -> Bool {
    guard daemon != nil else { return false }
    if spareTask == nil {
      spareTask = task
      return true
    }
    guard restingTasks.count < HTTPEngine.restingTaskLimit else { return false }
    restingTasks.append(task)
    return true
  }

  // MARK: Metrics

  /// A snapshot.
  var metrics: HTTPMetrics {
    loop.checkIsolated()
    var metrics = requestMetrics
    metrics.connections = connections.count
    metrics.inFlight = inFlight
    metrics.refusedOverload = refusedOverload
    return metrics
  }

  /// Counts a request that has ended, and logs it.
  func record(_ exchange: HTTPExchange, microseconds: Int) {
    requestMetrics.record(
      route: exchange.route, status: exchange.status.code, microseconds: microseconds)
    log?.record(exchange, microseconds: microseconds)
  }

  // MARK: Running libmicrohttpd

  /// What waits for libmicrohttpd to run, or for a handler to begin.
  private var leftover: String? {
    guard daemon != nil else { return nil }
    if !ready.isEmpty { return "\(ready.count) requests whose handlers have yet to run" }
    return heights_mhd_is_pending(daemon) != 0 ? "bytes or answers that libmicrohttpd has yet to see to" : nil
  }

  private func scheduleSweep() {
    loop.schedule(afterMs: limits.sweepIntervalMs) { [self] in
      guard daemon != nil else { return }
      sweep()
      scheduleSweep()
    }
  }

  /// Ends what takes too long: clients that don't send, connections without use, handlers past their deadline.
  private func sweep() {
    let now = Deadline.now
    for connection in connections.values
    where connection.isOverdue(at: now, limits, drainingSince: drainingSince) { connection.cutOff() }
    for exchange in suspended.values where exchange.deadline.hasPassed { endOverdue(exchange) }
    readAndAnswer()
  }
}
