// One loop's requests to a table's server: signed, bounded, and tried again while there is time.

import Policies

/// Sends what is asked of DynamoDB. Everything that it is used for does the same when it is done twice, so what was not
/// answered is tried again, after a pause that grows and is never the same for two: until it works, until the request that it
/// is for is due, or until nobody should have to wait any longer.
///
/// It signs by the server's clock, as answers tell it, once the server has refused something for its time.
actor DynamoCaller {
  /// How long something is waited for, also where no request is due earlier: a failover takes about as long.
  static let patienceMs = 3_000
  /// One try: a server that says nothing for so long is asked once more.
  static let tryMs = 1_000
  static let underWayLimit = 128
  private static let connectMs = 500
  private static let pauses = BackOff(firstMs: 20, limitMs: 500)
  /// The largest page that DynamoDB answers with has 1 MB, and JSON around it.
  private static let bodyBytes = 4 << 20
  /// From where on a clock that differs may be why a request was refused.
  private static let skewSeconds = 300

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let place: DynamoPlace
  private let metrics: DynamoMetrics
  private let credentials: LoopCredentials
  private let encrypt: @Sendable () async throws -> HTTPClient.Encryption?
  private let nowSeconds: @Sendable () -> Int
  private var client: HTTPClient?
  /// The one that is being made.
  private var making: Task<HTTPClient, any Error>?
  private var isClosed = false
  /// How far the server's clock is ahead of ours, once it has refused something for that.
  private var aheadSeconds = 0
  private var breaker = CircuitBreaker.closed
  private var budget = RetryBudget()
  private var underWay = 0
  /// Why it was not answered, the last time.
  private var lastFailure = ""

  init(
    _ place: DynamoPlace, on loop: EventLoop, _ metrics: DynamoMetrics,
    encrypt: @escaping @Sendable () async throws -> HTTPClient.Encryption?,
    nowSeconds: @escaping @Sendable () -> Int
  ) {
    (self.place, self.loop, self.metrics) = (place, loop, metrics)
    (self.encrypt, self.nowSeconds) = (encrypt, nowSeconds)
    credentials = LoopCredentials(place.variables, on: loop)
  }

  func close() async {
    isClosed = true
    await client?.close()
    client = nil
  }

  /// - Parameter body: JSON.
  /// - Returns: the body of the answer.
  /// - Throws: `DynamoError`, `DynamoConditionFailed`.
  func send(_ action: String, _ body: [UInt8]) async throws -> [UInt8] {
    guard underWay < Self.underWayLimit else {
      throw error(action, .away("\(underWay) requests of this loop are under way already"))
    }
    underWay += 1
    defer { underWay -= 1 }
    budget.call()
    let patience = Deadline.afterMs(Self.patienceMs)
    let deadline = min(CurrentRequest.deadline ?? patience, patience)
    var (failures, isSignedAnew) = (0, false)
    while true {
      let outcome = await attempt(action, body, by: deadline)
      switch outcome {
      case .done(let body): return body
      case .conditionFailed(let item): throw DynamoConditionFailed(item: item)
      case .signAnew(let reason):
        if isSignedAnew { throw error(action, reason) }
        isSignedAnew = true
      case .failed(let reason, let isFinal):
        failures += 1
        if isFinal { throw error(action, reason) }
        try await pause(failures, by: deadline, else: error(action, reason))
      }
    }
  }

  /// Rests before the next try, unless there is to be none.
  private func pause(_ failures: Int, by deadline: Deadline, else error: DynamoError) async throws {
    let pauseMs = BackOff.shortened(Self.pauses.ms(afterFailures: failures), chance: .random(in: 0...1))
    // Who waits for a breaker adds no request to what has failed.
    guard Deadline.afterMs(pauseMs) < deadline, !breaker.isClosed || budget.spend() else { throw error }
    try await loop.sleep(ms: pauseMs)
  }

  private enum Outcome {
    case done([UInt8])
    case conditionFailed(DynamoItem?)
    /// The next try is due at once, for it is signed otherwise.
    case signAnew(DynamoError.Reason)
    case failed(DynamoError.Reason, isFinal: Bool)
  }

  private func attempt(_ action: String, _ body: [UInt8], by deadline: Deadline) async -> Outcome {
    let isTrial = !breaker.isClosed
    guard !isTrial || breaker.beginTrial(nowNs: Deadline.now.uptimeNanoseconds) else {
      metrics.skipped.add(1, ordering: .relaxed)
      return .failed(
        .away("it has failed too often, at last: \(lastFailure); it is tried again within a second"),
        isFinal: false)
    }
    let begun = Deadline.now
    let signedAhead = aheadSeconds
    let span = CurrentRequest.beginSpan()
    let delivery: HTTPClient.Delivery
    let used: HTTPClient
    do {
      used = try await theClient()
      let request = try await self.request(action, body, used.authority, signedAhead)
      delivery = await used.deliver(request, by: min(deadline, .afterMs(Self.tryMs)))
    } catch {
      span?.end(DynamoSpan(action: action, place: place, status: nil), failure: "away")
      note(answered: false, isTrial)
      lastFailure = "\(error)"
      return .failed(.away(lastFailure), isFinal: false)
    }
    span?.end(
      DynamoSpan(action: action, place: place, status: try? delivery.result.get().status),
      failure: DynamoSpan.failure(of: delivery.result))
    metrics.microseconds.add(begun.elapsedMicroseconds, ordering: .relaxed)
    switch delivery.result {
    case .failure(let failure):
      // Whoever gives it no time says nothing of it.
      let isFair = failure != .cancelled && begun.elapsedMs >= min(Self.tryMs, 500) || failure != .timedOut
      if isFair || isTrial { note(answered: false, isTrial) }
      if !delivery.wasSent { await leave(used) }
      lastFailure = failure.kind
      return .failed(.away(failure.kind), isFinal: failure == .cancelled || isClosed)
    case .success(let answer):
      note(answered: answer.status < 500, isTrial)
      if answer.status >= 500 { lastFailure = "HTTP \(answer.status)" }
      return await outcome(answer, signedAhead)
    }
  }

  private func outcome(_ answer: ClientResponse, _ signedAhead: Int) async -> Outcome {
    if answer.isSuccess { return .done(answer.body) }
    let refusal = try? JSON.decode(DynamoRefusal.self, from: answer.body)
    let code = refusal?.code ?? ""
    let reason = DynamoError.Reason.refused(answer.status, code, refusal?.text ?? "")
    if [400, 403].contains(answer.status), isOtherTime(answer, signedAhead) { return .signAnew(reason) }
    switch DynamoVerdict(status: answer.status, code: code) {
    case .done: return .done(answer.body)
    case .conditionFailed: return .conditionFailed(refusal?.item)
    case .busy:
      metrics.throttled.add(1, ordering: .relaxed)
      return .failed(.busy(answer.status, code), isFinal: false)
    case .outdatedCredentials:
      await credentials.forget()
      return .signAnew(reason)
    case .refused: return .failed(reason, isFinal: true)
    }
  }

  /// Whether an answer tells of another time than what the request was signed at; the next one is signed at that.
  private func isOtherTime(_ answer: ClientResponse, _ signedAhead: Int) -> Bool {
    guard let seconds = answer.header("Date").flatMap(HTTPDate.seconds) else { return false }
    let ahead = seconds - nowSeconds()
    if abs(ahead - signedAhead) < Self.skewSeconds { return false }
    Log.warning("the tables have another time", [("secondsAhead", "\(ahead)")])
    aheadSeconds = abs(ahead) < Self.skewSeconds ? 0 : ahead
    return true
  }

  // MARK: What goes out

  private func request(
    _ action: String, _ body: [UInt8], _ authority: String, _ ahead: Int
  ) async throws -> ClientRequest {
    let type = "application/x-amz-json-1.0"
    let signed = AWSSignature(
      credentials: try await credentials.current(), region: place.region, service: "dynamodb"
    ).headers(
      "POST", host: authority, path: "/", query: "", hash: sha256(body),
      others: [("content-type", type), ("x-amz-target", "DynamoDB_20120810.\(action)")],
      at: nowSeconds() + ahead)
    // The client writes these two itself.
    let headers = signed.filter { $0.name != "host" && $0.name != "content-type" }
    // Tries are counted here.
    return ClientRequest(
      "POST", "/", headers: headers.map { Header($0.name, $0.value) },
      body: .init(mediaType: type, bytes: body),
      mayRetry: false)
  }

  /// Made once for all that wait for it: certificates are read, and a name is looked up.
  private func theClient() async throws -> HTTPClient {
    if let client { return client }
    let making = self.making ?? Task { try await makeClient() }
    self.making = making
    do {
      let made = try await making.value
      if self.making == making { (self.making, client) = (nil, isClosed ? nil : made) }
      return made
    } catch {
      if self.making == making { self.making = nil }
      throw error
    }
  }

  private func makeClient() async throws -> HTTPClient {
    let authority = place.host + (place.port.map { ":\($0)" } ?? "")
    let port = place.port ?? (place.isEncrypted ? 443 : 80)
    let encryption = try await encrypt()
    guard let address = await HostName.numeric(place.host),
      let endpoint = try? Endpoint.at(address, port: port, authority: authority)
    else { throw LoopCredentials.Missing(description: "the host '\(place.host)' is not known") }
    return HTTPClient(
      endpoint, on: loop,
      HTTPClient.Settings(
        userAgent: "heights", connections: Self.underWayLimit, waiting: Self.underWayLimit,
        bodyBytes: Self.bodyBytes, connectMs: Self.connectMs, idleMs: KeepAlive.callerMs,
        keptHeaders: ["Date"], encryption: encryption))
  }

  /// Where nothing arrives its name may stand for another machine by now. Others may have left it already.
  private func leave(_ used: HTTPClient) async {
    guard client === used else { return }
    client = nil
    await used.closeWhenIdle()
  }

  // MARK: What is learnt

  private func note(answered: Bool, _ isTrial: Bool) {
    if answered {
      metrics.answered.add(1, ordering: .relaxed)
    } else {
      metrics.failed.add(1, ordering: .relaxed)
    }
    let (nowNs, chance) = (Deadline.now.uptimeNanoseconds, Double.random(in: 0...1))
    if isTrial {
      breaker.endTrial(succeeded: answered, nowNs: nowNs, chance: chance)
    } else if answered {
      breaker.succeed()
      breaker.settle()
    } else if breaker.fail(isCertain: false, nowNs: nowNs, chance: chance) {
      Log.warning("a table is away", [("table", place.table)])
    }
  }

  var breakerState: CircuitBreaker { breaker }

  private func error(_ action: String, _ reason: DynamoError.Reason) -> DynamoError {
    DynamoError(table: place.table, action: action, reason: reason)
  }
}
