// Copies in Redis of what is kept or made elsewhere: all processes read them, and whoever changes the original removes
// them for all.

import CSodium
import Synchronization

/// A copy may vanish at any time, and is never older than its original for longer than it lives.
///
/// - Who removes a copy leaves a mark in its place, so that nobody who has read the original before its change can put
///   the old copy there afterwards.
/// - A removal that does not reach Redis is made up for as soon as Redis is back, before anybody reads from it.
/// - With a secret, what others than the processes that share it have written is not believed, nor what they have written
///   elsewhere, or at another time.
/// - What was written before this process lost sight of Redis is not believed afterwards: a removal may be missing that
///   another process owes, or that a failover has lost.
///
/// What remains is a process that can't reach Redis while others can: until it can again, or the copy's life is over, they
/// read what it has changed as it was.
final class SharedCopies: Sendable {
  enum Found: Equatable {
    case copy([UInt8])
    /// The original has changed lately.
    case removed
    /// There is none to be believed, or Redis is away.
    case unknown
  }

  /// How far the clocks of two hosts may be apart, in milliseconds.
  static let skewMs: Int64 = 2_000
  /// Removals that are remembered for a Redis that is away; the oldest go first.
  static let owedLimit = 10_000
  /// Between looks at whether Redis has been told, in milliseconds.
  private static let lookMs = 20
  /// Larger ones are not shared.
  static let bytesLimit = 1 << 20
  /// What stands where a copy was removed; a copy is longer.
  private static let mark: [UInt8] = [0x2D]
  private static let stampBytes = 8
  private static let sealBytes = 32
  private static let keepScript: RedisArgument =
    "if redis.call('GET',KEYS[1])=='-' then return 0 end redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) return 1"

  private let redis: SharedRedis
  private let prefix: [UInt8]
  private let markMs: Int
  private let channel: String?
  private let secret: [UInt8]?
  private let nowMs: @Sendable () -> Int64
  /// Names, each until a moment of a clock that nobody sets: one that jumps must not make us forget them.
  private let owed = Mutex<[[UInt8]: Deadline]>([:])

  /// - Parameters:
  ///   - prefix: before each key.
  ///   - markMs: how long a removal is remembered: at least as long as somebody may take to make a copy.
  ///   - secret: 32 bytes that only the processes know which share the copies; nil when Redis is believed.
  ///   - channel: where removals are told of, one of `SharedRedis.channels`; nil for nowhere.
  init(
    _ redis: SharedRedis, prefix: String, markMs: Int, secret: [UInt8]? = nil, channel: String? = nil,
    nowMs: @escaping @Sendable () -> Int64 = wallClockMs
  ) {
    self.redis = redis
    self.prefix = Array(prefix.utf8)
    (self.markMs, self.secret, self.channel, self.nowMs) = (markMs, secret, channel, nowMs)
    redis.onVisit { [weak self] leader, _ throws(RedisError) in try await self?.settle(leader) }
  }

  // MARK: Copies

  /// - Parameter ageLimitMs: how old it may be, whatever Redis was told of its life.
  func find(_ key: [UInt8], ageLimitMs: Int = .max) async -> Found {
    let name = prefix + key
    guard redis.isUsable, !isOwed(name),
      case .bytes(let bytes)? = try? await redis.command("GET", RedisArgument(name))
    else { return .unknown }
    if bytes == Self.mark { return .removed }
    guard bytes.count >= Self.stampBytes, let since = believedSince else { return .unknown }
    let (stamp, now) = (Self.stamp(of: bytes), nowMs())
    guard stamp >= since, stamp <= now + Self.skewMs, stamp > now - Int64(ageLimitMs),
      let body = opened(bytes, at: name)
    else { return .unknown }
    return .copy(body)
  }

  /// Puts a copy there for `lifeMs`, unless there is a mark.
  /// - Parameter readAtMs: when the original was read, in milliseconds since 1970.
  func keep(_ key: [UInt8], _ bytes: [UInt8], readAtMs: Int64, lifeMs: Int) async {
    let name = prefix + key
    guard redis.isUsable, lifeMs > 0, bytes.count <= Self.bytesLimit, !isOwed(name) else { return }
    let stamp = (0..<Self.stampBytes).map { UInt8(truncatingIfNeeded: readAtMs >> (8 * (7 - $0))) }
    _ = try? await redis.command(
      "EVAL", Self.keepScript, "1", RedisArgument(name), RedisArgument(sealed(stamp, bytes, at: name)),
      RedisArgument(lifeMs))
  }

