// Histories made by hand, and at random from a seed.

import TestSupport

@testable import History

/// Puts operations together; times are milliseconds.
struct HistoryMaker {
  private(set) var operations: [Operation] = []

  @discardableResult
  mutating func add(
    _ session: String, _ action: Operation.Action, _ key: String, _ value: String? = nil,
    _ times: ClosedRange<Int>, kind: Operation.Kind = .ok, expected: String? = nil, delta: Int? = nil,
    from: Operation.Origin = .leader
  ) -> Int {
    operations.append(
      Operation(
        id: operations.count, session: session, key: key, action: action, kind: kind,
        beginNs: UInt64(times.lowerBound) * 1_000_000, endNs: UInt64(times.upperBound) * 1_000_000,
        value: value, expected: expected, delta: delta, from: action == .read || action == .count ? from : nil
      ))
    return operations.count - 1
  }
}

func history(_ make: (inout HistoryMaker) -> Void) -> [Operation] {
  var maker = HistoryMaker()
  make(&maker)
  return maker.operations
}

/// A store with a leader and a follower behind it, run from a seed: what it tells is true.
struct RandomStore {
  private var random: SplitMix
  private var maker = HistoryMaker()
  /// What each key held, version by version, with the moment of each.
  private var versions: [String: [(atMs: Int, value: String?)]] = [:]
  private var counter: [(atMs: Int, sum: Int)] = [(0, 0)]
  /// How far each session has seen.
  private var seenMs: [String: Int] = [:]
  private var nowMs = 10
  private var written = 0

  private static let sessions = ["ann", "ben", "eve"]
  private static let keys = ["x", "y", "z"]

  static func history(seed: UInt64, operations: Int) -> [Operation] {
    var store = RandomStore(random: SplitMix(seed))
    for _ in 0..<operations { store.step() }
    return store.maker.operations
  }

  private init(random: SplitMix) { self.random = random }

  private mutating func step() {
    let session = pick(Self.sessions)
    let key = pick(Self.keys)
    // One operation after the other for each session, and several sessions at once.
    let begin = nowMs
    let atMs = begin + Int.random(in: 0...4, using: &random)
    let end = atMs + Int.random(in: 0...4, using: &random)
    nowMs = atMs + 1 + (Bool.random(using: &random) ? 10 : 0)
    guard begin > (seenEndMs[session] ?? 0) else { return }
    seenEndMs[session] = end
    act(session, key, begin, atMs, end)
  }

  private var seenEndMs: [String: Int] = [:]

  private mutating func act(_ session: String, _ key: String, _ begin: Int, _ atMs: Int, _ end: Int) {
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: write(session, key, begin, atMs, end)
    case 2:
      let isLost = Bool.random(using: &random)
      if !isLost { counter.append((atMs, counter[counter.count - 1].sum + 1)) }
      maker.add(session, .add, "count", nil, begin...end, kind: isLost ? .unknown : .ok, delta: 1)
    case 3:
      maker.add(session, .read, "count", String(counter[counter.count - 1].sum), begin...end)
    case 4, 5:
      maker.add(session, .read, key, versions[key]?.last?.value, begin...end)
      seenMs[session] = atMs
    default:
      let asOf = Int.random(in: (seenMs[session] ?? 0)...atMs, using: &random)
      seenMs[session] = asOf
      let value = versions[key]?.last { $0.atMs <= asOf }?.value
      maker.add(session, .read, key, value, begin...end, from: .session)
    }
  }

  private mutating func write(_ session: String, _ key: String, _ begin: Int, _ atMs: Int, _ end: Int) {
    written += 1
    let kind = [Operation.Kind.ok, .ok, .ok, .failed, .unknown].randomElement(using: &random) ?? .ok
    let hasEffect = kind == .ok || (kind == .unknown && Bool.random(using: &random))
    if hasEffect { versions[key, default: []].append((atMs, "v\(written)")) }
    maker.add(session, .write, key, "v\(written)", begin...end, kind: kind)
    if kind == .ok { seenMs[session] = atMs }
  }

  private mutating func pick(_ items: [String]) -> String { items.randomElement(using: &random) ?? "" }
}
