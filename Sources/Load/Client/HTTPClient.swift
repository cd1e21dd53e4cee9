// The client of one loop: a bounded pool of kept-alive connections, and a bounded queue for them.

import HeightsRuntime

/// Sends requests to one endpoint over connections that are kept open.
///
/// A request on a connection that the server had closed meanwhile goes out once more, on a new connection, when sending
/// it twice is harmless (`ClientRequest.mayRetry`). Nothing else is retried: a failure is what is measured.
/// `close()` it when done: client and open connections keep each other alive.
actor HTTPClient {
  /// The bounds of a client.
  struct Limits: Sendable {
    var connections = 256
    /// How many requests wait for a connection; the next one fails at once.
    var waiting = 4_096
    /// From `send` until the answer is whole.
    var timeoutMs = 10_000
    var bodyBytes = 4 << 20
  }

  private static let sweepMs = 20

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let endpoint: Endpoint
  private let limits: Limits
  private let buffer = ReadBuffer()
  private var busy: [ObjectIdentifier: ClientConnection] = [:]
  private var idle: [ClientConnection] = []
  private var waiting = ExchangeQueue()
  private var isSweeping = false
  private var isClosed = false

  init(_ endpoint: Endpoint, on loop: EventLoop, limits: Limits = Limits()) {
    self.endpoint = endpoint
    self.loop = loop
    self.limits = limits
  }

  /// Sends `request` and waits for the whole answer, at most `Limits.timeoutMs`.
  func send(_ request: ClientRequest) async -> Result<ClientResponse, ClientFailure> {
    if isClosed { return .failure(.clientClosed) }
    if waiting.count >= limits.waiting { return .failure(.tooManyWaiting) }
    return await withCheckedContinuation { continuation in
      waiting.append(ClientExchange(request, deadline: .afterMs(limits.timeoutMs), continuation))
      assignConnections()
      sweepLater()
    }
  }

  /// Ends all connections. Requests under way fail.
  func close() {
    isClosed = true
    while let exchange = waiting.popFirst() { exchange.end(.failure(.clientClosed)) }
    for connection in idle { connection.close() }
    idle = []
    for connection in busy.values { connection.fail(.clientClosed) }
  }

  private func assignConnections() {
    while let exchange = waiting.first {
      if let connection = quietConnection(for: exchange) {
        _ = waiting.popFirst()
        busy[ObjectIdentifier(connection)] = connection
        connection.begin(exchange)
      } else if busy.count + idle.count < limits.connections {
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
      if exchange.request.mayRetry || connection.isStillQuiet { return connection }
      connection.close()
    }
    return nil
  }

  private func connect(for exchange: ClientExchange) {
    switch endpoint.beginConnecting() {
    case .failure(let failure): exchange.end(.failure(failure))
    case .success(let descriptor):
      let connection = ClientConnection(
        descriptor, to: endpoint, maxBodyBytes: limits.bodyBytes, buffer: buffer
      ) {
        connection, event in self.handle(event, of: connection)
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
    while let exchange = waiting.first, exchange.deadline <= now {
      _ = waiting.popFirst()
      exchange.end(.failure(.timedOut))
    }
    for connection in busy.values where (connection.exchange?.deadline ?? now) <= now {
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
