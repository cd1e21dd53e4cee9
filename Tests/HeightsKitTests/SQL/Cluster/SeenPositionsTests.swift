// What a session has seen is remembered in a small cookie, and only ever moves so that nothing older is read.

import Testing

@testable import HeightsData
@testable import HeightsHTTP

@Suite struct SeenPositionsTests {
  private let member = ClusterMember(ServerAddress("127.0.0.1:1")!)  // an address

  private func position(_ bytes: UInt64) -> LogPosition { LogPosition(bytes: bytes) }

  @Test func whatHasNotMovedSetsNoCookie() throws {
    let first = SeenPositions()
    #expect(first.cookie == nil)
    first.hasWritten(position(1_000), of: 5)
    let cookie = try #require(first.cookie)
    let second = SeenPositions(cookie: cookie)
    #expect(second.token(of: 5) == .init(position: position(1_000), member: 0))
    #expect(second.token(of: 6) == nil)
    #expect(second.cookie == nil)
    second.willRead(member.id, from: position(900), of: 5)
    #expect(second.token(of: 5) == .init(position: position(1_000), member: member.id))
    second.hasRead(member.id, of: 5)
    let third = SeenPositions(cookie: second.cookie)
    third.willRead(member.id, from: position(2_000), of: 5)
    third.hasRead(member.id, of: 5)
    #expect(third.cookie == nil)
  }

