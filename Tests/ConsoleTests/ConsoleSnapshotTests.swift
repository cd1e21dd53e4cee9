// The JSON between the console's server and its page.

import Foundation
import HeightsKit
import Testing

@testable import Console

struct ConsoleSnapshotTests {
  @Test("the snapshot has the members that console.js describes, and no others")
  func membersAreAsDescribed() throws {
    let snapshot = ConsoleSnapshot(lab: try ConsoleUnderTest().lab.snapshot, traffic: Traffic(atMs: 1))
    let bytes = JSONWriter.bytes(of: snapshot)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    let expected: [String: Set<String>] = [
      "stage": ["number", "name"],
      "stages": ["number", "name", "users", "runsToday"],
      "app": ["title", "url"],
      "topology": ["regions", "servers", "nodes", "links"],
      "traffic": ["t", "requestsPerSecond", "errorsPerSecond", "p50Ms", "p90Ms", "p99Ms"],
      "disk": ["usedBytes", "quotaBytes"],
      "instance": ["type", "loops", "cacheBytes"],
      "dns": ["name", "address", "port", "note"],
    ]
    #expect(Set(json.keys) == Set(expected.keys).union(["processes", "operation", "events"]))
    for (member, names) in expected { #expect(members(of: json[member]) == names, "\(member)") }
    let topology = try #require(json["topology"] as? [String: Any])
    #expect(members(of: topology["regions"]) == ["code", "name", "zones"])
    #expect(members(of: topology["servers"]) == ["id", "title", "zone"])
    #expect(
      members(of: topology["nodes"]) == ["id", "kind", "title", "subtitle", "zone", "server", "health"])
    #expect(members(of: topology["links"]) == ["from", "to", "label"])
    try expectDescribed(Set(expected.keys).union(expected.values.joined()))
  }

  @Test("a tier is as healthy as the process that does its job; what no process of ours does has no health")
  func healthIsOfTheProcess() throws {
    let snapshot = ConsoleSnapshot(lab: try ConsoleUnderTest().lab.snapshot, traffic: Traffic(atMs: 1))
    let text = String(decoding: JSONWriter.bytes(of: snapshot), as: UTF8.self)
    // Nothing was started in this lab.
    #expect(
      text.contains(
        #""kind":"database","title":"posts","subtitle":"SQLite","zone":"local-a","server":"server-a","health":"stopped""#
      ))
    #expect(
      text.contains(
        #""kind":"users","title":"Users","subtitle":"the first users","zone":null,"server":null,"health":null"#
      ))
  }

  /// Of an object, or of the first object of an array.
  private func members(of value: Any?) -> Set<String>? {
    ((value as? [String: Any]) ?? (value as? [[String: Any]])?.first).map { Set($0.keys) }
  }

  private func expectDescribed(_ names: Set<String>) throws {
    let script = String(decoding: PackageResources.console_js, as: UTF8.self)
    let description = try #require(script.components(separatedBy: "\nimport ").first)
    for name in names { #expect(description.contains(name), "console.js does not describe \(name)") }
  }
}
