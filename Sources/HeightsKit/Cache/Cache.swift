// The in-process cache: least recently used out first, within a bound of bytes, one computation per key at a time.

import Synchronization

/// Keeps bytes that are costly to make, for all loops of a process.
///
/// A key that is missing is computed once, however many ask for it meanwhile. Expiry is jittered by a tenth, so that
/// keys stored together don't expire together. A stale value is served at once while one task makes a new one.
public final class Cache: Sendable {
  /// What makes a value that isn't there.
  public typealias Compute = @Sendable () async throws -> [UInt8]

  /// What has happened so far, for metrics.
  public struct Statistics: Sendable {
    public internal(set) var hits = 0
    public internal(set) var misses = 0
    public internal(set) var staleHits = 0
    public internal(set) var evictions = 0
    public internal(set) var usedBytes = 0
  }

  private struct Entry {
    let bytes: [UInt8]
    let freshUntil: Deadline
    let staleUntil: Deadline
    let costBytes: Int
  }

  /// A value that is being made, and who waits for it.
  private struct Computation {
    var waiters: [CheckedContinuation<[UInt8]?, any Error>] = []
    /// The key was removed meanwhile: the result is of the past and must not be kept.
    var isOutdated = false
  }

  private struct State {
    var entries = LRUList<Entry>()
    var computations: [String: Computation] = [:]
    var statistics = Statistics()
  }

  private final class Stripe: Sendable {
    let state = Mutex(State())
  }

  private enum Found {
    case value([UInt8])
    case stale([UInt8])
    /// This caller makes the value.
    case mine
    /// Somebody else makes it.
    case theirs
  }

  /// About what an entry takes besides its key and bytes.
  static let overheadBytes = 160
  private static let stripeCount = 16

  private let limitBytes: Int
  private let stripes: [Stripe]
  private let now: @Sendable () -> Deadline

  /// - Parameter limitBytes: room for keys and values; 0 turns the cache off.
  public convenience init(limitBytes: Int) { self.init(limitBytes: limitBytes, now: { .now }) }

  init(limitBytes: Int, now: @escaping @Sendable () -> Deadline) {
    self.limitBytes = limitBytes / Cache.stripeCount
    self.now = now
    stripes = (0..<Cache.stripeCount).map { _ in Stripe() }
  }

  /// The value of `key`: kept, or made by `compute` and then kept for `ttlMs`.
  /// - Parameters:
  ///   - ttlMs: for how long it is served as fresh (jittered by a tenth).
  ///   - staleForMs: for how long after that it is served while a new one is made in the background.
  /// - Throws: what `compute` throws, to all who wait; nothing is kept then.
  public func value(
    for key: String, ttlMs: Int, staleForMs: Int = 0, _ compute: @escaping Compute
  ) async throws -> [UInt8] {
    if limitBytes == 0 { return try await compute() }
    while true {
      switch find(key) {
      case .value(let bytes): return bytes
      case .mine: return try await make(key, ttlMs, staleForMs, compute)
      case .stale(let bytes):
        refresh(key, ttlMs, staleForMs, compute)
        return bytes
      case .theirs:
        // nil when the computation ended before this task could join: then the value is there, or is made again.
        if let bytes = try await join(key) { return bytes }
      }
    }
  }

  /// Forgets a key. A value under way goes to those who wait for it, and isn't kept.
  public func remove(_ key: String) {
    stripe(key).state.withLock { state in
      state.computations[key]?.isOutdated = true
      if let removed = state.entries.remove(key) { state.statistics.usedBytes -= removed.costBytes }
    }
  }

  public var statistics: Statistics {
    stripes.reduce(into: Statistics()) { sum, stripe in
      let part = stripe.state.withLock { $0.statistics }
      sum.hits += part.hits
      sum.misses += part.misses
      sum.staleHits += part.staleHits
      sum.evictions += part.evictions
      sum.usedBytes += part.usedBytes
    }
  }

