// Whatever two processes do at the same time while the placement moves the sessions: nobody is logged out, nobody comes back.

import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite struct SessionPlacementModelTests {
  /// Up and down between all that a climb goes through, in single changes.
  private static let ladder: [[Placement.SessionStoreName]] = [
    [.sql], [.sql, .dynamodb], [.dynamodb, .sql], [.dynamodb],
  ]

  @Test(arguments: 0..<60)
  func nobodyIsLoggedOutAndNobodyComesBack(seed: Int) async throws {
    var random = SplitMix(UInt64(seed))
    let model = SessionModel(seed: UInt64(seed))
    var (rung, placement) = (0, Placement(epoch: 1))
    await model.run(placement, placement, operations: 6)
    for _ in 0..<8 {
      let next = rung == 0 ? 1 : rung == 3 ? 2 : rung + (Bool.random(using: &random) ? 1 : -1)
      // What a climb does before a keeper is taken off the list.
      if Self.ladder[next].count == 1 { await model.copy(placement) }
      let new = placement.next { $0.sessions = Self.ladder[next] }
      // One process follows before the other; in between both are at work.
      await model.run(placement, new, operations: 7)
      await model.run(new, new, operations: 4)
      (rung, placement) = (next, new)
    }
    let problems = await model.problems
    #expect(problems == [], "seed \(seed)")
    #expect(await model.count > 80)
  }

  @Test func theModelFindsWhatIsWrong() async throws {
    // Without the epochs of keepers what DynamoDB had from before is believed.
    var found = false
    for seed in 0..<60 where !found {
      let model = SessionModel(seed: UInt64(seed))
      for sessions in [
        Self.ladder[1], Self.ladder[2], Self.ladder[1], Self.ladder[0], Self.ladder[1], Self.ladder[2],
      ] {
        let placement = Placement(epoch: 1, sessions: sessions)
        await model.run(placement, placement, operations: 12)
      }
      found = await !model.problems.isEmpty
    }
    #expect(found)
  }
}

