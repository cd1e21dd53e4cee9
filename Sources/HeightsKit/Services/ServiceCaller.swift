// One loop's calls of one service: where they go, how many there may be, and when they are tried again.

import Policies

/// Carries calls to a service. What fails is called by what is known of it; what stands still takes no more of the loop's
/// requests down than there may be calls under way.
actor ServiceCaller {
  /// Until when an answer is waited for where no request says so.
  static let usualMs = Leaving.drainMs
  static let underWayLimit = 64
  /// Tries of one call, the first among them.
  static let tryLimit = 3
  private static let pauses = BackOff(firstMs: 10, limitMs: 100)
  private static let keptHeaders = [NotBegun.header, CallHeaders.seen, "Content-Type", "Retry-After"]

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let service: String
  private let signer: CallSigner?
  private var addresses: [ServerAddress] = []
  private var clients: [ServerAddress: HTTPClient] = [:]
  /// The address that is asked, in `addresses`.
  private var current = 0
  private var breaker = CircuitBreaker.closed
  private var budget = RetryBudget()
  private var underWay = 0
  private var token: (text: String, endsAtMs: Int64) = ("", 0)
  private(set) var counts = Counts()

  struct Counts: Sendable {
    var calls = 0
    var repeated = 0
    var failed = 0
    /// For how long a call that was answered took, tries that failed before it included; microseconds, all together.
    var microseconds = 0
  }

  /// - Parameter signer: who calls; nil where nobody asks.
  init(_ service: String, on loop: EventLoop, as signer: CallSigner?) {
    (self.service, self.loop, self.signer) = (service, loop, signer)
  }

  /// Calls go to these addresses from now on; those that are under way stay where they are.
  func setAddresses(_ new: [ServerAddress]) async {
    let gone = clients.filter { !new.contains($0.key) }
    (addresses, current) = (new, 0)
    for address in gone.keys { clients[address] = nil }
    for client in gone.values { await client.closeWhenIdle() }
  }

  func close() async {
    addresses = []
    for client in clients.values { await client.close() }
    clients = [:]
  }

  /// - Returns: the answer of the service, whatever it says.
  /// - Throws: `CallError`.
  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> ClientResponse {
    guard underWay < Self.underWayLimit else {
      throw error(name, .didNotHappen, "\(underWay) calls of \(service) are under way already")
    }
    underWay += 1
    defer { underWay -= 1 }
    counts.calls += 1
    budget.call()
    let context = CurrentRequest.context
    let begun = Deadline.now
    let deadline = context?.due ?? begun.plus(ms: Self.usualMs)
    var tries = 0
    while true {
      do {
        let answer = try await attempt(name, arguments, kind, context, isRepeated: tries > 0, by: deadline)
        counts.microseconds += begun.elapsedMicroseconds
        return answer
      } catch {
        tries += 1
        let mayRepeat = error.effect == .didNotHappen || kind == .idempotent
        guard mayRepeat, tries < Self.tryLimit, context?.isRepeated != true, breaker.isClosed,
          Deadline.afterMs(Self.pauses.ms(afterFailures: tries) + CallHeaders.marginMs) < deadline,
          budget.spend()
        else {
          counts.failed += 1
          throw error
        }
        counts.repeated += 1
        let pauseMs = BackOff.shortened(
          Self.pauses.ms(afterFailures: tries), chance: .random(in: 0...1))
        try await loop.sleep(ms: pauseMs)
      }
    }
  }

  private func attempt(
    _ name: String, _ arguments: [UInt8], _ kind: CallKind, _ context: (any RequestContext)?,
    isRepeated: Bool, by deadline: Deadline
  ) async throws(CallError) -> ClientResponse {
    let leftMs = deadline.remainingMs - CallHeaders.marginMs
    guard leftMs > 0 else { throw error(name, .didNotHappen, "there is no time left") }
    guard breaker.isClosed || breaker.beginTrial(nowNs: Deadline.now.uptimeNanoseconds) else {
      throw error(name, .didNotHappen, "\(service) has not answered before; it is tried again in a moment")
    }
    let client: HTTPClient
    let request: ClientRequest
    do {
      client = try await self.client()
      request = try self.request(name, arguments, kind, context, isRepeated: isRepeated, leftMs: leftMs)
    } catch {
      note(succeeded: false)
      throw self.error(name, .didNotHappen, "\(error)")
    }
    let delivery = await client.deliver(request, by: .afterMs(leftMs))
    return try judge(delivery, name)
  }

  private func judge(_ delivery: HTTPClient.Delivery, _ name: String) throws(CallError) -> ClientResponse {
    switch delivery.result {
    case .success(let answer):
      if answer.header(NotBegun.header) != nil {
        note(succeeded: true)
        throw error(name, .didNotHappen, "\(service) answered \(answer.status) and did not begin")
      }
      // A load balancer's own word: there is nobody behind it, or nobody who answers.
      let isOfApp =
        answer.isSuccess || answer.header("Content-Type")?.hasPrefix("application/problem") == true
      note(succeeded: isOfApp)
      guard isOfApp else {
        throw error(name, .mayHaveHappened, "\(answer.status) came from before \(service)")
      }
      return answer
    case .failure(let failure):
      // A caller that went away says nothing of the service.
      if failure != .cancelled { note(succeeded: false) }
      if !delivery.wasSent { current = (current + 1) % max(addresses.count, 1) }
      throw error(name, delivery.wasSent ? .mayHaveHappened : .didNotHappen, failure.kind)
    }
  }

  // MARK: What goes out

  private func request(
    _ name: String, _ arguments: [UInt8], _ kind: CallKind, _ context: (any RequestContext)?,
    isRepeated: Bool,
    leftMs: Int
  ) throws -> ClientRequest {
    var headers = [Header(CallHeaders.deadline, String(leftMs))]
    if let signer { headers.append(Header("Authorization", "Bearer " + (try token(of: signer)))) }
    if isRepeated || context?.isRepeated == true { headers.append(Header(CallHeaders.repeated, "1")) }
    if let context { headers.append(Header("traceparent", context.trace.child().traceparent)) }
    if let seen = context?.seen?.copy.text { headers.append(Header(CallHeaders.seen, seen)) }
    return ClientRequest(
      "POST", CallHeaders.path(service, name), headers: headers,
      body: .init(mediaType: "application/json", bytes: arguments), mayRetry: kind == .idempotent)
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

  private func client() async throws -> HTTPClient {
    guard addresses.indices.contains(current) else {
      throw NoAddress(description: "the placement has no address of it")
    }
    let address = addresses[current]
    if let client = clients[address] { return client }
    guard let host = await HostName.numeric(address.host) else {
      current = (current + 1) % addresses.count
      throw NoAddress(description: "the host '\(address.host)' is not known")
    }
    if let client = clients[address] { return client }
    let client = HTTPClient(
      try .http("http://\(host):\(address.port)"), on: loop,
      HTTPClient.Settings(
        userAgent: "heights", connections: Self.underWayLimit, waiting: Self.underWayLimit,
        idleMs: KeepAlive.callerMs, keptHeaders: Self.keptHeaders))
    clients[address] = client
    return client
  }

  // MARK: What is learnt

  private func note(succeeded: Bool) {
    let nowNs = Deadline.now.uptimeNanoseconds
    let chance = Double.random(in: 0...1)
    guard breaker.isClosed else {
      return breaker.endTrial(succeeded: succeeded, nowNs: nowNs, chance: chance)
    }
    if succeeded {
      breaker.succeed()
      breaker.settle()
    } else if breaker.fail(isCertain: false, nowNs: nowNs, chance: chance) {
      Log.warning("a service does not answer", [("service", service)])
    }
  }

  private func error(_ name: String, _ effect: CallError.Effect, _ reason: String) -> CallError {
    CallError(call: "\(service)/\(name)", effect: effect, reason: reason)
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
