// The placement of a deployment: what it becomes, and what the AWS CLI is asked for it.

import Foundation
import Placement
import Testing

@testable import Deploy

private func service(_ host: String, share: Int = 1_024) -> Placement.Service {
  .init(addresses: [ServerAddress(host: host, port: 443)], tls: true, share: share, callers: ["web"])
}

private func key(_ letter: Character) -> String { String(repeating: letter, count: 42) + "A" }

private let wanted = Placement(
  epoch: 1, clusters: ["main": .init(members: [ServerAddress(host: "a", port: 5432)])],
  databases: ["posts": [.init(cluster: "main")]], sessions: [.redis, .dynamodb],
  cache: .servers([ServerAddress(host: "c", port: 6379)], tls: true), objects: [.s3],
  services: ["posts": service("posts.example")], keys: ["web": [key("a")]])

@Suite struct PlacementPlanTests {
  @Test func whatIsAsWantedStays() {
    #expect(wanted.following(wanted) == nil)
    var moved = wanted
    moved.epoch = 40
    #expect(moved.following(wanted) == nil)
  }

  @Test func whatADeploymentDoesNotKnowStays() throws {
    var there = wanted
    there.epoch = 7
    there.clusters["second"] = .init(members: [ServerAddress(host: "s", port: 5432)])
    there.databases["posts"] = [
      .init(shards: try #require(ShardRange("0-99")), cluster: "main"),
      .init(shards: try #require(ShardRange("100-4095")), cluster: "second"),
    ]
    there.services["posts"]?.share = 10
    there.sessions = [.redis, .sql, .dynamodb]
    there.keys["web"] = [key("b"), key("c")]
    var next = wanted
    next.clusters["main"] = .init(members: [ServerAddress(host: "new", port: 5432)])
    next.databases["graph"] = [.init(cluster: "main")]
    next.services["posts"] = service("elsewhere.example")
    let made = try #require(there.following(next))
    #expect(made.epoch == 8)
    #expect(made.clusters["main"]?.members.map(\.host) == ["new"])
    #expect(made.databases["posts"] == there.databases["posts"] && made.databases["graph"] != nil)
    #expect(made.services["posts"]?.addresses.map(\.host) == ["elsewhere.example"])
    #expect(made.services["posts"]?.share == 10)
    #expect(made.sessions == there.sessions)
    // What runs still signs with the one before.
    #expect(made.keys["web"] == [key("c"), key("a")])
    #expect(throws: Never.self) { try made.check() }
    #expect(made.following(next) == nil)
  }

  @Test func anOlderKeyThatIsTheOneAgainIsTheNewest() throws {
    var there = wanted
    there.keys["web"] = [key("a"), key("b")]
    #expect(there.following(wanted)?.keys["web"] == [key("b"), key("a")])
  }

  /// An earlier release still runs, and calls as it did.
  @Test func whoMayCallIsNarrowedOnlyWhenNobodyGoesByTheOneBefore() throws {
    var there = wanted
    there.services["posts"]?.callers = ["web", "graph"]
    there.services["graph"] = service("g")
    there.keys["graph"] = [key("g")]
    #expect(there.following(wanted) == nil)
    let settled = try #require(there.following(wanted, isSettled: true))
    #expect(settled.services["posts"]?.callers == ["web"])
    #expect(Set(settled.services.keys) == ["posts"] && Set(settled.keys.keys) == ["web"])
    #expect(settled.following(wanted, isSettled: true) == nil)
  }

  @Test func standInsAreNamedWhereverTheyAre() {
    var document = wanted
    document.services["graph"] = service("c")
    let named = document.naming(["a": "db.example", "c": "cache.example"])
    #expect(named.clusters["main"]?.members.map(\.host) == ["db.example"])
    #expect(named.cache == .servers([ServerAddress(host: "cache.example", port: 6379)], tls: true))
    #expect(
      named.services.mapValues { $0.addresses.map(\.host) } == [
        "posts": ["posts.example"], "graph": ["cache.example"],
      ])
  }

  /// `python3 -c 'import hashlib; print(hashlib.sha256(b"a secret").hexdigest())'`, then
  /// `openssl pkey -pubout` of the Ed25519 key of these 32 bytes.
  @Test func theKeyOfASecretIsWhatServersMakeOfIt() {
    // A line break belongs to it: whoever puts a secret from a file has one at its end.
    #expect(CallerKey.shown(of: "a secret") != CallerKey.shown(of: "a secret\n"))
    #expect(CallerKey.shown(of: "a secret") == "nxh2DADQGLYOxYjOBpmIL-JHAuBhBR72m_vB1wE1KOw")
  }
}
