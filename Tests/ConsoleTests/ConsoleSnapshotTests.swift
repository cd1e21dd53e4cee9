// The JSON between the console's server and its page.

import Foundation
import HeightsRuntime
import TestSupport
import Testing
import Topology

@testable import Console
@testable import Lab

@Suite struct ConsoleSnapshotTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden")

  private static let drills = [
    ConsoleDrill(kind: "zone-outage", summary: "the power of a zone is cut", firstStage: 4, target: .zone),
    ConsoleDrill(kind: "instance-crash", summary: "an app server is killed", firstStage: 2, target: .host),
    ConsoleDrill(
      kind: "cache-loss", summary: "every cache process is killed", firstStage: 5, target: .nothing),
  ]

  /// The page is tested with these in a browser (Tests/Integration/test_console_*.py). HEIGHTS_RENEW_GOLDEN=1 writes
  /// what is now; then read the difference.
  @Test("each stage's snapshot is the one that the page is tested with", arguments: Stage.allCases)
  func snapshotIsTheGoldenOne(stage: Stage) throws {
    try expectGolden("stage-\(stage.number)", snapshot(of: .at(stage)))
  }

  @Test("what a cut zone and a climb look like is what the page is tested with")
  func troubleIsTheGoldenOne() throws {
    var climb = ConsoleClimb(
      from: 4, to: 5, done: 3, count: 12, title: "copy the objects to the object store", isRunning: true)
    (climb.fraction, climb.remainingSeconds) = (0.4, 75)
    try expectGolden("zone-cut", snapshot(of: .at(.stateless, cutZones: ["local-a"])))
    try expectGolden("climb-4-to-5", snapshot(of: .at(.replicated), climb: climb))
  }

  @Test("what is tried looks like what the page is tested with")
  func trialsAreTheGoldenOnes() throws {
    let climb = ConsoleClimb(
      from: 5, to: 6, done: 20, count: 44,
      title: "send a growing share of the calls of posts to its own servers",
      isRunning: false)
    try expectGolden("canary", snapshot(of: .at(.microservices).trying()))
    try expectGolden("climb-5-to-6", snapshot(of: .at(.stateless).leadingApart(), climb: climb))
  }

  @Test("the snapshot has the members that console.js describes, and no others")
  func membersAreAsDescribed() throws {
    let climb = ConsoleClimb(from: 4, to: 5, done: 0, count: 1, title: "", isRunning: false)
    var job = Job(id: 1, lane: .load, title: "Load", startedAtMs: 1)
    job.add(.report(Array("{}".utf8)))
    let bytes = try snapshot(of: .at(.stateless).leadingApart(), climb: climb, jobs: [job])
    let json = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    let expected: [String: Set<String>] = [
      "stage": ["number", "name"],
      "stages": ["number", "name", "users", "runsToday"],
      "app": ["title", "url"],
      "topology": ["regions", "zones", "tiers", "nodes", "links"],
      "sample": [
        "t", "requestsPerSecond", "errorsPerSecond", "writesPerSecond", "p50Ms", "p90Ms", "p99Ms", "lagBytes",
      ],
      "climb": ["from", "to", "done", "count", "title", "fraction", "remainingSeconds", "isRunning"],
      "jobs": ["id", "lane", "title", "startedAtMs", "endedAtMs", "hasSucceeded", "lines", "report"],
      "drills": ["kind", "summary", "firstStage", "target"],
      "trials": ["service", "share", "new", "staying", "verdict"],
      "releases": ["current", "releases"],
      "budget": ["target", "days", "requests", "failed", "allowed", "usedShare", "alarms"],
      "disk": ["usedBytes", "quotaBytes"],
      "instance": ["type", "loops", "cacheBytes"],
      "processes": ["name", "address", "role", "pid", "health", "lagBytes", "restarts", "lastEnd"],
      "dns": ["name", "address", "server", "port"],
      "events": ["t", "text"],
    ]
    #expect(Set(json.keys) == Set(expected.keys).union(["operation"]))
    for (member, names) in expected { #expect(members(of: json[member]) == names, "\(member)") }
    let topology = try #require(json["topology"] as? [String: Any])
    let parts: [String: Set<String>] = [
      "regions": ["code", "name"], "zones": ["id", "region", "letter", "isCut", "canCut"],
      "tiers": ["id", "kind", "title", "replication", "scaling"],
      "nodes": [
        "id", "tier", "kind", "title", "subtitle", "host", "zone", "region", "address", "role", "lagBytes",
        "health", "requestsPerSecond", "change",
      ],
      "links": ["from", "to", "label", "requestsPerSecond"],
    ]
    for (member, names) in parts { #expect(members(of: topology[member]) == names, "\(member)") }
    try expectDescribed(Set(expected.keys).union(expected.values.joined()).union(parts.values.joined()))
  }

  private func snapshot(of lab: LabSnapshot, climb: ConsoleClimb? = nil, jobs: [Job] = []) -> [UInt8] {
    let rates = ["app": 203.0, "server-a": 101.5, "server-b": 98.2]
    let map = ConsoleMap(lab, climb: climb, outline: .summit, rates: rates)
    return JSONWriter.bytes(
      of: ConsoleSnapshot(
        lab: lab, map: map, sample: Sample(atMs: 1_000), climb: climb, jobs: jobs, drills: Self.drills))
  }

  private func expectGolden(_ name: String, _ bytes: [UInt8]) throws {
    let file = Self.folder.appendingPathComponent("\(name).json")
    // An object of a list has a line, so that a difference can be read.
    let text = Data((String(decoding: bytes, as: UTF8.self).replacing("},{", with: "},\n{") + "\n").utf8)
    if ProcessInfo.processInfo.environment["HEIGHTS_RENEW_GOLDEN"] == "1" { try text.write(to: file) }
    let golden = try Data(contentsOf: file)
    #expect(text == golden, "HEIGHTS_RENEW_GOLDEN=1 writes \(name) as it is now")
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