  /// Removes copies for all processes. To be called when the original has changed.
  /// - Parameter waitMs: how long a Redis is waited for that is away: as long as this process alone can't reach it, others read
  ///   what has changed as it was. Only on a loop.
  func remove(_ keys: [[UInt8]], waitMs: Int = 0) async {
    guard redis.isPlaced, !keys.isEmpty else { return }
    let names = keys.map { prefix + $0 }
    // First remembered: whoever asks here meanwhile is not to be told of the old ones.
    owe(names)
    let answers = await redis.commands(names.flatMap(removal))
    let failed = answers.contains { if case .failure = $0 { true } else { false } }
    if !failed { return pay(names) }
    let deadline = Deadline.afterMs(waitMs)
    while names.contains(where: isOwed), !deadline.hasPassed,
      (try? await EventLoop.current?.sleep(ms: Self.lookMs)) != nil
    {}
  }

  private func removal(of name: [UInt8]) -> [[RedisArgument]] {
    let set: [RedisArgument] = [
      "SET", RedisArgument(name), RedisArgument(Self.mark), "PX", RedisArgument(markMs),
    ]
    guard let channel else { return [set] }
    return [set, ["PUBLISH", RedisArgument(channel), RedisArgument(Array(name.dropFirst(prefix.count)))]]
  }

  /// A stamp, a seal where there is a secret, and the body.
  private func sealed(_ stamp: [UInt8], _ body: [UInt8], at name: [UInt8]) -> [UInt8] {
    guard let secret else { return stamp + body }
    return stamp + Self.seal(stamp, body, at: name, by: secret) + body
  }

  /// The body of what `sealed` has made for this place; nil of anything else.
  private func opened(_ bytes: [UInt8], at name: [UInt8]) -> [UInt8]? {
    let rest = Array(bytes.dropFirst(Self.stampBytes))
    guard let secret else { return rest }
    guard rest.count >= Self.sealBytes else { return nil }
    let (stamp, body) = (Array(bytes.prefix(Self.stampBytes)), Array(rest.dropFirst(Self.sealBytes)))
    let seal = Self.seal(stamp, body, at: name, by: secret)
    return sodium_memcmp(Array(rest.prefix(Self.sealBytes)), seal, Self.sealBytes) == 0 ? body : nil
  }

  /// BLAKE2b-256, keyed by the secret, of the place with its length, the stamp, which is always as long, and the body.
  private static func seal(
    _ stamp: [UInt8], _ body: [UInt8], at name: [UInt8], by secret: [UInt8]
  ) -> [UInt8] {
    var seal = [UInt8](repeating: 0, count: sealBytes)
    let text = Array("\(name.count) ".utf8) + name + stamp + body
    crypto_generichash(&seal, seal.count, text, UInt64(text.count), secret, secret.count)
    return seal
  }

  /// Since when what was written is believed; nil while Redis is away.
  private var believedSince: Int64? {
    let since = redis.usableSinceMs
    return since == .max ? nil : since + Self.skewMs
  }

  private static func stamp(of bytes: [UInt8]) -> Int64 {
    bytes.prefix(stampBytes).reduce(0) { $0 << 8 | Int64($1) }
  }

  // MARK: Removals that Redis does not know of

  var owedCount: Int { owed.withLock { $0.count } }

  private func owe(_ names: [[UInt8]]) {
    let until = Deadline.afterMs(markMs)
    owed.withLock { owed in
      for name in names { owed[name] = until }
      if owed.count <= Self.owedLimit { return }
      let oldest = owed.sorted { $0.value < $1.value }.prefix(owed.count - Self.owedLimit)
      for entry in oldest { owed[entry.key] = nil }
    }
  }

  private func pay(_ names: [[UInt8]]) { owed.withLock { owed in for name in names { owed[name] = nil } } }

  private func isOwed(_ name: [UInt8]) -> Bool {
    owed.withLock { $0[name] != nil }
  }

  private func settle(_ leader: RedisConnection) async throws(RedisError) {
    let names = owed.withLock { owed in
      owed = owed.filter { !$0.value.hasPassed }
      return Array(owed.keys)
    }
    let answers = await leader.commands(
      names.flatMap(removal), until: .afterMs(RedisConnection.silenceMs))
    for answer in answers { _ = try answer.get() }
    pay(names)
  }
}
