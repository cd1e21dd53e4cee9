// One loop's calls of one service: where they go, how many there may be, and when they are tried again.

import Policies

/// Carries calls to a service. What fails is called by what is known of it; what stands still takes no more of the loop's
/// requests down than there may be calls under way.
actor ServiceCaller {
  /// Until when an answer is waited for where no request says so.
  static let usualMs = Leaving.drainMs
  static let underWayLimit = 64
  /// A host that is cut off says nothing: it is taken for gone long before the call's time is over.
  private static let connectMs = 1_000
  /// An answer that didn't come in less time says nothing of the service.
  private static let fairMs = 500
  /// Tries of one call, the first among them.
  static let tryLimit = 3
  private static let pauses = BackOff(firstMs: 10, limitMs: 100)
  private static let keptHeaders = [NotBegun.header, CallHeaders.seen, "Content-Type", "Retry-After"]

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let service: String
  private let signer: CallSigner?
  private var addresses: [ServerAddress] = []
  private var usesTLS = false
  /// A file of those whose certificates are believed, in place of those that the system believes.
  private let authorities: String?
  private var clients: [ServerAddress: HTTPClient] = [:]
  /// Those that are looked for, each once for all who wait.
  private var searches: [ServerAddress: Task<Result<Found, NoAddress>, Never>] = [:]
  /// The one of them that is asked.
  private var current: ServerAddress?
  private var breaker = CircuitBreaker.closed
  private var budget = RetryBudget()
  private var underWay = 0
  private var token: (text: String, endsAtMs: Int64) = ("", 0)
  private(set) var counts = Counts()

  struct Counts: Sendable {
    var calls = 0
    var repeated = 0
    var failed = 0
  }

  /// - Parameters:
  ///   - signer: who calls; nil where nobody asks.
  ///   - authorities: a file of certificates that vouch for the service where it is asked within TLS; nil for the system's.
  init(_ service: String, on loop: EventLoop, as signer: CallSigner?, believing authorities: String? = nil) {
    (self.service, self.loop, self.signer, self.authorities) = (service, loop, signer, authorities)
  }

  /// Calls go to these addresses from now on, within TLS or not; those that are under way stay where they are.
  func setAddresses(_ new: [ServerAddress], tls: Bool = false) async {
    let gone = clients.filter { tls != usesTLS || !new.contains($0.key) }
    if tls != usesTLS { searches = [:] }
    (addresses, usesTLS) = (new, tls)
    // Callers begin at different ones.
    if current.map({ !new.contains($0) }) ?? true { current = new.randomElement() }
    for address in gone.keys { clients[address] = nil }
    for client in gone.values { await client.closeWhenIdle() }
  }

  func close() async {
    (addresses, current) = ([], nil)
    for client in clients.values { await client.close() }
    clients = [:]
  }

  /// - Returns: the answer of the service, whatever it says.
  /// - Throws: `CallError`. It may have happened when that is so of any of its tries.
  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws(CallError) -> ClientResponse
  {
    counts.calls += 1
    guard underWay < Self.underWayLimit else {
      counts.failed += 1
      throw error(name, .didNotHappen, "\(underWay) calls of \(service) are under way already")
    }
    underWay += 1
    defer { underWay -= 1 }
    budget.call()
    let context = CurrentRequest.context
    let deadline = context?.due ?? .afterMs(Self.usualMs)
    var (tries, mayHaveHappened) = (0, false)
    while true {
      do {
        return try await attempt(name, arguments, context, isRepeated: tries > 0, by: deadline)
      } catch {
        tries += 1
        mayHaveHappened = mayHaveHappened || error.effect == .mayHaveHappened
        if await mayRepeat(after: error, tries, kind, context, by: deadline) { continue }
        counts.failed += 1
        throw self.error(name, mayHaveHappened ? .mayHaveHappened : .didNotHappen, error.reason)
      }
    }
  }

  /// Whether there is to be one more try, when it is time for it.
  private func mayRepeat(
    after error: CallError, _ tries: Int, _ kind: CallKind, _ context: (any RequestContext)?,
    by deadline: Deadline
  ) async -> Bool {
    let pauseMs = Self.pauses.ms(afterFailures: tries)
    guard error.effect == .didNotHappen || kind == .idempotent, tries < Self.tryLimit,
      context?.isRepeated != true, breaker.isClosed,
      Deadline.afterMs(pauseMs + CallHeaders.marginMs) < deadline, budget.spend()
    else { return false }
    counts.repeated += 1
    // It throws when nobody waits for the call any more.
    return (try? await loop.sleep(ms: BackOff.shortened(pauseMs, chance: .random(in: 0...1)))) != nil
  }

  private func attempt(
    _ name: String, _ arguments: [UInt8], _ context: (any RequestContext)?, isRepeated: Bool,
    by deadline: Deadline
  ) async throws(CallError) -> ClientResponse {
    let leftMs = deadline.remainingMs - CallHeaders.marginMs
    guard leftMs > 0 else { throw error(name, .didNotHappen, "there is no time left") }
    let isTrial = !breaker.isClosed
    guard !isTrial || breaker.beginTrial(nowNs: Deadline.now.uptimeNanoseconds) else {
      throw error(name, .didNotHappen, "\(service) has not answered before; it is tried again in a moment")
    }
    let (address, client, request): (ServerAddress, HTTPClient, ClientRequest)
    let span = context?.beginSpan()
    do {
      (address, client) = try await self.client()
      request = try self.request(
        name, arguments, context, span?.trace ?? context?.trace.child(), isRepeated: isRepeated,
        leftMs: leftMs)
    } catch {
      span?.end(CallSpan(service: service, call: name, address: current), failure: "away")
      note(.failed, isTrial)
      throw self.error(name, .didNotHappen, "\(error)")
    }
    // The service is told of less: it gives up while it is still listened to.
    let delivery = await client.deliver(request, by: deadline)
    span?.end(
      CallSpan(service: service, call: name, address: address, delivery.result, isRepeated: isRepeated),
      failure: CallSpan.failure(of: delivery.result))
    let outcome = Outcome(delivery, leftMs: leftMs)
    note(outcome, isTrial)
    if outcome != .answered { await leave(address, wasSent: delivery.wasSent) }
    return try answer(delivery, name)
  }

  private func answer(_ delivery: HTTPClient.Delivery, _ name: String) throws(CallError) -> ClientResponse {
    switch delivery.result {
    case .success(let answer) where answer.header(NotBegun.header) != nil:
      throw error(name, .didNotHappen, "\(service) answered \(answer.status) and did not begin")
    case .success(let answer) where answer.isOfService: return answer
    case .success(let answer):
      throw error(name, .mayHaveHappened, "\(answer.status) came from before \(service)")
    case .failure(let failure):
      throw error(name, delivery.wasSent ? .mayHaveHappened : .didNotHappen, failure.kind)
    }
  }

  // MARK: What goes out

  private func request(
    _ name: String, _ arguments: [UInt8], _ context: (any RequestContext)?, _ trace: TraceContext?,
    isRepeated: Bool, leftMs: Int
  ) throws -> ClientRequest {
    var headers = [Header(CallHeaders.deadline, String(leftMs))]
    if let signer { headers.append(Header("Authorization", "Bearer " + (try token(of: signer)))) }
    if isRepeated || context?.isRepeated == true { headers.append(Header(CallHeaders.repeated, "1")) }
    if let trace { headers.append(Header("traceparent", trace.traceparent)) }
    if let seen = context?.seen?.copy.text { headers.append(Header(CallHeaders.seen, seen)) }
    return ClientRequest(
      "POST", CallHeaders.path(service, name), headers: headers,
      body: .init(mediaType: "application/json", bytes: arguments),
      // Tries are counted here, and told.
      mayRetry: false)
  }

  /// Signed anew when half of its life is over.
  private func token(of signer: CallSigner) throws -> String {
    let nowMs = wallClockMs()
    let halfLifeMs = CallToken.lifeSeconds * 500
    if nowMs > token.endsAtMs - halfLifeMs || nowMs < token.endsAtMs - 2 * halfLifeMs {
      let text = try CallToken.text(from: signer.service, to: service, signer.secret, nowMs: nowMs)
      token = (text, nowMs + 2 * halfLifeMs)
    }
    return token.text
  }

  /// That of the address that is asked now.
  private func client() async throws(NoAddress) -> (ServerAddress, HTTPClient) {
    guard let address = current else { throw NoAddress(description: "the placement has no address of it") }
    if let client = clients[address] { return (address, client) }
    let isEncrypted = usesTLS
    let search = searches[address] ?? Task { await find(address, isEncrypted: isEncrypted) }
    searches[address] = search
    let result = await search.value
    if searches[address] == search { searches[address] = nil }
    let found: Found
    do throws(NoAddress) { found = try result.get() } catch {
      turn(from: address)
      throw error
    }
    // Meanwhile others may have found it, or the placement another one.
    if isEncrypted == usesTLS, let client = clients[address] { return (address, client) }
    guard addresses.contains(address), isEncrypted == usesTLS else {
      throw NoAddress(description: "its address \(address) has just gone")
    }
    let client = HTTPClient(
      found.endpoint, on: loop,
      HTTPClient.Settings(
        userAgent: "heights", connections: Self.underWayLimit, waiting: Self.underWayLimit,
        connectMs: Self.connectMs, idleMs: KeepAlive.callerMs, keptHeaders: Self.keptHeaders,
        encryption: found.encryption))
    clients[address] = client
    return (address, client)
  }

  /// Where an address is, and what keeps from others what is said there. The certificates are read anew each time.
  private func find(_ address: ServerAddress, isEncrypted: Bool) async -> Result<Found, NoAddress> {
    // By the name that its certificate has, which a balancer may go by as well.
    let isUsual = address.port == (isEncrypted ? 443 : 80)
    let authority = isUsual ? address.host : address.description
    guard let host = await HostName.numeric(address.host),
      let endpoint = try? Endpoint.at(host, port: address.port, authority: authority)
    else { return .failure(NoAddress(description: "the host '\(address.host)' is not known")) }
    guard isEncrypted else { return .success(Found(endpoint: endpoint, encryption: nil)) }
    do throws(StreamFailure) {
      let believed = try await TLSClient.read(authorities: authorities)
      return .success(
        Found(endpoint: endpoint) { (descriptor) throws(StreamFailure) in
          try TLSStream(descriptor, name: address.host, believed)
        })
    } catch {
      return .failure(NoAddress(description: "it can't be asked within TLS: \(error)"))
    }
  }

  private struct Found {
    let endpoint: Endpoint
    let encryption: HTTPClient.Encryption?
  }

  /// Others are asked from now on, unless somebody has seen to that already. Where nothing arrives its name may stand for
  /// another machine by now.
  private func leave(_ address: ServerAddress, wasSent: Bool) async {
    turn(from: address)
    if !wasSent { await clients.removeValue(forKey: address)?.closeWhenIdle() }
  }

  private func turn(from address: ServerAddress) {
    guard current == address, let index = addresses.firstIndex(of: address) else { return }
    current = addresses[(index + 1) % addresses.count]
  }

  // MARK: What is learnt

  /// What an attempt says of the service.
  private enum Outcome {
    case answered, failed, nothing

    init(_ delivery: HTTPClient.Delivery, leftMs: Int) {
      switch delivery.result {
      case .success(let answer): self = answer.isOfService ? .answered : .failed
      // Whoever goes away, or gives it no time, says nothing of it.
      case .failure(.cancelled), .failure(.clientClosed): self = .nothing
      case .failure(.timedOut) where leftMs < ServiceCaller.fairMs: self = .nothing
      case .failure: self = .failed
      }
    }
  }

  /// While the breaker is not closed only the trial counts: what was sent before it opened comes late.
  private func note(_ outcome: Outcome, _ isTrial: Bool) {
    let nowNs = Deadline.now.uptimeNanoseconds
    let chance = Double.random(in: 0...1)
    switch outcome {
    case .nothing: if isTrial { breaker.giveUpTrial(nowNs: nowNs) }
    case .answered where isTrial, .failed where isTrial:
      breaker.endTrial(succeeded: outcome == .answered, nowNs: nowNs, chance: chance)
    case .answered:
      breaker.succeed()
      breaker.settle()
    case .failed:
      if breaker.fail(isCertain: false, nowNs: nowNs, chance: chance) {
        Log.warning("a service does not answer", [("service", service)])
      }
    }
  }

  private func error(_ name: String, _ effect: CallError.Effect, _ reason: String) -> CallError {
    CallError(call: "\(service)/\(name)", effect: effect, reason: reason)
  }
}

extension ClientResponse {
  /// Not a load balancer's own word: there is nobody behind it, or nobody who answers.
  fileprivate var isOfService: Bool {
    isSuccess || header(NotBegun.header) != nil
      || header("Content-Type")?.hasPrefix("application/problem") == true
  }
}

private struct NoAddress: Error, CustomStringConvertible {
  let description: String
}

/// Who calls others: the service that the process is, and the key by which they know it.
struct CallSigner: Sendable {
  let service: String
  let secret: CallerSecret
}
