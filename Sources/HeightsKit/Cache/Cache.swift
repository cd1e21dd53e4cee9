// The cache: in the process, least recently used out first, within a bound of bytes, one computation per key at a time;
// behind that, what processes share.

import Synchronization

/// Keeps bytes that are costly to make, for all loops of a process.
///
/// A key that is missing is computed once, however many ask for it meanwhile. Expiry is jittered by a tenth, so that
/// keys stored together don't expire together. A stale value is served at once while one task makes a new one.
///
/// Where the placement names a cache, processes share there what they have made: a value is looked for in it before it is
/// made, and a key that one of them removes is forgotten by all. While it is away each goes on by itself, and does not hear
/// what others remove; so no value is served for longer than it was made for. No more than `Cache.makers` values are being
/// made at once, so that an empty cache does not become the database's trouble.
public final class Cache: Sendable {
  /// What makes a value that isn't there.
  public typealias Compute = @Sendable () async throws -> [UInt8]

  /// What has happened so far, for metrics.
  public struct Statistics: Sendable {
    /// Values that were there and fresh.
    public internal(set) var hits = 0
    /// Values that had to be made, or fetched from the cache that processes share.
    public internal(set) var misses = 0
    /// Values that were there and no longer fresh, and were served while a new one was made.
    public internal(set) var staleHits = 0
    /// Values that had to go for others.
    public internal(set) var evictions = 0
    /// What keys and values take now, with what each entry costs besides.
    public internal(set) var usedBytes = 0
  }

  private struct Entry {
    let bytes: [UInt8]
    let freshUntil: Deadline
    let staleUntil: Deadline
    let costBytes: Int
  }

  /// Somebody who waits for a value: nil means that it has to be asked for again.
  private typealias Waiter = CheckedContinuation<[UInt8]?, any Error>

  private struct State {
    var entries = LRUList<Entry>()
    /// The computation that those who ask for a key now may join.
    var current: [ExactString: Int] = [:]
    /// Who waits for which computation. One whose key was removed meanwhile is here and no longer in `current`.
    var waiters: [Int: [Int: Waiter]] = [:]
    var statistics = Statistics()
    private var lastNumber = 0

    mutating func nextNumber() -> Int {
      lastNumber += 1
      return lastNumber
    }

    mutating func begin(_ key: String) -> Int {
      let computation = nextNumber()
      current[ExactString(key)] = computation
      waiters[computation] = [:]
      return computation
    }
  }

  private final class Stripe: Sendable {
    let state = Mutex(State())
  }

  private enum Found {
    case value([UInt8])
    /// This caller makes a new value in the background.
    case stale([UInt8], Int)
    /// This caller makes the value.
    case mine(Int)
    /// Somebody else makes it.
    case theirs(Int)
  }

  /// About what an entry takes besides its key and bytes.
  static let overheadBytes = 160
  private static let stripeCount = 16

  /// How many values are made at once, and how many more may wait to be.
  static let (makers, waitingMakers) = (64, 1_024)

  @TaskLocal private static var isMaking = false

  private let limitBytes: Int
  private let stripes: [Stripe]
  private let shared: SharedValues?
  private let making = Slots(count: Cache.makers, waiters: Cache.waitingMakers)
  private let now: @Sendable () -> Deadline

  /// A cache of its own, which nothing is shared with.
  /// - Parameter limitBytes: room for keys and values; 0 turns the cache off.
  public convenience init(limitBytes: Int) { self.init(limitBytes: limitBytes, now: { .now }) }

  init(limitBytes: Int, shared: SharedValues? = nil, now: @escaping @Sendable () -> Deadline) {
    self.limitBytes = limitBytes / Cache.stripeCount
    self.shared = shared
    self.now = now
    stripes = (0..<Cache.stripeCount).map { _ in Stripe() }
    shared?.onRemoval { [weak self] key in
      if let key { self?.forget(key) } else { self?.forgetAll() }
    }
  }

  /// The value of `key`: kept, or made by `compute` and then kept for `ttlMs`.
  /// - Parameters:
  ///   - ttlMs: for how long it is served as fresh (jittered by a tenth).
  ///   - staleForMs: for how long after that it is served while a new one is made in the background.
  /// - Throws: what `compute` throws, to all who wait; nothing is kept then. A cancellation, or a request that is due, ends
  ///   its own task alone: if that was making the value, another of those who wait makes it. `DatabaseError.timeout` when the
  ///   caller's request is due before somebody else has made it.
  public func value(
    for key: String, ttlMs: Int, staleForMs: Int = 0, _ compute: @escaping Compute
  ) async throws -> [UInt8] {
    if limitBytes == 0 { return try await compute() }
    while true {
      switch find(key) {
      case .value(let bytes): return bytes
      case .mine(let computation): return try await make(key, computation, ttlMs, staleForMs, compute)
      case .stale(let bytes, let computation):
        refresh(key, computation, ttlMs, staleForMs, compute)
        return bytes
      case .theirs(let computation):
        if let bytes = try await join(key, computation) { return bytes }
      }
    }
  }

  /// Forgets a key, in all processes. A value under way goes to those who wait for it already, and isn't kept: who asks
  /// from now on gets one that was begun after the removal.
  public func remove(_ key: String) async {
    forget(key)
    await shared?.remove(key)
    // Another process may have made it meanwhile, and this one taken it.
    if shared != nil { forget(key) }
  }

  private func forgetAll() {
    for stripe in stripes {
      stripe.state.withLock { state in
        state.current = [:]
        state.entries = LRUList()
        state.statistics.usedBytes = 0
      }
    }
  }

