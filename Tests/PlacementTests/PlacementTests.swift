// The placement: what it says, and what it refuses.

import Foundation
import Testing

@testable import Placement

@Suite struct PlacementTests {
  private static let whole = """
    {"epoch": 12, "clusters": {"main": {"members": ["127.1.1.50:5432", "127.1.2.50:5432"]}},
     "databases": {"posts": [{"shards": "0-2047", "cluster": "main"}, {"shards": "2048-4095", "cluster": "main"}]},
     "sessions": ["redis", "sql"], "cache": {"sentinels": ["127.1.1.30:26379"], "name": "cache"},
     "objects": ["s3", "folder"],
     "services": {"accounts": {"addresses": ["127.1.1.40:80", "127.1.2.40:80"], "share": 10, "callers": ["web"]},
                  "posts": {"addresses": ["posts.example.com:443"], "tls": true, "share": 1024, "callers": ["web"]}},
     "keys": {"web": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]}}
    """

  @Test func whatIsWrittenIsReadAgain() throws {
    let placement = try Placement(json: Data(Self.whole.utf8))
    #expect(placement.epoch == 12)
    #expect(placement.clusters["main"]?.members.map(\.port) == [5432, 5432])
    #expect(
      placement.databases["posts"]?.map(\.shards) == [
        ShardRange(first: 0, last: 2047), ShardRange(first: 2048, last: 4095),
      ])
    #expect(placement.sessions == [.redis, .sql])
    #expect(placement.objects == [.s3, .folder])
    #expect(placement.services["accounts"]?.share == 10)
    #expect(placement.services.mapValues(\.tls) == ["accounts": false, "posts": true])
    #expect(placement.services["accounts"]?.addresses.map(\.port) == [80, 80])
    #expect(placement.keys["web"]?.count == 1)
    #expect(try Placement(json: placement.json) == placement)
  }

  @Test func whatIsNotSaidIsInTheProcessItself() throws {
    let placement = try Placement(json: Data(#"{"epoch": 0}"#.utf8))
    #expect(placement == .local)
    #expect(try placement.clusters(of: "posts") == nil)
  }

  @Test(arguments: [
    ("{", "the document is not JSON"),
    ("{}", "epoch is missing"),
    (#"{"epoch": -1}"#, "epoch is -1: expected 0 or more"),
    (#"{"epoch": "x"}"#, "epoch is not what it should be"),
    (
      #"{"epoch": 1, "extra": 1}"#,
      "'extra' is not understood: expected epoch, clusters, databases, sessions, sessionsSince, cache, objects, services, keys"
    ),
    (#"{"epoch": 1, "clusters": {"a": {"members": []}}}"#, "cluster a has no members"),
    (#"{"epoch": 1, "clusters": {"a": {"members": ["x"]}}}"#, "'x' is no address: expected HOST:PORT"),
    (
      #"{"epoch": 1, "databases": {"p": [{"shards": "0-4095", "cluster": "b"}]}}"#,
      "database p is in cluster b, which does not exist"
    ),
    (
      #"{"epoch": 1, "clusters": {"a": {"members": ["h:1"]}}, "databases": {"p": [{"shards": "0-9", "cluster": "a"}]}}"#,
      "database p ends with shard 9: expected 4095"
    ),
    (
      #"{"epoch": 1, "clusters": {"a": {"members": ["h:1"]}}, "databases": {"p": [{"shards": "9-4095", "cluster": "a"}]}}"#,
      "database p: expected shards from 0 on, found 9-4095"
    ),
    (
      #"{"epoch": 1, "clusters": {"a": {"members": ["h:1"]}}, "databases": {"p": [{"shards": "9", "cluster": "a"}]}}"#,
      "shards are '9': expected a range such as 0-4095"
    ),
    (
      #"{"epoch": 1, "clusters": {"a": {"members": ["h:1"]}}, "databases": {"p": [{"shards": "9-4", "cluster": "a"}]}}"#,
      "shards are '9-4': expected a range such as 0-4095"
    ),
    (#"{"epoch": 1, "sessions": []}"#, "sessions are nowhere"),
    (#"{"epoch": 1, "sessions": ["sql", "sql"]}"#, "sessions name a store twice"),
    (#"{"epoch": 1, "sessions": ["redis", "sql"]}"#, "sessions are in redis, and there is no cache"),
    (
      #"{"epoch": 1, "sessions": ["redis"]}"#,
      "sessions are in redis alone: expected sql or dynamodb too, which keep them"
    ),
    (
      #"{"epoch": 1, "sessions": ["sql"], "sessionsSince": {"sql": 2}}"#,
      "sessions are in sql since epoch 2, which can't be"
    ),
    (
      #"{"epoch": 1, "sessions": ["sql"], "sessionsSince": {"dynamodb": 1}}"#,
      "sessions are in dynamodb since epoch 1, which can't be"
    ),
    (
      #"{"epoch": 1, "sessionsSince": {"disk": 1}}"#,
      "sessionsSince names 'disk': expected sql or dynamodb"
    ),
    (
      #"{"epoch": 1, "cache": {"name": "x"}}"#,
      "the cache is not understood: expected sentinels and name, or servers (and tls)"
    ),
    (
      #"{"epoch": 1, "services": {"a": {"addresses": [], "share": 0, "callers": []}}}"#,
      "service a has no addresses"
    ),
    (
      #"{"epoch": 1, "services": {"a": {"addresses": ["h:1"], "share": 1025, "callers": []}}}"#,
      "service a gets 1025 calls of 1024"
    ),
    (
      #"{"epoch": 1, "services": {"a": {"addresses": ["h:1"], "share": 0, "callers": ["web"]}}}"#,
      "service a may be called by web, which has no key"
    ),
    (
      #"{"epoch": 1, "keys": {"web": ["short"]}}"#,
      "a key of web is not understood: expected 43 characters of base 64 for URLs"
    ),
    (
      #"{"epoch": 1, "keys": {"web": []}}"#,
      "a key of web is not understood: expected 43 characters of base 64 for URLs"
    ),
  ]) func whatCantBeIsRefusedAndNamed(json: String, message: String) {
    let error = #expect(throws: PlacementError.self) { try Placement(json: Data(json.utf8)) }
    #expect(error?.description == message)
  }

  @Test func aKeeperThatComesBackIsNotTakenForTheOneThatWasThere() throws {
    var placement = Placement(epoch: 4)
    var since: [[Placement.SessionStoreName: Int]] = []
    let lists: [[Placement.SessionStoreName]] = [
      [.sql, .dynamodb], [.dynamodb, .sql], [.dynamodb], [.dynamodb, .sql], [.sql], [.sql, .dynamodb],
    ]
    for sessions in lists {
      placement = placement.next { $0.sessions = sessions }
      since.append(placement.sessionsSince)
      let read = try Placement(json: placement.json)
      #expect(read == placement)
    }
    #expect(
      since == [
        [.dynamodb: 5], [.dynamodb: 5], [.dynamodb: 5], [.dynamodb: 5, .sql: 8], [.sql: 8],
        [.sql: 8, .dynamodb: 10],
      ])
  }

  @Test func oneThatIsPutTogetherWrongIsNotWritten() throws {
    var placement = Placement(epoch: 1)
    placement.databases["posts"] = [.init(cluster: "main")]
    let missing = PlacementError("database posts is in cluster main, which does not exist")
    #expect(throws: missing) { try placement.json }
    #expect(throws: missing) { try placement.clusters(of: "posts") }
    placement.databases["posts"] = [.init(shards: ShardRange(first: 5, last: 4), cluster: "main")]
    placement.clusters["main"] = .init(members: [ServerAddress(host: "127.0.0.1", port: 5432)])
    #expect(throws: PlacementError("database posts: expected shards from 0 on, found 5-4")) {
      try placement.json
    }
  }

  @Test func rangesOfShardsAreReadAsTheyAreWritten() {
    for range in ShardRange.all.split(into: 7) { #expect(ShardRange(range.description) == range) }
    for text in ["", "1", "-", "1-", "-1", "2-1", "0-4096", "a-b", "0-1-2", " 0-1", "+0-1 "] {
      #expect(ShardRange(text) == nil, "\(text)")
    }
  }
}
