// Sends traces to a collector, which may be away, slow, or not known yet.

import Policies
import Synchronization

/// A collector's client. Its name is looked up with the first traces, and anew after a failure: it may stand for another machine
/// by then, and an app starts without it. One task sends at a time.
actor TraceCollector {
  /// How long a collector has for one message, and for all that is left at the end.
  static let sendMs = 2_000
  private static let tries = 3
  private static let pauses = BackOff(firstMs: 500, limitMs: 5_000)
  /// How often a name that is looked up is asked for.
  private static let lookMs = 20
  /// What a collector answers that may take the same later (OTLP 1.x, "Retryable Response Codes").
  private static let passing: Set<Int> = [429, 502, 503, 504]

  private enum Outcome {
    case taken
    /// It will not be otherwise another time.
    case refused(String)
    case missed(String)
  }

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let endpoint: TraceEndpoint
  private var client: HTTPClient?
  /// Under way; it is not waited for beyond the time of what is to be sent.
  private var search: HostSearch?

  init(_ endpoint: TraceEndpoint, on loop: EventLoop) { (self.endpoint, self.loop) = (endpoint, loop) }

  /// - Throws: `TracesLost`.
  func send(_ bytes: [UInt8], _ closing: TraceClosing) async throws {
    let request = ClientRequest(
      "POST", endpoint.path, headers: endpoint.headers,
      body: .init(mediaType: "application/json", bytes: bytes), mayRetry: false)
    var failures = 0
    while true {
      let outcome = try await attempt(request, by: closing.deadline ?? .afterMs(Self.sendMs))
      switch outcome {
      case .taken: return
      case .refused(let reason): throw TracesLost(description: "\(endpoint.origin) \(reason)")
      case .missed(let reason):
        failures += 1
        guard failures < Self.tries, closing.deadline == nil else {
          throw TracesLost(description: "\(endpoint.origin) \(reason)")
        }
        try await loop.sleep(ms: Self.pauses.ms(afterFailures: failures))
      }
    }
  }

  func close() async {
    let left = client
    client = nil
    await left?.close()
  }

  private func attempt(_ request: ClientRequest, by deadline: Deadline) async throws -> Outcome {
    guard let client = try await theClient(by: deadline) else { return .missed("is not found") }
    switch await client.deliver(request, by: deadline).result {
    case .success(let answer):
      if answer.isSuccess { return .taken }
      let reason = "answered \(answer.status)"
      return Self.passing.contains(answer.status) ? .missed(reason) : .refused(reason)
    case .failure(.insecure(let reason)):
      await close()
      return .missed("was not told anything: \(reason)")
    case .failure:
      await close()
      return .missed("did not answer")
    }
  }

  private func theClient(by deadline: Deadline) async throws -> HTTPClient? {
    if let client { return client }
    guard let found = try await address(by: deadline),
      let place = try? Endpoint.at(found, port: endpoint.port, authority: endpoint.authority)
    else { return nil }
    var settings = HTTPClient.Settings(
      userAgent: "heights", connections: 1, waiting: 1, bodyBytes: 64 << 10, idleMs: KeepAlive.callerMs)
    if endpoint.isEncrypted { settings.encryption = try await encryption() }
    let made = HTTPClient(place, on: loop, settings)
    client = made
    return made
  }

  /// By certificates that are read anew with each client.
  private func encryption() async throws -> HTTPClient.Encryption {
    do {
      let believed = try await TLSClient.read(authorities: endpoint.authorities)
      return { [host = endpoint.host] (descriptor) throws(StreamFailure) in
        try TLSStream(descriptor, name: host, believed)
      }
    } catch { throw TracesLost(description: "\(endpoint.origin) was not told anything: \(error)") }
  }

  private func address(by deadline: Deadline) async throws -> String? {
    // Of IPv6, and in numbers.
    if endpoint.host.contains(":") { return endpoint.host }
    let current = search ?? HostSearch(endpoint.host)
    search = current
    while !current.isOver, !deadline.hasPassed { try await loop.sleep(ms: Self.lookMs) }
    guard current.isOver else { return nil }
    search = nil
    return current.address
  }
}

/// A name that is looked up beside everything else: a resolver takes its time, and ends for nobody.
private final class HostSearch: Sendable {
  private struct State {
    var isOver = false
    var address: String?
  }

  private let state = Mutex(State())

  init(_ host: String) {
    // On no loop: a process that ends does not wait for it.
    Task.detached { [self] in
      let address = await HostName.numeric(host)
      state.withLock { $0 = State(isOver: true, address: address) }
    }
  }

  var isOver: Bool { state.withLock { state in state.isOver } }
  var address: String? { state.withLock { state in state.address } }
}

/// Why traces were not taken.
struct TracesLost: Error, CustomStringConvertible {
  let description: String
}
