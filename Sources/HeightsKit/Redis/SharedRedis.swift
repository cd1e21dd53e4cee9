// The Redis that an app's processes share: who leads is known, commands go there, and nobody waits while it is away.

import Glibc
import Policies
import Synchronization

/// A process's way to Redis.
///
/// Each loop has a connection to the leader, on which its commands are pipelined. One seeker finds the leader, watches
/// it, and finds the next. When Redis fails, a circuit breaker opens: from then on commands fail at once, until the seeker
/// has found a leader that answers and has told it what it missed (`onVisit`).
///
/// Everything in Redis may be lost, or be as it was a while ago: after a failover what the old leader had not yet
/// replicated is gone. Whoever keeps something in it says what holds then.
final class SharedRedis: Sendable {
  /// Tells a leader what it has missed: when it has come or come back (`isNew`), before anybody else asks it, and every
  /// second while it is well.
  typealias Visit = @Sendable (RedisConnection, _ isNew: Bool) async throws(RedisError) -> Void

  /// What came over a channel; nil when something may have been missed.
  typealias Receive = @Sendable ([UInt8]?) -> Void

  struct Leader: Sendable {
    let address: ServerAddress
    /// The address in numbers.
    let host: String
    /// Whom to believe; nil for one without TLS.
    let tls: TLSClient?
    let version: Int
  }

  private struct State {
    var place: Placement.SharedCache?
    var breaker: CircuitBreaker
    var leader: Leader?
    /// Counts leaders.
    var version = 0
    var seeker: RedisSeeker?
    /// Why it is away.
    var reason = "no server is named"
    var visits: [Visit] = []
    var receivers: [(channel: String, receive: Receive)] = []
  }

  /// How long a command may take unless told otherwise, in milliseconds.
  static let commandMs = 250
  /// How long a new place is waited for, in milliseconds.
  private static let adoptionMs = 2_000

  let metrics = RedisMetrics()
  private let credentials: RedisCredentials
  private let sentinelCredentials: RedisCredentials
  private let authorities: String?
  private let state: Mutex<State>
  private let hasFailures = Atomic<Bool>(false)
  private let usableSince = Atomic<Int64>(Int64.max)
  // Set once, in `init`: each needs its owner.
  private nonisolated(unsafe) var loops: [RedisLoop] = []

  /// - Parameters:
  ///   - sentinels: by what the sentinels know the process.
  ///   - authorities: a file of certificates that vouch for servers; nil for the system's.
  init(
    _ loops: EventLoopGroup, _ credentials: RedisCredentials,
    sentinels: RedisCredentials = RedisCredentials(),
    authorities: String? = nil
  ) async throws {
    self.credentials = credentials
    sentinelCredentials = sentinels
    self.authorities = authorities
    state = Mutex(State(breaker: CircuitBreaker(nowNs: Deadline.now.uptimeNanoseconds)))
    // OpenSSL writes to sockets that the server may have closed.
    signal(SIGPIPE, SIG_IGN)
    self.loops = loops.loops.map { RedisLoop(self, on: $0) }
    for one in self.loops { try await one.loop.run { one.flushes.start() } }
  }

  // MARK: Where it is

  /// Whether there is a Redis at all.
  var isPlaced: Bool { state.withLock { $0.place != nil } }

  /// Whether it can be asked now.
  var isUsable: Bool { state.withLock { $0.breaker.isClosed } }

  /// Since when it has been asked without interruption, in milliseconds since 1970. What was written before is not to be
  /// relied on: while it was away, others may have wanted to change it and could not.
  var usableSinceMs: Int64 { usableSince.load(ordering: .acquiring) }

  /// Goes by another Redis, or by none. Returns when that has been found, or not within 2 s: then it is sought on.
  func setPlace(_ place: Placement.SharedCache?) async {
    let old = state.withLock { state -> RedisSeeker?? in
      guard state.place != place else { return nil }
      let old = state.seeker
      state.place = place
      state.leader = nil
      state.breaker = CircuitBreaker(nowNs: Deadline.now.uptimeNanoseconds)
      state.reason = place == nil ? "no server is named" : "no leader has been found yet"
      state.seeker = place.map { RedisSeeker($0, redis: self, authorities: authorities, loops[0].flushes) }
      return .some(old)
    }
    guard case .some(let old) = old else { return }
    let first = loops[0].loop
    if let old { first.onLoop { old.stop() } }
    for one in loops { one.loop.onLoop { one.close() } }
    guard let seeker = state.withLock({ $0.seeker }) else { return }
    first.spawn { await seeker.run() }
    let deadline = Deadline.afterMs(Self.adoptionMs)
    while !isUsable, !deadline.hasPassed, (try? await first.sleep(ms: 2)) != nil {}
  }

  func close() async {
    await setPlace(nil)
    for one in loops { try? await one.loop.run { one.close() } }
  }

  /// What a connection sends first: read each time, since it may change.
  var logIn: [RedisArgument]? { credentials.logIn }
  /// The same for one to a sentinel, which is not told the password of the servers.
  var sentinelLogIn: [RedisArgument]? { sentinelCredentials.logIn }

