// Reads while no leader is to be had: what a follower may answer in its place, and what it may not.

import Glibc
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsHTTP

@Suite(.serialized) struct LeaderlessReadTests {
  @Test func withoutALeaderWhatTheFollowerDoesNotFindIsNotThere() async throws {
    try await withPair { pair in
      try pair.leader.run("INSERT INTO notes VALUES (7, 1, 'old', 0)", in: "notes")
      try await pair.followerHasCaughtUp()
      _ = try await asRequest(seen: SeenPositions()) { try await pair.database.count() }
      pair.leader.stop()
      let missing: SQL = "SELECT text FROM notes WHERE id = 2"
      for _ in 0..<5 {
        let found = try await asRequest(seen: SeenPositions()) {
          try await pair.database.first(missing) { try $0.text(0) }
        }
        #expect(found == nil)
      }
    }
  }

  @Test func whoseWriteWasNeverAnsweredReadsOnWithoutTheLeaderAndFromItWhenItIsBack() async throws {
    try await withPair { pair in
      var browser = Browser()
      _ = try await browser.request { try await pair.database.insertNote("one") }
      try await pair.followerHasCaughtUp()
      try pair.leader.signal(SIGSTOP)
      await #expect(throws: DatabaseError.self) {
        _ = try await browser.request {
          try await pair.database.transaction(deadline: .afterMs(300)) {
            try await $0.execute("INSERT INTO notes VALUES (7, 2, 'two', 0)")
          }
        }
      }
      let before = pair.reads
      let count = try await browser.request {
        try await within(ms: 4_000) { try await pair.database.count() }
      }
      #expect(count == 1)
      #expect(pair.reads.follower > before.follower)
      try pair.leader.signal(SIGCONT)
      try await eventually("the leader is read again") {
        let before = pair.reads.leader
        _ = try await browser.request { try await pair.database.count() }
        return pair.reads.leader > before
      }
    }
  }

  @Test func whatIsNewestIsReadAtTheFollowerThatALeaderWaitedForWhichIsGone() async throws {
    try await withPair(synchronous: true) { pair in
      try await pair.database.insertNote("one")
      try await pair.followerHasCaughtUp()
      try await eventually("the leader has said that it waits") {
        pair.cluster.touch(.now)
        return pair.cluster.view.0.waitedForFollower
      }
      // While there is a leader nobody stands in for it.
      #expect(pair.cluster.view.0.followers.first?.hasReplayedAll == false)
      try pair.leader.signal(SIGSTOP)
      let count = try await within(ms: 5_000) {
        try await pair.database.newest("SELECT count(*) FROM notes") { try $0.int(0) }
      }
      #expect(count == [1])
      try pair.leader.signal(SIGCONT)
    }
  }

  @Test func aLeaderThatWasMadeToStopAndFollowsNobodyIsNotReadInTheLeadersPlace() async throws {
    try await withPair { pair in
      try await pair.database.insertNote("one")
      try await pair.followerHasCaughtUp()
      pair.follower.stop()
      try pair.leader.restartWithoutLeader()
      try await eventually("it is known to lead no more") {
        pair.cluster.touch(.now)
        let view = pair.cluster.view.0
        return view.leader == nil && view.silent.count == 1
      }
      #expect(pair.cluster.view.0.followers.isEmpty)
      await #expect(throws: DatabaseError.self) {
        _ = try await pair.database.newest("SELECT count(*) FROM notes") { try $0.int(0) }
      }
    }
  }
}