  private func stripe(_ key: String) -> Stripe {
    stripes[Int(UInt(bitPattern: key.hashValue) % UInt(Cache.stripeCount))]
  }

  private func find(_ key: String) -> Found {
    stripe(key).state.withLock { state in
      let entry = state.entries.use(key)
      let now = now()
      if let entry, now < entry.freshUntil {
        state.statistics.hits += 1
        return .value(entry.bytes)
      }
      let isBeingMade = state.computations[key] != nil
      if let entry, now < entry.staleUntil {
        state.statistics.staleHits += 1
        if isBeingMade { return .value(entry.bytes) }
        state.computations[key] = Computation()
        return .stale(entry.bytes)
      }
      if isBeingMade { return .theirs }
      state.statistics.misses += 1
      state.computations[key] = Computation()
      return .mine
    }
  }

  // MARK: Making values

  private func join(_ key: String) async throws -> [UInt8]? {
    let stripe = stripe(key)
    return try await withCheckedThrowingContinuation { continuation in
      let joined = stripe.state.withLock { state in
        guard state.computations[key] != nil else { return false }
        state.computations[key]?.waiters.append(continuation)
        return true
      }
      if !joined { continuation.resume(returning: nil) }
    }
  }

  private func make(_ key: String, _ ttlMs: Int, _ staleForMs: Int, _ compute: Compute) async throws
    -> [UInt8]
  {
    do {
      let bytes = try await compute()
      let freshMs = ttlMs - ttlMs / 10 + Int.random(in: 0...max(ttlMs / 5, 0))
      let freshUntil = now().plus(ms: freshMs)
      let cost = bytes.count + 2 * key.utf8.count + Cache.overheadBytes
      let entry = Entry(
        bytes: bytes, freshUntil: freshUntil, staleUntil: freshUntil.plus(ms: staleForMs), costBytes: cost)
      for waiter in end(key, entry) { waiter.resume(returning: bytes) }
      return bytes
    } catch {
      for waiter in end(key, nil) { waiter.resume(throwing: error) }
      throw error
    }
  }

  /// Makes a new value while the stale one is served. If it fails, the next to ask tries again.
  private func refresh(_ key: String, _ ttlMs: Int, _ staleForMs: Int, _ compute: @escaping Compute) {
    let work: @Sendable () async -> Void = { _ = try? await self.make(key, ttlMs, staleForMs, compute) }
    if let loop = EventLoop.current { loop.spawn(work) } else { Task { await work() } }
  }

  /// Ends a computation and keeps its result, unless the key was removed meanwhile.
  private func end(_ key: String, _ entry: Entry?) -> [CheckedContinuation<[UInt8]?, any Error>] {
    stripe(key).state.withLock { state in
      let computation = state.computations.removeValue(forKey: key) ?? Computation()
      if let entry, !computation.isOutdated, entry.costBytes <= limitBytes { keep(key, entry, &state) }
      return computation.waiters
    }
  }

  private func keep(_ key: String, _ entry: Entry, _ state: inout State) {
    let former = state.entries.insert(key, entry)
    state.statistics.usedBytes += entry.costBytes - (former?.costBytes ?? 0)
    while state.statistics.usedBytes > limitBytes, let key = state.entries.leastRecentlyUsed {
      state.statistics.usedBytes -= state.entries.remove(key)?.costBytes ?? 0
      state.statistics.evictions += 1
    }
  }
}

extension MetricsText {
  /// What a cache has done.
  public mutating func cache(_ statistics: Cache.Statistics) {
    metric("cache_hits_total", "counter", "Values served fresh.", Double(statistics.hits))
    metric("cache_misses_total", "counter", "Values that had to be made.", Double(statistics.misses))
    metric("cache_stale_hits_total", "counter", "Values served stale.", Double(statistics.staleHits))
    metric("cache_evictions_total", "counter", "Values pushed out.", Double(statistics.evictions))
    metric("cache_used_bytes", "gauge", "Bytes kept.", Double(statistics.usedBytes))
  }
}