  @Test(arguments: [
    "", "x", "1.2", "1.2.3", "1.2.3.4.5", "1.2.3.4_", "_", "1.2.-3.4", "1.2.!.4", "1.2.3.4_1.2.3.4",
    "zzzzzzzz.2.3.4",
    "1.2.zzzzzzzz.4", "1.2.3.zzzzzzzz", "1.zzzzzzzzzzzzzz.3.4",
    "0.0.0.0_x", (1...SeenPositions.clusterLimit + 1).map { "\($0).2.3.4" }.joined(separator: "_"),
    String(repeating: "1", count: 3_000),
  ]) func aWrongCookieIsNone(_ cookie: String) {
    let seen = SeenPositions(cookie: cookie)
    for cluster: UInt32 in 0..<8 { #expect(seen.token(of: cluster) == nil) }
    #expect(seen.cookie == nil)
  }

  @Test func ofAsManyClustersAsThereAreNoneIsReadOlderThanItWasSeen() throws {
    let count = UInt32(SeenPositions.clusterLimit)
    var cookie: String?
    // Each in a request of its own, as a session comes by them.
    for cluster in 1...count + 8 {
      let seen = SeenPositions(cookie: cookie)
      #expect(seen.token(of: .max - cluster) == (cluster > count + 1 ? .unknown : nil))
      seen.hasWritten(.end, on: .max, of: .max - cluster)
      cookie = seen.cookie
      #expect(try #require(cookie).utf8.count <= SeenPositions.cookieBytesLimit)
    }
    let again = SeenPositions(cookie: cookie)
    #expect(again.token(of: .max - 9) == .init(position: .end, member: 0, timeline: .max))
    // Those that moved longest ago have no token of their own, and only their leaders will do.
    #expect(again.token(of: .max - 8) == .unknown)
    let view = PostgresCluster.View(leader: nil, timeline: 3, followers: [member], members: [member])
    member.replayed = position(90)
    let follower = view.follower(
      after: again.token(of: .max - 8), fresh: .start, turn: 0, avoiding: nil)
    #expect(follower == nil)
    let start = again.willReadLeader(of: .max - 8)
    #expect(start.token?.refuses(position(1), on: 1) == false)
    again.hasReadLeader(position(50), on: 1, of: .max - 8, since: start)
    #expect(again.token(of: .max - 8) == .init(position: position(50), member: 0, timeline: 1))
  }

  @Test func theLeaderDecidesUnlessSomethingElseCameMeanwhile() {
    let seen = SeenPositions()
    seen.hasWritten(nil, of: 1)
    #expect(seen.token(of: 1)?.position == .end)
    let start = seen.willReadLeader(of: 1)
    seen.hasReadLeader(position(50), on: 3, of: 1, since: start)
    #expect(seen.token(of: 1)?.position == position(50))
    let late = seen.willReadLeader(of: 1)
    seen.hasWritten(position(60), on: 4, of: 1)
    seen.hasReadLeader(position(55), on: 3, of: 1, since: late)
    #expect(seen.token(of: 1) == .init(position: position(60), member: 0, timeline: 4))
  }

  @Test func aLeaderIsRefusedThatHasLessThanWasSeenUnlessItWasElectedLater() {
    let token = SeenPositions.Token(position: position(50), member: 0, timeline: 3)
    #expect(token.refuses(position(49), on: 3))
    #expect(!token.refuses(position(50), on: 3))
    #expect(!token.refuses(position(10), on: 4))
    // Replaced: where its log has come to says nothing of the other one.
    #expect(token.refuses(position(90), on: 2))
    let unknown = SeenPositions.Token(position: .end, member: 0, timeline: 3)
    #expect(!unknown.refuses(position(1), on: 3))
    #expect(unknown.refuses(position(1), on: 2))
  }

  @Test func whoMayHaveWrittenAsksTheLeaderAndHasSeenNoMoreThanBefore() {
    let seen = SeenPositions()
    seen.hasWritten(position(50), on: 3, of: 1)
    seen.mayHaveWritten(of: 1)
    let sure = SeenPositions.Token(position: position(50), member: 0, timeline: 3)
    var unsure = sure
    unsure.isUnsure = true
    let again = SeenPositions(cookie: seen.cookie)
    #expect(again.token(of: 1) == unsure)
    let view = PostgresCluster.View(leader: nil, timeline: 3, followers: [member], members: [member])
    member.replayed = position(90)
    #expect(view.follower(after: unsure, fresh: .start, turn: 0, avoiding: nil) == nil)
    #expect(view.follower(after: sure, fresh: .start, turn: 0, avoiding: nil) === member)
    // The leader has shown all that there is; what is written later lies behind what may have been.
    again.hasReadLeader(position(60), on: 3, of: 1, since: again.willReadLeader(of: 1))
    #expect(again.token(of: 1) == .init(position: position(60), member: 0, timeline: 3))
    seen.hasWritten(position(70), on: 3, of: 1)
    #expect(seen.token(of: 1) == .init(position: position(70), member: 0, timeline: 3))
  }

  @Test func aFollowersAnswerAfterTheSessionWentElsewhereLeavesOnlyTheLeader() {
    let seen = SeenPositions()
    seen.willRead(member.id, from: position(1), of: 1)
    seen.hasReadLeader(position(5), on: 0, of: 1, since: seen.willReadLeader(of: 1))
    #expect(seen.token(of: 1) == .init(position: position(5), member: 0))
    seen.hasRead(member.id, of: 1)
    #expect(seen.token(of: 1) == .init(position: .end, member: 0))
  }

  @Test func whatIsSeenOfAnotherClusterMeanwhileDoesNotKeepAReadFromMovingItsOwn() {
    let seen = SeenPositions()
    seen.hasWritten(position(1_000), on: 1, of: 5)
    // A failover has lost the end of the log; meanwhile the request writes elsewhere.
    let start = seen.willReadLeader(of: 5)
    seen.hasWritten(position(7), on: 1, of: 6)
    seen.hasReadLeader(position(500), on: 2, of: 5, since: start)
    #expect(seen.token(of: 5) == .init(position: position(500), member: 0, timeline: 2))
    // What it has written to the same one counts.
    let next = seen.willReadLeader(of: 5)
    seen.hasWritten(position(2_000), on: 2, of: 5)
    seen.hasReadLeader(position(600), on: 2, of: 5, since: next)
    #expect(seen.token(of: 5)?.position == position(2_000))
  }

  @Test func whatWasSeenAndForgottenWhileALeaderWasReadIsNotTakenForNothing() {
    let seen = SeenPositions()
    let start = seen.willReadLeader(of: 5)
    seen.hasWritten(position(1_000), on: 1, of: 5)
    for cluster in 0..<UInt32(SeenPositions.clusterLimit) {
      seen.hasWritten(position(1), on: 1, of: 100 + cluster)
    }
    seen.hasReadLeader(position(500), on: 1, of: 5, since: start)
    #expect(seen.token(of: 5)?.position == .end)
  }

  // MARK: What is seen elsewhere

  @Test func whatAnotherHasSeenForTheSessionIsTakenOver() throws {
    let seen = SeenPositions()
    seen.hasWritten(position(10), on: 1, of: 5)
    let copy = seen.copy
    let elsewhere = SeenPositions(cookie: copy.text)
    elsewhere.hasWritten(position(30), on: 1, of: 5)
    elsewhere.hasWritten(position(7), on: 2, of: 6)
    seen.take(try #require(elsewhere.cookie), since: copy.moment)
    #expect(seen.token(of: 5) == .init(position: position(30), member: 0, timeline: 1))
    #expect(seen.token(of: 6) == .init(position: position(7), member: 0, timeline: 2))
    #expect(seen.cookie == SeenPositions(cookie: seen.cookie).copy.text)
  }

  @Test func ofWhatWasSeenSideBySideNothingIsForgotten() throws {
    let seen = SeenPositions()
    let copy = seen.copy
    #expect(copy.text == nil)
    let elsewhere = SeenPositions(cookie: copy.text)
    elsewhere.willRead(9, from: position(50), of: 5)
    elsewhere.hasWritten(position(3), on: 1, of: 6)
    seen.willRead(8, from: position(40), of: 5)
    seen.hasWritten(position(8), on: 2, of: 6)
    seen.take(try #require(elsewhere.cookie), since: copy.moment)
    #expect(seen.token(of: 5)?.position == .end, "of two followers neither is surely ahead of the other")
    #expect(seen.token(of: 6) == .init(position: position(8), member: 0, timeline: 2))
  }

  @Test func whatCantBeACookieTellsNothing() {
    let seen = SeenPositions()
    seen.hasWritten(position(10), on: 1, of: 5)
    let copy = seen.copy
    seen.take("1.2.3", since: copy.moment)
    #expect(seen.copy.text == copy.text)
  }

  @Test func whereSomethingMayHaveBeenWrittenOnlyLeadersWillDo() {
    let seen = SeenPositions()
    seen.hasWritten(position(10), on: 1, of: 5)
    seen.mayHaveWrittenAnywhere()
    for seen in [seen, SeenPositions(cookie: seen.cookie)] {
      #expect(seen.token(of: 5)?.isUnsure == true)
      #expect(seen.token(of: 6) == .unknown)
    }
  }
}
