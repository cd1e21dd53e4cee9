// What follows from what the servers of a cluster say: who leads, and who may be read from.

import Testing

@testable import HeightsData
@testable import HeightsHTTP

@Suite struct ClusterStateTests {
  private let a = member("127.0.0.1:1")
  private let b = member("127.0.0.1:2")
  private let c = member("127.0.0.1:3")

  private static func member(_ address: String) -> ClusterMember {
    ClusterMember(ServerAddress(address)!)  // an address
  }

  private func at(_ ms: Int) -> Deadline { Deadline(uptimeNanoseconds: 1_000_000_000_000).plus(ms: ms) }

  private func position(_ bytes: UInt64) -> LogPosition { LogPosition(bytes: bytes) }

  @Test func aLeaderThatWasReplacedAndComesBackIsNotAccepted() {
    var state = ClusterState([a, b])
    #expect(state.leader == nil)
    let isNew1 = state.note(a, .leads(timeline: 1), at: position(10), now: at(0))
    #expect(isNew1)
    let isNew2 = state.note(b, .follows, at: position(10), now: at(0))
    #expect(isNew2)
    let isNew3 = state.note(b, .follows, at: position(11), now: at(1))
    #expect(!isNew3)
    #expect(state.leader === a)
    let isNew4 = state.noteSilence(a)
    #expect(isNew4)
    #expect(state.leader == nil)
    _ = state.note(b, .leads(timeline: 2), at: position(20), now: at(2))
    #expect(state.leader === b)
    // It has hung, and knows of nothing.
    _ = state.note(a, .leads(timeline: 1), at: position(30), now: at(3))
    #expect(state.leader === b)
    _ = state.noteSilence(b)
    #expect(state.leader == nil)
    #expect(state.leaderChanges == 1)
  }

  @Test func aServerThatTakesNoWritesIsNoLeaderAndNoFollower() {
    var state = ClusterState([a])
    _ = state.note(a, .refusesWrites, at: position(1), now: at(0))
    #expect(state.leader == nil)
    #expect(state.followers.isEmpty && state.silent.isEmpty)
  }

  @Test func followersMustHaveWhatTheLeaderHadASecondBeforeItWasLastHeardOf() {
    var state = ClusterState([a, b])
    #expect(state.freshPosition == .start)
    for step in 0...20 {
      _ = state.note(a, .leads(timeline: 1), at: position(UInt64(step)), now: at(step * 100))
    }
    #expect(state.freshPosition == position(10))
    _ = state.noteSilence(a)
    _ = state.note(b, .follows, at: position(15), now: at(9_000))
    #expect(state.freshPosition == position(10))
    // The new leader's log may end before the old one's.
    _ = state.note(b, .leads(timeline: 2), at: position(8), now: at(9_100))
    #expect(state.freshPosition == position(8))
  }

  @Test func aClusterIsWholeOnceEachServerHasBeenAskedAndHasAnswered() {
    var state = ClusterState([a, b])
    _ = state.note(a, .leads(timeline: 1), at: position(1), askedAt: at(5), now: at(6))
    #expect(!state.isWholeSince(at(0)))
    _ = state.note(b, .follows, at: position(1), askedAt: at(7), now: at(20))
    #expect(state.isWholeSince(at(4)))
    // What it was asked before, and has answered since, may have changed in between.
    #expect(!state.isWholeSince(at(5)))
    _ = state.noteSilence(b)
    #expect(!state.isWholeSince(at(0)))
  }

  @Test func otherMembersLeaveWhatIsKnownOfTheRest() {
    var state = ClusterState([a, b])
    _ = state.note(a, .leads(timeline: 1), at: position(1), now: at(0))
    _ = state.note(b, .follows, at: position(1), now: at(0))
    state.setMembers([Self.member("127.0.0.1:1"), c])
    #expect(state.leader === a)
    #expect(state.followers.isEmpty)
    #expect(state.silent.map(\.name) == ["127.0.0.1:3"])
    let isNew5 = state.note(b, .leads(timeline: 9), at: position(2), now: at(1))
    #expect(!isNew5)
    #expect(state.leader === a)
    state.setMembers([b, c])
    #expect(state.leader == nil)
  }

