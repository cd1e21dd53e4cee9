// A real leader and a real follower: sessions see no older state than before, and writes outlive their leader.

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP

@Suite(.serialized) struct ClusterTests {
  // MARK: Reads

  @Test func sessionsReadTheirWritesAndNeverGoBackWhileTheFollowerLags() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("seed \(seed)")
    try await withPair { pair in
      let sessions = 1_000
      try pair.leader.run(
        "INSERT INTO notes SELECT 7, n, n::text, 0 FROM generate_series(0, \(sessions - 1)) AS n", in: "notes"
      )
      try await pair.followerHasCaughtUp()
      let done = OneValue<Bool>()
      let disturber = Task.detached {
        // Long enough, now and then, that the follower isn't read at all.
        for ms in [50, 1_500, 20, 200, 5, 1_500, 100, 400].map(UInt32.init) {
          try pair.follower.run("SELECT pg_wal_replay_pause()")
          usleep(ms * 1_000)
          try pair.follower.run("SELECT pg_wal_replay_resume()")
          usleep(min(ms, 100) * 1_000)
        }
        done.set(true)
      }
      try await withThrowingTaskGroup { group in
        for number in 0..<sessions {
          let loop = pair.loops.next()
          group.addTask {
            try await loop.run {
              var session = SessionOfTest(number, of: sessions, seed: seed, pair.database)
              while done.value == nil {
                try await session.step()
                try await loop.sleep(ms: 100)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await disturber.value
      print("reads \(pair.reads)")
      #expect(pair.reads.leader > 100)
      #expect(pair.reads.follower > 100)
    }
  }

  @Test func aReadGoesToTheFollowerOnceItHasTheWriteAndOutsideOfRequestsToTheLeader() async throws {
    try await withPair { pair in
      var browser = Browser()
      try pair.follower.run("SELECT pg_wal_replay_pause()")
      try await browser.request { _ = try await pair.database.insertNote("one") }
      let cookie = try #require(browser.cookie)
      let before = pair.reads
      let count1 = try await browser.request { try await pair.database.count() }
      #expect(count1 == 1)
      #expect(pair.reads.leader == before.leader + 1)
      // The leader may have shown more than the session wrote.
      #expect(browser.cookie != nil)
      try pair.follower.run("SELECT pg_wal_replay_resume()")
      try await pair.followerHasCaughtUp()
      var follower = Browser()
      let fromFollower = try await follower.request { try await pair.database.count() }
      #expect(fromFollower == 1)
      #expect(pair.reads == (before.leader + 1, before.follower + 1))
      let count2 = try await browser.request { try await pair.database.count() }
      #expect(count2 == 1)
      #expect(pair.reads == (before.leader + 1, before.follower + 2))
      #expect(browser.cookie != cookie)
      #expect(try await pair.database.count() == 1)
      #expect(pair.reads.leader == before.leader + 2)
    }
  }

  @Test func whatAFollowerDoesNotFindYetIsLookedForAtTheLeader() async throws {
    try await withPair { pair in
      try pair.leader.run("INSERT INTO notes VALUES (7, 1, 'old', 0)", in: "notes")
      try await pair.followerHasCaughtUp()
      try pair.follower.run("SELECT pg_wal_replay_pause()")
      try pair.leader.run("INSERT INTO notes VALUES (7, 2, 'new', 0)", in: "notes")
      let (old, new): (SQL, SQL) = (
        "SELECT text FROM notes WHERE id = 1", "SELECT text FROM notes WHERE id = 2"
      )
      var (one, other) = (Browser(), Browser())
      let before = pair.reads
      let found = try await one.request { try await pair.database.first(old) { try $0.text(0) } }
      #expect(found == "old" && pair.reads == (before.leader, before.follower + 1))
      let linked = try await other.request { try await pair.database.first(new) { try $0.text(0) } }
      #expect(linked == "new" && pair.reads == (before.leader + 1, before.follower + 2))
      try pair.follower.run("SELECT pg_wal_replay_resume()")
    }
  }

  @Test func readsOfATransactionAreTheLeadersAndATransactionThatFailsIsFollowedByItsReads() async throws {
    struct Mine: Error {}
    try await withPair { pair in
      try await pair.followerHasCaughtUp()
      var browser = Browser()
      await #expect(throws: Mine.self) {
        try await browser.request {
          try await pair.database.transaction { transaction in
            let refuses = try await transaction.first("SELECT pg_is_in_recovery()") { try $0.bool(0) }
            #expect(refuses == false)
            throw Mine()
          }
        }
      }
      let before = pair.reads
      _ = try await browser.request { try await pair.database.count() }
      #expect(pair.reads == (before.leader + 1, before.follower))
    }
  }

  @Test func aFollowerThatHangsOrDiesHoldsNobodyUp() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("one")
      try await pair.followerHasCaughtUp()
      _ = try await asRequest(seen: SeenPositions()) { try await pair.database.count() }
      #expect(pair.reads.follower == 1)
      try pair.follower.signal(SIGSTOP)
      for _ in 0..<20 {
        let count = try await asRequest(seen: SeenPositions()) {
          try await within(ms: 4_000) { try await pair.database.count() }
        }
        #expect(count == 1)
      }
      #expect(pair.reads.leader >= 19)
      try pair.follower.signal(SIGCONT)
      try await eventually("the follower is read again") {
        let before = pair.reads.follower
        _ = try await asRequest(seen: SeenPositions()) { try await pair.database.count() }
        return pair.reads.follower > before
      }
      pair.follower.stop()
      for _ in 0..<20 {
        let count = try await asRequest(seen: SeenPositions()) {
          try await pair.database.count()
        }
        #expect(count == 1)
      }
    }
  }

  // MARK: Another leader

  @Test func writersOutliveTheirLeaderAndNoAcknowledgedWriteIsMissing() async throws {
    try await withPair(synchronous: true) { pair in
      let done = OneValue<Bool>()
      let fell = OneValue<Bool>()
      let tally = SharedTally()
      try await withThrowingTaskGroup { group in
        defer { done.set(true) }
        for writer in 0..<8 {
          let loop = pair.loops.next()
          group.addTask {
            try await loop.run {
              var number = 0
              while done.value == nil {
                number += 1
                let text = "\(writer) \(number)"
                let isLate = fell.value != nil
                do {
                  try await pair.database.insertNote(text)
                  tally.state.withLock { $0.acknowledge(text, isLate: isLate) }
                } catch DatabaseError.unknown { _ = tally.state.withLock { $0.unknown.insert(text) } }
              }
            }
          }
        }
        try await eventually("writes are acknowledged") {
          tally.state.withLock { $0.acknowledged.count } > 100
        }
        pair.leader.stop()
        fell.set(true)
        try pair.follower.run("SELECT pg_promote()")
        try await eventually("writes are acknowledged again") { tally.state.withLock { $0.late } > 100 }
        done.set(true)
        try await group.waitForAll()
      }
      let found = try await pair.database.query("SELECT text FROM notes") { try $0.text(0) }
      let result = tally.state.withLock { $0 }
      #expect(result.acknowledged.subtracting(found) == [], "an acknowledged write is missing")
      #expect(Set(found).subtracting(result.acknowledged).isSubset(of: result.unknown))
      #expect(Set(found).count == found.count)
      #expect(result.unknown.count <= 8)
      #expect(pair.cluster.figures.leaderChanges == 1)
    }
  }

  @Test func aLeaderThatHangsIsReplacedAndNotBelievedWhenItGoesOn() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("before")
      try await pair.followerHasCaughtUp()
      try pair.leader.signal(SIGSTOP)
      try pair.follower.run("SELECT pg_promote()")
      // With what is known of before: its connections don't answer.
      let late = try await within(ms: 30_000) {
        // `within` cancels it, which is none of these errors.
        while true {
          do { return try await pair.database.insertNote("after") } catch DatabaseError.unknown {
          } catch DatabaseError.gone {} catch DatabaseError.timeout {}
        }
      }
      try pair.leader.signal(SIGCONT)
      for number in 0..<50 { try await pair.database.insertNote("\(number)") }
      #expect(try pair.leader.run("SELECT count(*) FROM notes", in: "notes") == "1")
      let found = try pair.follower.run("SELECT count(*) FROM notes WHERE id = \(late)", in: "notes")
      #expect(found == "1")
    }
  }

  @Test func aLeaderThatWasReplacedIsNotBelievedByWhoHasSeenTheNewOne() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("before")
      try await pair.followerHasCaughtUp()
      try pair.follower.run("SELECT pg_promote()")
      try await eventually("the new leader is found") {
        pair.cluster.touch(.now)
        return pair.cluster.view.0.timeline == 2
      }
      var browser = Browser()
      try await browser.request { _ = try await pair.database.insertNote("after") }
      // A process that is cut off from the new leader, and finds the old one, which knows nothing.
      try pair.follower.signal(SIGSTOP)
      var limits = DatabaseLimits()
      limits.readMs = 1_000
      let database = try await Database.open(
        "notes", of: [(.all, pair.anotherView())], ownsCluster: true, migrations: [PostgresNotes.notes],
        loops: pair.loops, limits: limits)
      let old = try await asRequest(seen: SeenPositions()) { try await database.count() }
      #expect(old == 1, "who has seen nothing is told what the old one has")
      await #expect(throws: DatabaseError.self) {
        try await browser.request { _ = try await database.count() }
      }
      try pair.follower.signal(SIGCONT)
      try await eventually("the new leader is found there too") {
        let count = try? await browser.request { try await database.count() }
        #expect(count == nil || count == 2)
        return count == 2
      }
      database.close()
    }
  }

  @Test func whatASessionSawOfAClusterThatIsNoMoreIsForgottenOnceAllServersHaveBeenAsked() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("one")
      let (cluster, timeline) = (String(pair.cluster.id, radix: 36), 9)
      for position in ["zzzzzzzz", "1"] {
        var browser = Browser(cookie: "\(cluster).\(position).0.\(timeline)")
        // What a follower doesn't find, the leader is asked for; the rest a follower that has caught up may answer.
        let (count, absent) = try await browser.request {
          let absent = try await pair.database.first("SELECT text FROM notes WHERE text = \("none")") {
            try $0.text(0)
          }
          return (try await pair.database.count(), absent)
        }
        #expect(count == 1 && absent == nil)
        #expect(SeenPositions(cookie: browser.cookie).token(of: pair.cluster.id)?.timeline == 1)
      }
    }
  }

  @Test func aLeaderThatAcknowledgesAloneIsTold() async throws {
    try await withPair { pair in
      func isShown(_ value: Int) async throws {
        try await eventually("the metric is \(value)") {
          pair.cluster.touch(.now)
          var text = MetricsText()
          text.clusters([pair.cluster])
          return text.text.contains("database_second_copy{cluster=\"main\"} \(value)\n")
        }
      }
      try await isShown(0)
      try pair.leader.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
      try pair.leader.run("SELECT pg_reload_conf()")
      try await isShown(1)
      try pair.leader.run("ALTER SYSTEM RESET synchronous_standby_names")
      try pair.leader.run("SELECT pg_reload_conf()")
      try await isShown(0)
    }
  }

  @Test func aServerThatTakesNoWritesIsWaitedForAndTheWriteIsDone() async throws {
    try await withPair { pair in
      try pair.leader.run("ALTER SYSTEM SET default_transaction_read_only = on")
      try pair.leader.run("SELECT pg_reload_conf()")
      try await eventually("it is no leader") {
        pair.cluster.touch(.now)
        return pair.cluster.view.0.leader == nil
      }
      let write = Task { try await pair.database.insertNote("one") }
      try await eventually("the write waits") { pair.cluster.metrics.waits.load(ordering: .relaxed) > 1 }
      try pair.leader.run("ALTER SYSTEM RESET default_transaction_read_only")
      try pair.leader.run("SELECT pg_reload_conf()")
      _ = try await write.value
      #expect(try await pair.database.count() == 1)
    }
  }
}

