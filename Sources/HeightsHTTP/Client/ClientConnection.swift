// One socket: it connects, sends a request, reads the answer, and waits for the next.

import Glibc
import HeightsRuntime

/// A request on its way, with whoever waits for its answer.
final class ClientExchange {
  let request: ClientRequest
  let deadline: Deadline
  /// It went out once already, on a connection that turned out to be closed.
  var isSecondTry = false
  /// Whether any byte of it has been handed to the kernel, on whatever connection.
  var wasSent = false
  let number: UInt64
  private let continuation: CheckedContinuation<HTTPClient.Delivery, Never>

  init(
    _ request: ClientRequest, deadline: Deadline, number: UInt64,
    _ continuation: CheckedContinuation<HTTPClient.Delivery, Never>
  ) {
    self.request = request
    self.deadline = deadline
    self.number = number
    self.continuation = continuation
  }

  /// Called once.
  func end(_ result: Result<ClientResponse, ClientFailure>) {
    continuation.resume(returning: HTTPClient.Delivery(result: result, wasSent: wasSent))
  }
}

/// What a loop's connections read into, one after the other.
final class ReadBuffer {
  var bytes = [UInt8](repeating: 0, count: 64 << 10)
}

/// A connection to the target, used by its loop's thread only. One request at a time.
final class ClientConnection {
  /// What the pool is told.
  enum Event {
    case answered(ClientExchange, ClientResponse)
    /// The connection has ended under a request. `unanswered`: it was in use before, and no byte of this answer came,
    /// so the server may have closed it before it saw the request.
    case failed(ClientExchange, ClientFailure, unanswered: Bool)
    case closedWhileIdle
  }

  private enum State { case connecting, opening, open, closed }

  private let endpoint: Endpoint
  private let settings: HTTPClient.Settings
  private let buffer: ReadBuffer
  private let onEvent: (ClientConnection, Event) -> Void
  private let descriptor: Int32
  private let stream: any ByteStream
  private var watch: Watch?
  private var state = State.connecting
  private var output: [UInt8] = []
  private var outputSent = 0
  private var parser: ResponseParser
  private var answers = 0
  private(set) var exchange: ClientExchange?
  /// When it has last answered, or was made.
  private(set) var idleSince = Deadline.now

  /// - Parameters:
  ///   - descriptor: a socket that is connecting; the connection closes it.
  ///   - stream: its bytes.
  init(
    _ descriptor: Int32, _ stream: any ByteStream, to endpoint: Endpoint, _ settings: HTTPClient.Settings,
    buffer: ReadBuffer,
    _ onEvent: @escaping (ClientConnection, Event) -> Void
  ) {
    self.descriptor = descriptor
    self.stream = stream
    self.endpoint = endpoint
    self.settings = settings
    self.buffer = buffer
    self.onEvent = onEvent
    parser = Self.parser(settings)
  }

  private static func parser(_ settings: HTTPClient.Settings) -> ResponseParser {
    ResponseParser(maxBodyBytes: settings.bodyBytes, keeping: settings.keptHeaders)
  }

  /// Lets `loop` drive the connection from now on.
  func watch(on loop: EventLoop) {
    do {
      watch = try loop.watch(descriptor, [.readable, .writable]) { [self] in handle($0) }
    } catch {
      fail(.system(errno: (error as? SystemError)?.code ?? EMFILE))
    }
  }

  var isOpen: Bool { state != .closed }

  /// Whether there is no connection yet, after all the time that it may take.
  func isConnecting(tooLongAt now: Deadline) -> Bool {
    (state == .connecting || state == .opening)
      && idleSince.microseconds(until: now) / 1_000 >= settings.connectMs
  }

  /// Whether nothing has come on an idle connection: neither its end nor bytes that nobody asked for. (A server that sends new
  /// keys meanwhile is left as well, which costs a connection.)
  var isStillQuiet: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) < 0 && errno == EAGAIN
  }

  func begin(_ exchange: ClientExchange) {
    self.exchange = exchange
    parser = Self.parser(settings)
    output.removeAll(keepingCapacity: true)
    outputSent = 0
    exchange.request.write(to: endpoint, settings, into: &output)
    if state == .open { writeOutput() }
  }

  /// Ends the connection, without an event.
  func close() {
    guard state != .closed else { return }
    state = .closed
    watch?.cancel()
    Glibc.close(descriptor)
  }

  /// Ends the connection under its request.
  func fail(_ failure: ClientFailure) {
    guard state != .closed else { return }
    let unanswered = answers > 0 && !parser.hasBegun && (failure == .closed || failure == .reset)
    close()
    guard let exchange else { return onEvent(self, .closedWhileIdle) }
    self.exchange = nil
    onEvent(self, .failed(exchange, failure, unanswered: unanswered))
  }

  private func handle(_ events: IOEvents) {
    if state == .connecting { finishConnecting() } else if state == .opening { goOnOpening() }
    if state == .open, events.contains(.writable) { writeOutput() }
    if state == .open, !events.isDisjoint(with: [.readable, .hangUp]) { readInput() }
  }

  private func finishConnecting() {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    if code != 0 { return fail(ClientFailure(errno: code)) }
    state = .opening
    goOnOpening()
  }

  private func goOnOpening() {
    switch stream.open() {
    case .moved:
      state = .open
      watch?.update(.readable)
      writeOutput()
    case .waits(let events): watch?.update(events)
    case .failed(let failure): fail(ClientFailure(failure))
    }
  }

  private func writeOutput() {
    while outputSent < output.count {
      switch output.withUnsafeBytes({ stream.write(UnsafeRawBufferPointer(rebasing: $0[outputSent...])) }) {
      case .moved(let sent):
        outputSent += sent
        exchange?.wasSent = true
      case .waits(let events): return watch?.update(events.union(.readable)) ?? ()
      case .failed(let failure): return fail(ClientFailure(failure))
      }
    }
    watch?.update(.readable)
  }

  private func readInput() {
    switch buffer.bytes.withUnsafeMutableBytes({ stream.read(into: $0) }) {
    case .moved(let count): if exchange == nil { fail(.closed) } else { receive(count) }
    case .waits: break
    case .failed(.closed) where exchange != nil:
      if let response = parser.receiveEnd() { succeed(response) } else { fail(.closed) }
    case .failed(let failure): fail(ClientFailure(failure))
    }
  }

  private func receive(_ count: Int) {
    let result = buffer.bytes.withUnsafeBytes { all in
      let received = UnsafeRawBufferPointer(rebasing: all[..<count])
      return Result { () throws(ClientFailure) in try parser.receive(received) }
    }
    switch result {
    case .success(let response?): succeed(response)
    case .success(nil): break
    case .failure(let failure): fail(failure)
    }
  }

  private func succeed(_ response: ClientResponse) {
    guard let exchange else { return }
    self.exchange = nil
    answers += 1
    idleSince = .now
    // An answer before the request was out (413) leaves a connection that no longer knows where requests begin.
    if response.closesConnection || outputSent < output.count { close() }
    onEvent(self, .answered(exchange, response))
  }
}