  private func forget(_ key: String) {
    stripe(key).state.withLock { state in
      state.current[ExactString(key)] = nil
      if let removed = state.entries.remove(key) { state.statistics.usedBytes -= removed.costBytes }
    }
  }

  /// Of this process alone, since it began.
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

  /// How many wait for the value of `key` that is being made.
  func waiting(_ key: String) -> Int {
    stripe(key).state.withLock { state in
      state.current[ExactString(key)].flatMap { state.waiters[$0]?.count } ?? 0
    }
  }

  func isMaking(_ key: String) -> Bool { stripe(key).state.withLock { $0.current[ExactString(key)] != nil } }

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
      let underWay = state.current[ExactString(key)]
      if let entry, now < entry.staleUntil {
        state.statistics.staleHits += 1
        return underWay != nil ? .value(entry.bytes) : .stale(entry.bytes, state.begin(key))
      }
      if let underWay { return .theirs(underWay) }
      state.statistics.misses += 1
      return .mine(state.begin(key))
    }
  }

  // MARK: Making values

  /// Waits for a value that somebody else makes.
  /// - Returns: nil when it has ended already, or its maker was cancelled: then it has to be asked for again.
  private func join(_ key: String, _ computation: Int) async throws -> [UInt8]? {
    let stripe = stripe(key)
    let number = stripe.state.withLock { $0.nextNumber() }
    let loop = EventLoop.current
    let timer = CurrentRequest.deadline.flatMap { deadline in
      loop?.schedule(at: deadline) {
        let late = stripe.state.withLock { $0.waiters[computation]?.removeValue(forKey: number) }
        late?.resume(throwing: DatabaseError.timeout("the request was due before another had made the value"))
      }
    }
    defer { if let timer, loop?.isCurrent == true { timer.cancel() } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let joined = stripe.state.withLock { state in
          guard !Task.isCancelled, state.waiters[computation] != nil else { return false }
          state.waiters[computation]?[number] = waiter
          return true
        }
        if joined { return }
        if Task.isCancelled {
          waiter.resume(throwing: CancellationError())
        } else {
          waiter.resume(returning: nil)
        }
      }
    } onCancel: {
      let waiter = stripe.state.withLock { $0.waiters[computation]?.removeValue(forKey: number) }
      waiter?.resume(throwing: CancellationError())
    }
  }

  private func make(_ key: String, _ computation: Int, _ ttlMs: Int, _ staleForMs: Int, _ compute: Compute)
    async throws -> [UInt8]
  {
    // Once its handler has ended, a request tells of none.
    let due = CurrentRequest.deadline
    do {
      let (bytes, freshMs) = try await made(key, computation, ttlMs, compute)
      let freshUntil = now().plus(ms: freshMs)
      let cost = bytes.count + 2 * key.utf8.count + Cache.overheadBytes
      let entry = Entry(
        bytes: bytes, freshUntil: freshUntil, staleUntil: freshUntil.plus(ms: staleForMs), costBytes: cost)
      for waiter in end(key, computation, entry) { waiter.resume(returning: bytes) }
      return bytes
    } catch {
      let isOwn = Task.isCancelled || error is CancellationError || Self.isLate(error, due)
      for waiter in end(key, computation, nil) {
        if isOwn { waiter.resume(returning: nil) } else { waiter.resume(throwing: error) }
      }
      throw error
    }
  }

  /// Whether a maker had too little time. A server that was told of it says so a moment before.
  private static func isLate(_ error: any Error, _ due: Deadline?) -> Bool {
    guard let due else { return false }
    if case DatabaseError.timeout = error { return true }
    return due.hasPassed
  }

  /// What another process has made and is fresh; else made here.
  private func made(
    _ key: String, _ computation: Int, _ ttlMs: Int, _ compute: Compute
  ) async throws -> (bytes: [UInt8], freshMs: Int) {
    if let value = await shared?.find(key) { return (value.bytes, min(value.freshMs, ttlMs + ttlMs / 10)) }
    let begun = wallClockMs()
    // One that is made for another has its place already.
    let bytes =
      if Cache.isMaking { try await compute() } else {
        try await making.use { try await Cache.$isMaking.withValue(true) { try await compute() } }
      }
    let freshMs = ttlMs - ttlMs / 10 + Int.random(in: 0...max(ttlMs / 5, 0))
    // What was removed meanwhile is not for others either.
    if let shared, isCurrent(key, computation) {
      await shared.keep(key, bytes, madeAtMs: begun, freshMs: freshMs)
    }
    return (bytes, freshMs)
  }

  private func isCurrent(_ key: String, _ computation: Int) -> Bool {
    stripe(key).state.withLock { $0.current[ExactString(key)] == computation }
  }

  /// Makes a new value while the stale one is served. If it fails, the next to ask tries again.
  private func refresh(
    _ key: String, _ computation: Int, _ ttlMs: Int, _ staleForMs: Int, _ compute: @escaping Compute
  ) {
    let work: @Sendable () async -> Void = {
      _ = try? await self.make(key, computation, ttlMs, staleForMs, compute)
    }
    // Not for the request that came upon the stale value, which may be due before.
    if let loop = EventLoop.current { loop.spawn(work) } else { Task.detached { await work() } }
  }

  /// Ends a computation and keeps its result, unless the key was removed meanwhile.
  private func end(_ key: String, _ computation: Int, _ entry: Entry?) -> [Waiter] {
    stripe(key).state.withLock { state in
      if state.current[ExactString(key)] == computation {
        state.current[ExactString(key)] = nil
        if let entry, entry.costBytes <= limitBytes { keep(key, entry, &state) }
      }
      return Array((state.waiters.removeValue(forKey: computation) ?? [:]).values)
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
