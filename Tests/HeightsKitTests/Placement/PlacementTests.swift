// The placement: what it says, what it refuses, and how it is replaced.

import Foundation
import Testing

@testable import HeightsKit

@Suite struct PlacementTests {
  private static let whole = """
    {"epoch": 12, "clusters": {"main": {"members": ["127.1.1.50:5432", "127.1.2.50:5432"]}},
     "databases": {"posts": [{"shards": "0-2047", "cluster": "main"}, {"shards": "2048-4095", "cluster": "main"}]},
     "sessions": ["redis", "sql"], "cache": {"sentinels": ["127.1.1.30:26379"], "name": "cache"},
     "objects": ["s3", "folder"]}
    """

  @Test func whatIsWrittenIsReadAgain() throws {
    let placement = try Placement(json: Data(Self.whole.utf8))
    #expect(placement.epoch == 12)
    #expect(placement.clusters["main"]?.members.map(\.port) == [5432, 5432])
    #expect(placement.databases["posts"]?.map(\.shards) == [0...2047, 2048...4095])
    #expect(placement.sessions == [.redis, .sql])
    #expect(placement.objects == [.s3, .folder])
    #expect(try Placement(json: placement.json) == placement)
  }

  @Test func whatIsNotSaidIsInTheProcessItself() throws {
    let placement = try Placement(json: Data(#"{"epoch": 0}"#.utf8))
    #expect(placement == .local)
    #expect(try placement.cluster(of: "posts") == nil)
  }

  @Test(arguments: [
    ("{", "the document is not JSON"),
    ("{}", "epoch is missing"),
    (#"{"epoch": -1}"#, "epoch is -1: expected 0 or more"),
    (#"{"epoch": "x"}"#, "epoch is not what it should be"),
    (
      #"{"epoch": 1, "extra": 1}"#,
      "'extra' is not understood: expected epoch, clusters, databases, sessions, cache, objects"
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
    (#"{"epoch": 1, "sessions": []}"#, "sessions are nowhere"),
    (#"{"epoch": 1, "sessions": ["sql", "sql"]}"#, "sessions name a store twice"),
    (#"{"epoch": 1, "sessions": ["redis", "sql"]}"#, "sessions are in redis, and there is no cache"),
    (
      #"{"epoch": 1, "cache": {"name": "x"}}"#,
      "the cache is not understood: expected sentinels and name, or servers (and tls)"
    ),
  ]) func whatCantBeIsRefusedAndNamed(json: String, message: String) {
    let error = #expect(throws: PlacementError.self) { try Placement(json: Data(json.utf8)) }
    #expect(error?.description == message)
  }

  @Test func aFileThatIsNotThereIsNoPlacementAndABrokenOneIsNamed() throws {
    let folder = NSTemporaryDirectory() + "placement-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/placement.json"
    #expect(try Placement.read(path) == nil)
    let placement = try Placement(json: Data(Self.whole.utf8))
    try placement.write(to: path)
    #expect(try Placement.read(path) == placement)
    try Data("{".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: PlacementError("\(path): the document is not JSON")) { try Placement.read(path) }
  }
}

extension Placement {
  /// Replaces a file, as the lab does: whoever reads finds the old document or this one, whole.
  func write(to path: String) throws { try json.write(to: URL(fileURLWithPath: path), options: .atomic) }
}