private final class SharedTally: Sendable {
  let state = Mutex(Tally())
}

/// What writers were told.
private struct Tally {
  var acknowledged: Set<String> = []
  var unknown: Set<String> = []
  /// Acknowledged writes that began after the leader's end.
  var late = 0

  mutating func acknowledge(_ text: String, isLate: Bool) {
    acknowledged.insert(text)
    if isLate { late += 1 }
  }
}

/// A session that counts in a note of its own, and looks at a neighbour's too.
private struct SessionOfTest: ~Copyable {
  private let own: String
  private let other: String
  private let database: Database
  private var browser = Browser()
  private var random: SplitMix
  private var (ownSeen, otherSeen): (Int64, Int64) = (0, 0)

  init(_ number: Int, of count: Int, seed: UInt64, _ database: Database) {
    own = "\(number)"
    other = "\((number + 1) % count)"
    random = SplitMix(seed &+ UInt64(number))
    self.database = database
  }

  mutating func step() async throws {
    let (database, own) = (database, own)
    if Int.random(in: 0..<10, using: &random) == 0 {
      let count = try await browser.request {
        try await database.transaction { transaction in
          try await transaction.first(
            "UPDATE notes SET likes = likes + 1 WHERE text = \(own) RETURNING likes"
          ) { try $0.int(0) }
        }
      }
      ownSeen = try #require(count)
    } else {
      let found = try await browser.request {
        (try await Self.likes(of: own, database), try await Self.likes(of: other, database))
      }
      #expect(found.0 == ownSeen, "a session reads what it wrote")
      #expect(found.1 >= otherSeen, "a session never goes back")
      otherSeen = max(otherSeen, found.1)
    }
  }

  private static func likes(of text: String, _ database: Database) async throws -> Int64 {
    try await database.first("SELECT likes FROM notes WHERE text = \(text)") { try $0.int(0) } ?? -1
  }
}