  @Test func theServersOfAURLAreFoundAsLibpqReadsThem() {
    func names(_ urls: String...) -> [String] { ClusterMember.members(of: urls).map(\.name) }
    #expect(names("postgresql://app:secret@h1:1,h2:2/x?sslmode=disable") == ["h1:1", "h2:2"])
    #expect(names("postgresql://h1,h2/") == ["h1:5432", "h2:5432"])
    #expect(names("postgresql://h1:7/", "postgresql://h1:7,h2:8/") == ["h1:7", "h2:8"])
    #expect(names("postgresql:///x") == ["the server"])
    #expect(names("postgresql://%2Frun%2Fx/db") == ["/run/x:5432"])
  }

  // MARK: Who stands in for the leader

  @Test func onlyWhoHasAllThatTheLeaderHasAcknowledgedStandsInForIt() {
    func standIn(_ replayed: UInt64, atEnd: Bool, waited: Bool, _ members: [ClusterMember]) -> Bool {
      (b.replayed, b.hasReplayedAll) = (position(replayed), atEnd)
      let view = PostgresCluster.View(
        leader: nil, timeline: 1, followers: [b], members: members, waitedForFollower: waited)
      return view.standIn(for: position(10)) === b
    }
    #expect(standIn(10, atEnd: false, waited: false, [a, b]))
    #expect(!standIn(9, atEnd: true, waited: false, [a, b]))
    // The end of the leader's log was never acknowledged, since it waits for this one.
    #expect(standIn(9, atEnd: true, waited: true, [a, b]))
    #expect(!standIn(9, atEnd: false, waited: true, [a, b]))
    // Of several it may have waited for another.
    #expect(!standIn(9, atEnd: true, waited: true, [a, b, c]))
  }

  // MARK: Who is read from

  private func follower(
    after token: SeenPositions.Token?, fresh: UInt64 = 0, turn: Int = 0, avoiding: ClusterMember? = nil
  ) -> ClusterMember? {
    let view = PostgresCluster.View(leader: a, timeline: 1, followers: [b, c], members: [a, b, c])
    return view.follower(after: token, fresh: position(fresh), turn: turn, avoiding: avoiding)
  }

  @Test func aFollowerIsReadWhenItHasWhatTheSessionHasSeen() {
    (b.replayed, c.replayed) = (position(100), position(90))
    #expect(follower(after: nil) === b)
    #expect(follower(after: nil, turn: 1) === c)
    #expect(follower(after: nil, fresh: 95, turn: 1) === b)
    #expect(follower(after: nil, fresh: 101) == nil)
    #expect(follower(after: .init(position: position(95), member: 0), turn: 1) === b)
    #expect(follower(after: .init(position: position(101), member: 0)) == nil)
    #expect(follower(after: .init(position: .end, member: 0)) == nil)
    #expect(follower(after: nil, avoiding: b) === c)
  }

  @Test func whoHasReadFromAFollowerStaysThereOrGoesToTheLeader() {
    (b.replayed, c.replayed) = (position(100), position(90))
    let token = SeenPositions.Token(position: position(50), member: c.id)
    for turn in 0..<4 { #expect(follower(after: token, turn: turn) === c) }
    // The other one has not surely replayed what this one has shown.
    #expect(follower(after: token, fresh: 95) == nil)
    #expect(follower(after: token, avoiding: c) == nil)
    #expect(follower(after: .init(position: position(50), member: 7)) == nil)
  }

  @Test func whereRowsHaveComeFromElsewhereAFollowerIsReadOnceItHasWhatTheLeaderHadAfterwards() {
    var state = ClusterState([a, b])
    _ = state.note(a, .leads(timeline: 1), at: position(10), now: at(0))
    _ = state.note(b, .follows, at: position(10), now: at(0))
    #expect(state.freshPosition == position(10))
    state.expectNewest(since: at(100))
    #expect(state.freshPosition == .end)
    // Asked before they had come.
    _ = state.note(a, .leads(timeline: 1), at: position(15), askedAt: at(99), now: at(101))
    #expect(state.freshPosition == .end)
    #expect(state.leaderPosition == position(15), "who stands in for the leader is another question")
    _ = state.note(a, .leads(timeline: 1), at: position(20), askedAt: at(102), now: at(103))
    #expect(state.freshPosition == position(20))
    // From then on as before.
    _ = state.note(a, .leads(timeline: 1), at: position(30), now: at(500))
    #expect(state.freshPosition == position(20))
  }
}
