// The client of one loop: a bounded pool of kept-alive connections, and a bounded queue for them.

import Glibc
import HeightsRuntime

/// Sends requests to one endpoint over connections that are kept open.
///
/// A request on a connection that the server had closed meanwhile goes out once more, on a new connection, when sending
/// it twice is harmless (`ClientRequest.mayRetry`). Nothing else is retried: whoever asks knows better, or measures failures.
/// `close()` it when done: client and open connections keep each other alive.
package actor HTTPClient {
  /// The bounds of a client, and how it shows itself.
  package struct Settings: Sendable {
    /// What it calls itself.
    package var userAgent: String
    /// Open at the same time.
    package var connections: Int
    /// How many requests wait for a connection; the next one fails at once.
    package var waiting: Int
    /// From `send` until the answer is whole, where no deadline is told.
    package var timeoutMs: Int
    /// The longest body of an answer.
    package var bodyBytes: Int
    /// For how long a connection is waited for, within the time of its request.
    package var connectMs: Int
    /// How long a connection may have been idle that is used again.
    package var idleMs: Int
    /// The headers of answers that somebody wants to see; the others are dropped.
    package var keptHeaders: [String]
    /// Whether it says that a change is asked for by a page of the server itself, as browsers do.
    package var sendsOrigin: Bool
    /// What keeps the bytes of a connection from others; nil for nothing.
    package var encryption: Encryption?

    /// Where nothing is said, as whoever makes load needs it.
    package init(
      userAgent: String, connections: Int = 256, waiting: Int = 4_096, timeoutMs: Int = 10_000,
      bodyBytes: Int = 4 << 20, connectMs: Int = .max, idleMs: Int = .max, keptHeaders: [String] = [],
      sendsOrigin: Bool = false, encryption: Encryption? = nil
    ) {
      self.userAgent = userAgent
      self.connections = connections
      self.waiting = waiting
      self.timeoutMs = timeoutMs
      self.bodyBytes = bodyBytes
      self.connectMs = connectMs
      self.idleMs = idleMs
      self.keptHeaders = keptHeaders
      self.sendsOrigin = sendsOrigin
      self.encryption = encryption
    }
  }

  /// Makes the stream of a socket that is connecting.
  package typealias Encryption = @Sendable (_ descriptor: Int32) throws(StreamFailure) -> any ByteStream

  /// What became of a request.
  package struct Delivery: Sendable {
    /// The answer, or why there is none.
    package let result: Result<ClientResponse, ClientFailure>
    /// Whether any byte of the request went out: if not, nobody has seen it.
    package let wasSent: Bool
  }

  private static let sweepMs = 20

  /// Where all of it happens.
  package nonisolated let loop: EventLoop
  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.actorExecutor.asUnownedSerialExecutor()
  }

  /// As its requests name the server: what whoever signs them goes by.
  package nonisolated var authority: String { endpoint.authority }

  private let endpoint: Endpoint
  private let settings: Settings
  private let buffer = ReadBuffer()
  private var busy: [ObjectIdentifier: ClientConnection] = [:]
  private var idle: [ClientConnection] = []
  private var waiting = ExchangeQueue()
  private var isSweeping = false
  private var isClosed = false
  private var exchanges: UInt64 = 0

  /// Connects with its first request.
  package init(_ endpoint: Endpoint, on loop: EventLoop, _ settings: Settings) {
    self.endpoint = endpoint
    self.loop = loop
    self.settings = settings
  }

  /// Sends `request` and waits for the whole answer, at most `Settings.timeoutMs`.
  package func send(_ request: ClientRequest) async -> Result<ClientResponse, ClientFailure> {
    await deliver(request, by: .afterMs(settings.timeoutMs)).result
  }

  /// Sends `request` and waits for the whole answer until `deadline`, or until the caller is cancelled: then its connection
  /// is closed, which tells the server.
  package func deliver(_ request: ClientRequest, by deadline: Deadline) async -> Delivery {
    func failed(_ failure: ClientFailure) -> Delivery { Delivery(result: .failure(failure), wasSent: false) }
    if isClosed { return failed(.clientClosed) }
    if waiting.count >= settings.waiting { return failed(.tooManyWaiting) }
    exchanges += 1
    let number = exchanges
    return await withTaskCancellationHandler {
      // The handler has run already then, and found nothing.
      if Task.isCancelled { return failed(.cancelled) }
      return await withCheckedContinuation { continuation in
        waiting.append(ClientExchange(request, deadline: deadline, number: number, continuation))
        assignConnections()
        sweepLater()
      }
    } onCancel: {
      loop.onLoop { self.assumeIsolated { $0.cancel(number) } }
    }
  }

  private func cancel(_ number: UInt64) {
    if let exchange = waiting.remove(number) { return exchange.end(.failure(.cancelled)) }
    busy.values.first { $0.exchange?.number == number }?.fail(.cancelled)
  }

  /// Ends all connections. Requests under way fail.
  package func close() {
    isClosed = true
    while let exchange = waiting.popFirst() { exchange.end(.failure(.clientClosed)) }
    for connection in idle { connection.close() }
    idle = []
    for connection in busy.values { connection.fail(.clientClosed) }
  }

  /// Takes no more requests, and ends each connection when its request has been answered.
  package func closeWhenIdle() {
    isClosed = true
    for connection in idle { connection.close() }
    idle = []
  }

  private func assignConnections() {
    while let exchange = waiting.first {
      if let connection = quietConnection(for: exchange) {
        _ = waiting.popFirst()
        busy[ObjectIdentifier(connection)] = connection
        connection.begin(exchange)
      } else if busy.count + idle.count < settings.connections {
        _ = waiting.popFirst()
        connect(for: exchange)
      } else {
        return
      }
    }
  }

  /// An idle connection, the one used last first. What can't be sent twice only goes where no end is in sight.
  private func quietConnection(for exchange: ClientExchange) -> ClientConnection? {
    if exchange.isSecondTry { return nil }
    while let connection = idle.popLast() {
      let isFresh = connection.idleSince.elapsedMs < settings.idleMs
      if isFresh, exchange.request.mayRetry || connection.isStillQuiet { return connection }
      connection.close()
    }
    return nil
  }

  private func connect(for exchange: ClientExchange) {
    switch endpoint.beginConnecting() {
    case .failure(let failure): exchange.end(.failure(failure))
    case .success(let descriptor):
      let stream: any ByteStream
      do throws(StreamFailure) {
        stream = try settings.encryption?(descriptor) ?? PlainStream(descriptor)
      } catch {
        Glibc.close(descriptor)
        return exchange.end(.failure(ClientFailure(error)))
      }
      let connection = ClientConnection(
        descriptor, stream, to: endpoint, settings, buffer: buffer
      ) { connection, event in
        self.handle(event, of: connection)
      }
      busy[ObjectIdentifier(connection)] = connection
      connection.begin(exchange)
      connection.watch(on: loop)
    }
  }

  private func handle(_ event: ClientConnection.Event, of connection: ClientConnection) {
    switch event {
    case .answered(let exchange, var response):
      busy[ObjectIdentifier(connection)] = nil
      if isClosed { connection.close() }
      if connection.isOpen { idle.append(connection) }
      response.isOfSecondTry = exchange.isSecondTry
      exchange.end(.success(response))
    case .failed(let exchange, _, unanswered: true) where exchange.request.mayRetry && !exchange.isSecondTry:
      busy[ObjectIdentifier(connection)] = nil
      exchange.isSecondTry = true
      connect(for: exchange)
    case .failed(let exchange, let failure, _):
      busy[ObjectIdentifier(connection)] = nil
      exchange.end(.failure(failure))
    case .closedWhileIdle:
      idle.removeAll { $0 === connection }
    }
    assignConnections()
  }

  // MARK: Time-outs

  /// One timer for all requests: a timer each would fill the loop's heap with ones that never fire.
  private func sweepLater() {
    guard !isSweeping else { return }
    isSweeping = true
    loop.schedule(afterMs: Self.sweepMs) { [weak self] in self?.assumeIsolated { $0.sweep() } }
  }

  private func sweep() {
    isSweeping = false
    let now = Deadline.now
    for exchange in waiting.removeOverdue(at: now) { exchange.end(.failure(.timedOut)) }
    for connection in busy.values
    where (connection.exchange?.deadline ?? now) <= now || connection.isConnecting(tooLongAt: now) {
      connection.fail(.timedOut)
    }
    if !busy.isEmpty || waiting.first != nil { sweepLater() }
  }
}

/// Exchanges in the order in which they came.
private struct ExchangeQueue {
  private var items: [ClientExchange] = []
  private var head = 0

  var count: Int { items.count - head }
  var first: ClientExchange? { head < items.count ? items[head] : nil }

  mutating func append(_ exchange: ClientExchange) { items.append(exchange) }

  /// Takes out the one of that number, if it waits.
  mutating func remove(_ number: UInt64) -> ClientExchange? {
    guard let index = items[head...].firstIndex(where: { $0.number == number }) else { return nil }
    return items.remove(at: index)
  }

  /// Takes out those whose deadline has passed: they need not be the oldest.
  mutating func removeOverdue(at now: Deadline) -> [ClientExchange] {
    let overdue = items[head...].filter { $0.deadline <= now }
    if overdue.isEmpty { return [] }
    items = items[head...].filter { $0.deadline > now }
    head = 0
    return overdue
  }

  mutating func popFirst() -> ClientExchange? {
    guard let first else { return nil }
    head += 1
    // Now and then the part that is done is dropped, so that the array does not grow for ever.
    if head == items.count || head >= 1_024 {
      items.removeFirst(head)
      head = 0
    }
    return first
  }
}