  // MARK: Commands

  /// - Parameter deadlineMs: how long it may take; nil for `commandMs`, and no longer than until the caller's request is due.
  /// - Throws: `RedisError`, at once while it is away.
  func command(_ arguments: RedisArgument..., deadlineMs: Int? = nil) async throws(RedisError)
    -> RedisValue
  {
    try await commands([arguments], deadlineMs: deadlineMs)[0].get()
  }

  /// The answers of several commands, in their order.
  func commands(
    _ list: [[RedisArgument]], deadlineMs: Int? = nil
  ) async -> [Result<RedisValue, RedisError>] {
    let limit = Deadline.afterMs(deadlineMs ?? Self.commandMs)
    let request = CurrentRequest.context
    let due = deadlineMs == nil ? request?.due : nil
    let span = request?.beginSpan()
    let answers: [Result<RedisValue, RedisError>]
    if let current {
      answers = await current.commands(list, until: limit, due: due)
    } else {
      let any = loops[0]
      answers =
        (try? await any.loop.run { await any.commands(list, until: limit, due: due) })
        ?? list.map { _ in .failure(.away("the loops have ended")) }
    }
    if let span {
      span.end(
        RedisSpan(list, server: state.withLock { $0.leader?.address }), failure: RedisSpan.failure(answers))
    }
    return answers
  }

  /// The connection of the caller's loop; nil off the loops.
  private var current: RedisLoop? {
    guard let loop = EventLoop.current, loop.index < loops.count, loops[loop.index].loop === loop else {
      return nil
    }
    return loops[loop.index]
  }

  func leader() throws(RedisError) -> Leader {
    let (leader, reason) = state.withLock { ($0.breaker.isClosed ? $0.leader : nil, $0.reason) }
    guard let leader else { throw .away(reason) }
    return leader
  }

  // MARK: Who keeps something in it

  func onVisit(_ visit: @escaping Visit) { state.withLock { $0.visits.append(visit) } }

  /// The channels that all processes listen to.
  static let channels = ["cache-removed"]

  /// - Parameter channel: one of `channels`.
  func receive(from channel: String, _ receive: @escaping Receive) {
    state.withLock { $0.receivers.append((channel, receive)) }
  }

  func hand(_ bytes: [UInt8]?, from channel: String?) {
    let receivers = state.withLock { $0.receivers }
    for receiver in receivers where channel == nil || receiver.channel == channel { receiver.receive(bytes) }
  }

  var visits: [Visit] { state.withLock { $0.visits } }

  // MARK: The breaker

  func note(_ answers: [Result<RedisValue, RedisError>], of version: Int) {
    for answer in answers {
      switch answer {
      case .success:
        if hasFailures.exchange(false, ordering: .relaxed) { state.withLock { $0.breaker.succeed() } }
      case .failure(.timeout):
        hasFailures.store(true, ordering: .relaxed)
        fail(.timeout, of: version, isCertain: false)
      case .failure(let error): if error.isOfLeader { trip(error, of: version) }
      }
    }
  }

  /// The leader of that version is gone, or leads no more.
  func trip(_ error: RedisError, of version: Int) { fail(error, of: version, isCertain: true) }

  private func fail(_ error: RedisError, of version: Int, isCertain: Bool) {
    let opened = state.withLock { state -> RedisSeeker? in
      guard state.leader?.version == version,
        state.breaker.fail(
          isCertain: isCertain, nowNs: Deadline.now.uptimeNanoseconds, chance: .random(in: 0...1))
      else { return nil }
      state.reason = error.reason
      usableSince.store(Int64.max, ordering: .releasing)
      return state.seeker
    }
    guard let opened else { return }
    Log.warning("redis is away", [("why", "\(error)")])
    loops[0].loop.execute { opened.wake() }
  }

  var breaker: CircuitBreaker { state.withLock { $0.breaker } }

  func settle() { state.withLock { $0.breaker.settle() } }

  /// - Returns: whether the trial is due, which `seeker` makes now.
  func beginTrial(_ seeker: RedisSeeker) -> Bool {
    state.withLock { $0.seeker === seeker && $0.breaker.beginTrial(nowNs: Deadline.now.uptimeNanoseconds) }
  }

  /// The leader that the seeker has found and brought up to date; or why there is none.
  func endTrial(
    _ seeker: RedisSeeker, _ result: Result<(ServerAddress, host: String, tls: TLSClient?), RedisError>
  ) {
    state.withLock { state in
      guard state.seeker === seeker else { return }
      let (nowNs, chance) = (Deadline.now.uptimeNanoseconds, Double.random(in: 0...1))
      switch result {
      case .success(let (address, host, tls)):
        state.version += 1
        state.leader = Leader(address: address, host: host, tls: tls, version: state.version)
        usableSince.store(wallClockMs(), ordering: .releasing)
        state.breaker.endTrial(succeeded: true, nowNs: nowNs, chance: chance)
      case .failure(let error):
        state.reason = error.reason
        state.breaker.endTrial(succeeded: false, nowNs: nowNs, chance: chance)
      }
    }
  }

  var leaderVersion: Int { state.withLock { $0.version } }
}
