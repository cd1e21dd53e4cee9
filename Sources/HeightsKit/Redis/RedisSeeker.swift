// Finds the Redis that leads, watches it, and finds the next.

import Glibc

/// Makes the trials of the circuit breaker, one after the other, for as long as a place holds. Loop thread only.
///
/// While all is well it looks every second whether its leader still says that it leads, whether the sentinels still name
/// it, and whether what is published comes back. So a leader that hangs, or that was replaced while it hung, is left even
/// when nobody asks it anything.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class RedisSeeker: @unchecked Sendable {
  static let checkMs = 1_000
  /// How long a server or sentinel may take to answer the seeker.
  static let answerMs = 300
  /// Published messages that may be missing before the subscription counts as dead.
  private static let missedLimit = 3

  private let place: Placement.SharedCache
  private weak var redis: SharedRedis?
  private let authorities: String?
  /// Whom to believe, as this trial has read it; nil without TLS.
  private var tls: TLSClient?
  private let flushes: RedisFlushes
  private let loop: EventLoop
  /// The servers, if no sentinel knows who leads; the one that answered last first.
  private var addresses: [ServerAddress] = []
  private var sentinels: RedisSentinels?
  private var leader: RedisConnection?
  private var subscription: RedisSubscription?
  private let heartbeat = "heartbeat-\(UInt64.random(in: 0...UInt64.max))"
  private var missed = 0
  private var isStopped = false
  private var lastReason = ""
  private let pause: Pause

  init(_ place: Placement.SharedCache, redis: SharedRedis, authorities: String?, _ flushes: RedisFlushes) {
    self.place = place
    self.redis = redis
    self.authorities = authorities
    self.flushes = flushes
    loop = flushes.loop
    pause = Pause(on: flushes.loop)
    switch place {
    case .sentinels(let addresses, let name): sentinels = RedisSentinels(addresses, name: name, flushes)
    case .servers(let addresses, _): self.addresses = addresses
    }
  }

  /// Runs until `stop`.
  func run() async {
    loop.checkIsolated()
    while !isStopped, let redis {
      if redis.beginTrial(self) {
        await makeTrial(redis)
      } else if redis.breaker.isClosed {
        await pause.rest(ms: Self.checkMs)
        if !isStopped, redis.breaker.isClosed { await check(redis) }
      } else {
        await pause.rest(
          ms: max(redis.breaker.trialAtNs.map { Deadline(uptimeNanoseconds: $0).remainingMs } ?? 1, 1))
      }
    }
    closeAll()
  }

  /// Looks at once.
  func wake() {
    loop.checkIsolated()
    pause.end()
  }

  func stop() {
    loop.checkIsolated()
    isStopped = true
    closeAll()
    wake()
  }

  private func closeAll() {
    sentinels?.close()
    leader?.close()
    subscription?.close()
    (leader, subscription) = (nil, nil)
  }

  // MARK: A trial

  private func makeTrial(_ redis: SharedRedis) async {
    do throws(RedisError) {
      try await readCertificates()
      let (found, host) = try await findLeader(redis)
      leader?.close()
      leader = found
      // What is said from now on is heard; what was said before may have been missed.
      try await subscribe(redis, at: found.address, host: host)
      for visit in redis.visits { try await visit(found, true) }
      redis.hand(nil, from: nil)
      missed = 0
      lastReason = ""
      redis.endTrial(self, .success((found.address, host, tls)))
      Log.info("redis leader found", [("server", "\(found.address)")])
    } catch {
      redis.endTrial(self, .failure(error))
      if "\(error)" != lastReason { Log.warning("redis is not found", [("why", "\(error)")]) }
      lastReason = "\(error)"
    }
  }

  /// They are in files, and may be replaced.
  private func readCertificates() async throws(RedisError) {
    guard case .servers(_, tls: true) = place else { return }
    do throws(StreamFailure) { tls = try await TLSClient.read(authorities: authorities) } catch {
      throw .away("\(error)")
    }
  }

  /// A connection with the password as it is now; none for a seeker that has been stopped.
  private func connect(
    to address: ServerAddress, host: String, _ redis: SharedRedis
  ) throws(RedisError) -> RedisConnection {
    if isStopped { throw .away("it is elsewhere") }
    return try RedisConnection(address, host: host, logIn: redis.logIn, tls: tls, flushes)
  }

  private func findLeader(_ redis: SharedRedis) async throws(RedisError) -> (RedisConnection, host: String) {
    if let sentinels {
      let named = try await sentinels.leader(redis.sentinelLogIn)
      return try await openLeader(named, redis)
    }
    var last = RedisError.away("no server is named")
    for _ in addresses {
      do throws(RedisError) { return try await openLeader(addresses[0], redis) } catch {
        last = error
        addresses.append(addresses.removeFirst())
      }
    }
    throw last
  }

  /// A connection to a server that says itself that it leads: sentinels may be behind.
  private func openLeader(
    _ address: ServerAddress, _ redis: SharedRedis
  ) async throws(RedisError) -> (RedisConnection, host: String) {
    guard let host = await HostName.numeric(address.host) else {
      throw .away("the host '\(address.host)' is not known")
    }
    let connection = try connect(to: address, host: host, redis)
    do throws(RedisError) { try await checkRole(connection, ms: Self.answerMs) } catch {
      connection.close()
      throw error
    }
    return (connection, host)
  }

  private func checkRole(_ connection: RedisConnection, ms: Int) async throws(RedisError) {
    let role = try await connection.command(["ROLE"], until: .afterMs(ms)).list.first?.text
    guard role == "master" else { throw .away("\(connection.address) does not lead") }
  }

  private func subscribe(_ redis: SharedRedis, at address: ServerAddress, host: String)
    async throws(RedisError)
  {
    subscription?.close()
    let connection = try connect(to: address, host: host, redis)
    let opened = RedisSubscription(connection, to: SharedRedis.channels + [heartbeat], on: loop)
    opened.receive = { [weak self] bytes, channel in
      if channel == self?.heartbeat { self?.missed = 0 } else { self?.redis?.hand(bytes, from: channel) }
    }
    subscription = opened
    try await opened.confirm(ms: Self.answerMs)
    opened.lost = { [weak redis] error in
      if let redis { redis.trip(error, of: redis.leaderVersion) }
    }
  }

  // MARK: Watching

  private func check(_ redis: SharedRedis) async {
    let version = redis.leaderVersion
    guard let leader else { return }
    do throws(RedisError) {
      try await checkRole(leader, ms: RedisConnection.silenceMs)
      try await checkChannel(leader)
      // Without a majority another may lead already, which is told of ends that this one never hears of.
      if let sentinels {
        let named = try await sentinels.leader(
          redis.sentinelLogIn, ms: RedisConnection.silenceMs)
        if named != leader.address { throw .away("\(named) has replaced \(leader.address)") }
      }
      for visit in redis.visits { try await visit(leader, false) }
      redis.settle()
    } catch { redis.trip(error, of: version) }
  }

  private func checkChannel(_ leader: RedisConnection) async throws(RedisError) {
    missed += 1
    _ = try await leader.command(
      ["PUBLISH", RedisArgument(heartbeat), ""], until: .afterMs(RedisConnection.silenceMs))
    if missed > Self.missedLimit { throw .away("what is published does not come back") }
  }
}