/// Two processes, two keepers, and a record of what they were told.
private actor SessionModel {
  private struct Known {
    let kept: KeptSession
    /// By a moment of the model; nil while that has not happened.
    var endAsked: Int?
    var ended: Int?
  }

  private let turns: Turns
  private let sql: TableModel
  private let dynamo: ItemModel
  private var random: SplitMix
  private var known: [Known] = []
  private var moment = 0
  /// Versions of the one account's credentials: the highest that was asked for, and that is.
  private var (versionAsked, version): (Int64, Int64) = (0, 0)
  private(set) var problems: [String] = []
  private(set) var count = 0
  private let account = account7

  init(seed: UInt64) {
    random = SplitMix(seed &+ 1_000)
    turns = Turns(seed: seed)
    sql = TableModel(turns)
    dynamo = ItemModel(turns)
  }

  private func keepers(_ placement: Placement) -> SessionKeepers {
    SessionKeepers(
      parts: placement.sessions.map {
        let keeper: any SessionKeeper = $0 == .sql ? sql : ItemSessions(items: dynamo)
        return .init(name: $0, keeper: keeper, since: placement.sessionsSince[$0] ?? 0)
      })
  }

  /// Operations of processes that go by these placements, all at the same time, a step of one after a step of another.
  func run(_ one: Placement, _ other: Placement, operations: Int) async {
    await turns.begin(operations)
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<operations {
        let keepers = keepers(index.isMultiple(of: 2) ? one : other)
        let kind = Int.random(in: 0..<10, using: &random)
        let pick = Int.random(in: 0..<1_000, using: &random)
        group.addTask {
          do { try await self.operate(kind, pick, keepers) } catch { await self.note("\(error)") }
          await self.turns.end()
        }
      }
    }
  }

  func copy(_ placement: Placement) async {
    await turns.begin(1)
    var start: String?
    repeat {
      guard let page = try? await keepers(placement).copyPage(from: start, isOver: { _ in false }) else {
        break
      }
      start = page.next
    } while start != nil
    await turns.end()
  }

  private func note(_ problem: String) { problems.append(problem) }

  private func tick() -> Int {
    moment += 1
    return moment
  }

  private func operate(_ kind: Int, _ pick: Int, _ keepers: SessionKeepers) async throws {
    count += 1
    let index = known.isEmpty ? nil : pick % known.count
    switch (kind, index) {
    case (0...2, _), (_, nil): try await begin(pick, keepers)
    case (3...4, let index?): try await end(index, keepers)
    case (5, _): try await endAll(keepers)
    case (6, let index?): try await keepers.touch(known[index].kept, 1) {}
    case (_, let index?): try await look(index, keepers)
    }
  }

  private func begin(_ pick: Int, _ keepers: SessionKeepers) async throws {
    let (asked, credentials) = (version, max(version - Int64(pick % 2), 0))
    let stored = StoredSession(account: account, credentials: credentials, begunAtMs: 1, touchedAtMs: 1)
    let kept = KeptSession(hash: SessionToken(shard: account.shard).hash, session: stored, address: nil)
    let hasBegun = try await keepers.begin(kept)
    if hasBegun, credentials < asked { note("began with credentials \(credentials), they are \(asked)") }
    if !hasBegun, credentials >= versionAsked { note("was not let in with the newest credentials") }
    if !hasBegun { return }
    // When all were ended meanwhile, this one was too.
    let isOver = credentials < version
    known.append(Known(kept: kept, endAsked: isOver ? tick() : nil, ended: isOver ? tick() : nil))
  }

  private func end(_ index: Int, _ keepers: SessionKeepers) async throws {
    known[index].endAsked = known[index].endAsked ?? tick()
    _ = try await keepers.end(known[index].kept.hash, account.shard, nowMs: 1)
    known[index].ended = known[index].ended ?? tick()
  }

  private func endAll(_ keepers: SessionKeepers) async throws {
    let next = versionAsked + 1
    versionAsked = next
    // Also those that begin meanwhile.
    let now = tick()
    for index in known.indices where known[index].kept.session.credentials < next {
      known[index].endAsked = known[index].endAsked ?? now
    }
    var ended: Set<[UInt8]> = []
    try await keepers.endAll(of: account, before: next, nowMs: 1, &ended)
    version = max(version, next)
    for index in known.indices where known[index].kept.session.credentials < next {
      known[index].endAsked = known[index].endAsked ?? now
      known[index].ended = known[index].ended ?? tick()
    }
  }

  private func look(_ index: Int, _ keepers: SessionKeepers) async throws {
    let before = known[index]
    let found = try await keepers.find(before.kept.hash, account.shard, isOver: { _ in false })
    if found != nil, before.ended != nil { note("session \(index) came back") }
    let isOutdated = known[index].kept.session.credentials < versionAsked
    if found == nil, known[index].endAsked == nil, !isOutdated { note("session \(index) was logged out") }
  }
}

/// Whoever wants to do a step waits until all have come as far; then one of them, by chance, goes on.
private actor Turns {
  private var random: SplitMix
  private var active = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(seed: UInt64) { random = SplitMix(seed &+ 77) }

  func begin(_ count: Int) { active = count }

  func end() {
    active -= 1
    goOn()
  }

  func take() async {
    await withCheckedContinuation {
      waiting.append($0)
      goOn()
    }
  }

  private func goOn() {
    if waiting.isEmpty || waiting.count < active { return }
    waiting.remove(at: Int.random(in: 0..<waiting.count, using: &random)).resume()
  }
}

/// What SQL does, each transaction in one step.
private actor TableModel: SessionKeeper {
  private let turns: Turns
  private var rows: [[UInt8]: (kept: KeptSession, since: Int)?] = [:]
  private var version: Int64 = 0

  init(_ turns: Turns) { self.turns = turns }

  func find(_ hash: [UInt8], _ shard: Shard, since: Int) async throws -> SessionState {
    await turns.take()
    guard let row = rows[hash] else { return .unknown }
    guard let row else { return .ended }
    return row.since == since ? .live(row.kept) : .unknown
  }

  func admit(_ account: Identifier, credentials: Int64) async throws -> Bool {
    await turns.take()
    version = max(version, credentials)
    return version == credentials
  }

  func keep(_ session: KeptSession, since: Int) async throws -> SessionKeeping {
    await turns.take()
    version = max(version, session.session.credentials)
    guard version == session.session.credentials else { return .outdated }
    if let row = rows[session.hash], row == nil { return .ended }
    rows[session.hash] = .some((session, since))
    return .kept
  }

  func end(_ hash: [UInt8], _ shard: Shard, isKnown: Bool, nowMs: Int64) async throws -> Bool {
    await turns.take()
    guard isKnown || rows[hash] != nil else { return false }
    rows[hash] = .some(nil)
    return true
  }

  func all(
    of account: Identifier, since: Int, usedAfter usedMs: Int64, begunAfter begunMs: Int64, limit: Int
  ) async throws -> [KeptSession] { [] }

  func endAll(of account: Identifier, before version: Int64, nowMs: Int64) async throws -> [[UInt8]] {
    await turns.take()
    self.version = max(self.version, version)
    let former = rows.filter { ($0.value?.kept.session.credentials ?? .max) < version }.map(\.key)
    for hash in former { rows[hash] = nil }
    return former
  }

  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws { await turns.take() }

  func writeTouches() async {}

  func page(from start: String?, since: Int) async throws -> SessionPage {
    await turns.take()
    let live = rows.values.compactMap { $0 }.filter { $0.since == since }
    return SessionPage(sessions: live.map(\.kept), credentials: [(account7, version)])
  }

  func deleteExpired(olderThan oldestMs: Int64) async throws -> Int { 0 }
}

/// What DynamoDB does, each write and each read of an item in one step.
private actor ItemModel: SessionItems {
  private let turns: Turns
  private var items: [[UInt8]: (kept: KeptSession, since: Int)?] = [:]
  private var entries: [[UInt8]: Entry] = [:]
  private var version: Int64 = 0

  init(_ turns: Turns) { self.turns = turns }

  private func state(_ hash: [UInt8]) -> SessionState {
    guard let item = items[hash] else { return .unknown }
    return item.map { .live($0.kept) } ?? .ended
  }

  func session(_ hash: [UInt8], since: Int) async throws -> SessionState {
    await turns.take()
    if let item = items[hash], let item, item.since != since { return .unknown }
    return state(hash)
  }

  func put(_ session: KeptSession, since: Int) async throws -> Bool {
    await turns.take()
    if case .ended = state(session.hash) { return false }
    items[session.hash] = .some((session, since))
    return true
  }

  func mark(_ hash: [UInt8], isKnown: Bool, nowMs: Int64) async throws -> SessionState? {
    await turns.take()
    let former = state(hash)
    guard isKnown || former != .unknown else { return nil }
    items[hash] = .some(nil)
    return former
  }

  func mark(_ hashes: [[UInt8]], nowMs: Int64) async throws {
    for hash in hashes {
      await turns.take()
      items[hash] = .some(nil)
    }
  }

  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws { await turns.take() }

  func writeTouches() async {}

  func list(_ session: KeptSession) async throws {
    await turns.take()
    entries[session.hash] = (session.hash, session.session.begunAtMs, session.session.credentials)
  }

  func unlist(_ entries: [Entry], of account: Identifier) async throws {
    for entry in entries {
      await turns.take()
      self.entries[entry.hash] = nil
    }
  }

  func list(of account: Identifier) async throws -> [Entry] {
    await turns.take()
    return Array(entries.values)
  }

  func sessions(_ hashes: [[UInt8]], since: Int) async throws -> [KeptSession] { [] }

  func raise(_ account: Identifier, to version: Int64) async throws -> Bool {
    await turns.take()
    if self.version > version { return false }
    self.version = version
    return true
  }

  func page(from start: String?, since: Int) async throws -> SessionPage {
    await turns.take()
    let live = items.values.compactMap { $0 }.filter { $0.since == since }
    return SessionPage(sessions: live.map(\.kept), credentials: [(account7, version)])
  }
}
