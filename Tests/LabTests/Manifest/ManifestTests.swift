// Every mistake in a manifest is told whole: path, what was expected, what was found, line.

import Foundation
import TestSupport
import Testing
import Topology
import Workload

@testable import Lab

@Suite struct ManifestTests {
  private static let good = """
    {
      name: "summit",
      title: "Summit",
      databases: { accounts: { shardKey: "shard" }, posts: {} },
      services: { web: { run: ["bin/web"], databases: ["accounts"] } },
      static: "Public",
      launch: "Launch",
      workload: { post: 1 },
    }
    """

  @Test func aGoodManifestIsReadWhole() throws {
    let manifest = try parse(Self.good)
    #expect(manifest.outline.dnsName == "summit.test")
    #expect(manifest.build == nil)
    #expect(manifest.databases.map(\.name) == ["accounts", "posts"])
    #expect(manifest.databases.map(\.shardKey) == ["shard", "shard"])
    #expect(manifest.service == .init(name: "web", run: ["bin/web"], databases: ["accounts"]))
    #expect(manifest.workload == (try Workload([.post: 1, .uploadPhoto: 0.1], popularityExponent: 1)))
  }

  @Test func whatAManifestDoesNotSayOfItsWorkloadIsAsWithSummitOrGoesByWhatItSays() throws {
    func workload(_ text: String) throws -> Workload {
      try parse(Self.good.replacingOccurrences(of: "workload: { post: 1 },", with: text)).workload
    }
    #expect(try workload("") == .standard)
    #expect(
      try workload("workload: { logIn: 8, signOut: 0, zipfExponent: 2 },")
        == Workload(named: [.logIn: 8, .signOut: 0], popularityExponent: 2))
  }

  @Test func anAppMayRatherWaitThanBeAcknowledgedWithOneCopy() throws {
    for (words, expected) in [
      ("", false), ("replication: \"available\",", false), ("replication: \"strict\",", true),
    ] {
      let text = Self.good.replacingOccurrences(of: "static:", with: "\(words) static:")
      #expect(try parse(text).replicatesStrictly == expected)
    }
    let wrong = Self.good.replacingOccurrences(of: "static:", with: "replication: \"often\", static:")
    #expect(throws: ManifestError.self) { try parse(wrong) }
  }

  @Test func theAppAnswersToItsOwnNamesAndThoseThatAreAdded() throws {
    for (words, others) in [
      ("", []), ("hosts: [],", []), ("hosts: [\"A.example\", \".b.example\"],", ["a.example", ".b.example"]),
    ] {
      let text = Self.good.replacingOccurrences(of: "static:", with: words + " static:")
      let names = try parse(text).hostNames
      #expect(names.names == ["summit.test", ".summit.test"] + others)
    }
    for wrong in ["\"a\"", "[7]", "[\"http://a\"]", "[\"*\"]", "[\"\"]"] {
      let text = Self.good.replacingOccurrences(of: "static:", with: "hosts: \(wrong), static:")
      let error = #expect(throws: ManifestError.self) { try parse(text) }
      #expect(error?.description.hasPrefix("hosts: expected a list of names such as") == true, "\(wrong)")
    }
  }

  @Test func anAppMayHaveANetworkOfTheLabsOwn() throws {
    for (words, expected) in [("", false), ("network: \"machine\",", false), ("network: \"own\",", true)] {
      let text = Self.good.replacingOccurrences(of: "static:", with: "\(words) static:")
      #expect(try parse(text).hasOwnNetwork == expected)
    }
    let wrong = Self.good.replacingOccurrences(of: "static:", with: "network: \"mine\", static:")
    #expect(throws: ManifestError.self) { try parse(wrong) }
  }

  @Test func aServiceSaysHowItListens() throws {
    for (words, expected) in [("", false), (", listens: \"sockets\"", false), (", listens: \"port\"", true)] {
      let text = Self.good.replacingOccurrences(of: "[\"accounts\"] }", with: "[\"accounts\"]\(words) }")
      #expect(try parse(text).service.listensOnPort == expected)
    }
  }

  @Test func aServiceMaySayHowItScales() throws {
    for (words, expected) in [
      ("", nil), (", scale: {}", .init()), (", scale: { target: 40 }", .init(targetPercent: 40)),
      (", scale: { min: 4, max: 9, target: 100 }", .init(minimum: 4, maximum: 9, targetPercent: 100)),
    ] as [(String, AppOutline.Scale?)] {
      let text = Self.good.replacingOccurrences(of: "[\"accounts\"] }", with: "[\"accounts\"]\(words) }")
      let manifest = try parse(text)
      #expect(manifest.service.scale == expected)
      #expect(manifest.outline.services[0].scale == expected)
    }
  }

  @Test(arguments: [
    ("true", "services/web/scale: expected an object, found true"),
    ("{ min: 0 }", "services/web/scale/min: expected a whole number from 1 to 60, found 0"),
    ("{ min: 1.5 }", "services/web/scale/min: expected a whole number from 1 to 60, found 1.5"),
    ("{ max: 2 }", "services/web/scale/max: expected a whole number from 3 to 60, found 2"),
    ("{ target: 0 }", "services/web/scale/target: expected a whole number from 1 to 100, found 0"),
    ("{ target: '60%' }", "services/web/scale/target: expected a whole number from 1 to 100, found '60%'"),
    ("{ min: 9, max: 4 }", "services/web/scale: min is 9, and max is 4: expected no more"),
    ("{ maximum: 4 }", "services/web/scale/maximum: unknown key; known are min, max, target"),
  ])
  func howAServiceScalesIsCheckedToo(scale: String, message: String) {
    let text = Self.good.replacingOccurrences(
      of: "[\"accounts\"] }", with: "[\"accounts\"], scale: \(scale) }")
    let error = #expect(throws: ManifestError.self) { try parse(text) }
    #expect(error?.description == "\(message) (heights.json:5)")
  }

  @Test func aServiceMayHaveAProgramOfItsOwn() throws {
    let services = "web: { run: ['w'], calls: ['api', 'b'] }, api: { run: ['a', '-v'], calls: ['b'] }, b: {"
    let manifest = try parse(Self.good.replacing("web: { run: [\"bin/web\"],", with: services))
    #expect(manifest.services.map(\.run) == [["w"], ["a", "-v"], ["w"]])
    #expect(manifest.parts.map(\.place) == ["services/web", "services/api", "services/b"])
    let worked = try parse(withWorkers("{ mail: { run: ['m'] } }"))
    #expect(worked.parts.map(\.run) == [["bin/web"], ["m"]])
    #expect(worked.parts.map(\.place) == ["services/web", "workers/mail"])
  }

  /// Of an app that listens on a port, with these workers on line 6.
  private func withWorkers(_ workers: String) -> String {
    Self.good.replacingOccurrences(of: "[\"accounts\"] }", with: "[\"accounts\"], listens: \"port\" }")
      .replacingOccurrences(of: "static:", with: "workers: \(workers), static:")
  }

  @Test func anAppMayHaveWorkers() throws {
    let manifest = try parse(
      withWorkers("{ mail: { run: ['python3', 'mail.py'] }, thumbs: { run: ['t'], count: 8 } }"))
    #expect(
      manifest.workers == [
        .init(name: "mail", run: ["python3", "mail.py"], count: 1),
        .init(name: "thumbs", run: ["t"], count: 8),
      ])
    #expect(manifest.workersOnServer == 9)
    #expect(manifest.outline.services.map(\.name) == ["web"], "nobody is led to a worker")
    #expect(try parse(withWorkers("{}")).workers == [])
  }

  @Test(arguments: [
    ("7", "workers: expected an object, found 7"),
    ("{ 'a b': { run: ['x'] } }", "workers: expected a name of letters, digits and dashes, found 'a b'"),
    ("{ mail: 7 }", "workers/mail: expected an object, found 7"),
    ("{ mail: {} }", "workers/mail/run: expected a command as a list of words, found nothing"),
    ("{ mail: { run: [] } }", "workers/mail/run: expected a command as a list of words, found a list"),
    ("{ mail: { run: 'x' } }", "workers/mail/run: expected a command as a list of words, found 'x'"),
    (
      "{ mail: { run: ['x'], count: 0 } }", "workers/mail/count: expected a whole number from 1 to 8, found 0"
    ),
    (
      "{ mail: { run: ['x'], count: 9 } }", "workers/mail/count: expected a whole number from 1 to 8, found 9"
    ),
    ("{ mail: { run: ['x'], scale: 2 } }", "workers/mail/scale: unknown key; known are run, count"),
    ("{ web: { run: ['x'] } }", "workers/web: a service has that name: expected another"),
    ("{ mail: { run: ['x'] }, mail: { run: ['x'] } }", "workers/mail: is there twice, first on line 6"),
    (
      "{ \((0...10).map { "w\($0): { run: ['x'] }" }.joined(separator: ", ")) }",
      "workers: expected at most 10 workers, found 11"
    ),
  ])
  func workersAreCheckedToo(workers: String, message: String) {
    let error = #expect(throws: ManifestError.self) { try parse(withWorkers(workers)) }
    #expect(error?.description == "\(message) (heights.json:6)")
  }

  @Test func aWorkerNeedsAnAppThatListensOnAPort() {
    let text = Self.good.replacingOccurrences(
      of: "static:", with: "workers: { mail: { run: ['x'] } }, static:")
    let error = #expect(throws: ManifestError.self) { try parse(text) }
    #expect(
      error?.description
        == "workers: they run beside a program that listens on a port itself: expected `listens: \"port\"` in 'web'. What takes "
        + "sockets does such work in its own processes (heights.json:6)")
  }

  @Test func nobodyCallsAWorker() {
    let text = withWorkers("{ mail: { run: ['x'] } }").replacingOccurrences(
      of: "listens: \"port\"", with: "calls: [\"mail\"], listens: \"port\"")
    let error = #expect(throws: ManifestError.self) { try parse(text) }
    #expect(
      error?.description
        == "services/web/calls/0: 'mail' is a worker, which answers nobody (heights.json:5)")
  }

  @Test func allInstancesTogetherHaveRoomInTheZones() throws {
    func services(_ count: Int) -> String {
      let names = (1..<count).map { "s\($0)" }
      let others = names.map { "\($0): { scale: { max: 60 } }" }.joined(separator: ", ")
      return Self.good.replacingOccurrences(
        of: "web: { run: [\"bin/web\"]", with: "web: { run: [\"bin/web\"], calls: \(names)"
      ).replacingOccurrences(of: "[\"accounts\"] }", with: "[\"accounts\"] }, \(others)")
    }
    #expect(try parse(services(8)).services.count == 8)
    let error = #expect(throws: ManifestError.self) { try parse(services(9)) }
    #expect(
      error?.description
        == "services: expected at most 450 instances of all services at their max, found 492 (heights.json:5)"
    )
  }

  @Test(arguments: [
    (
      "databases: [\"accounts\"] }", "databases: [\"accounts\"], listens: \"ports\" }",
      "services/web/listens: expected 'sockets' or 'port', found 'ports' (heights.json:5)"
    ),
    (
      "name: \"summit\"", "name: \"Summit!\"",
      "name: expected a name of letters, digits and dashes, found 'Summit!' (heights.json:2)"
    ),
    (
      "name: \"summit\",", "",
      "name: expected a name of letters, digits and dashes, found nothing (heights.json:1)"
    ),
    ("title: \"Summit\"", "title: 3", "title: expected a title, found 3 (heights.json:3)"),
    (
      "title:", "titel:",
      "title: expected a title, found nothing (heights.json:1)\ntitel: unknown key; did you mean 'title'? (heights.json:3)"
    ),
    (
      "shardKey: \"shard\"", "shardKey: 3",
      "databases/accounts/shardKey: expected a column name, found 3 (heights.json:4)"
    ),
    (
      "shardKey: \"shard\"", "shardKeys: \"a\"",
      "databases/accounts/shardKeys: unknown key; did you mean 'shardKey'? (heights.json:4)"
    ),
    ("posts: {}", "posts: []", "databases/posts: expected an object, found a list (heights.json:4)"),
    ("posts: {}", "accounts: {}", "databases/accounts: is there twice, first on line 4 (heights.json:4)"),
    (
      "posts: {}", "'9 lives': {}",
      "databases: expected a name of letters, digits and underscores, found '9 lives' (heights.json:4)"
    ),
    (
      "posts: {}", "sessions: {}",
      "databases/sessions: expected another name: postgres, sessions, template0, template1, waitlist are taken (heights.json:4)"
    ),
    (
      "databases: [\"accounts\"]", "databases: [\"graph\"]",
      "services/web/databases/0: expected one of the databases (accounts, posts), found 'graph' (heights.json:5)"
    ),
    (
      "databases: [\"accounts\"]", "databases: [\"posts\", \"posts\"]",
      "services/web/databases/1: 'posts' is there twice (heights.json:5)"
    ),
    (
      "databases: [\"accounts\"]", "databases: true",
      "services/web/databases: expected a list of databases, found true (heights.json:5)"
    ),
    (
      "[\"bin/web\"]", "\"bin/web\"",
      "services/web/run: expected a command as a list of words, found 'bin/web' (heights.json:5)"
    ),
    (
      "[\"bin/web\"]", "[]",
      "services/web/run: expected a command as a list of words, found a list (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"], databases: [\"accounts\"] }", "",
      "services: expected a service or several, found none (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],", "web: { run: 'a', calls: ['api'] }, api: {",
      "services/web/run: expected a command as a list of words, found 'a' (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],", "web: { run: ['a'], calls: ['api'] }, api: { run: 'b',",
      "services/api/run: expected a command as a list of words, found 'b' (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],", "web: { run: ['a'], calls: ['api'] }, api: { run: [],",
      "services/api/run: expected a command as a list of words, found a list (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],", "web: { run: ['a'], calls: ['api'] }, api: { runs: ['b'],",
      "services/api/runs: unknown key; did you mean 'run'? (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],", "web: { calls: ['api'] }, api: { run: ['b'],",
      "services/web/run: expected a command as a list of words, found nothing (heights.json:5)"
    ),
    (
      "web: {", "web: { run: ['a'] }, api: {",
      "services/api: nobody calls it: expected its name in `calls` of a service that does (heights.json:5)"
    ),
    (
      "web: { run: [\"bin/web\"],",
      "web: { run: ['a'], calls: ['api'] }, api: { run: ['b'], listens: 'port',",
      "services/api/listens: what listens on a port itself is one service (heights.json:5)"
    ),
    (
      "web: {", "web: { run: ['bin/web'], calls: ['web'] }, api: {",
      "services/web/calls/0: expected one of the services (api), found 'web' (heights.json:5)\nservices/api: nobody calls it: expected its name in `calls` of a service that does (heights.json:5)"
    ),
    (
      "web: {", "web: { run: ['bin/web'], calls: ['api', 'c'] }, c: { calls: ['api'] }, api: { calls: ['c'],",
      "services/api/calls: a circle: api calls c calls api; who is called can't call back (heights.json:5)"
    ),
    (
      "web: {", "web: { run: ['bin/web'], calls: ['api'], listens: 'port' }, api: {",
      "services/web/listens: what listens on a port itself is one service (heights.json:5)"
    ),
    (
      "\"Public\"", "\"Pubic\"",
      "static: expected a folder inside the app's folder, found 'Pubic' (heights.json:6)"
    ),
    (
      "static:", "files: [\"a.json\", \"../b\"], static:",
      "files: expected a list of files and folders inside the app's folder, found a list (heights.json:6)"
    ),
    (
      "\"Launch\"", "\"../Launch\"",
      "launch: expected a folder inside the app's folder, found '../Launch' (heights.json:7)"
    ),
    (
      "post: 1", "post: -1",
      "workload/post: expected a weight from 0 to 1000000, found -1 (heights.json:8)\nworkload: expected at least one weight above 0 (heights.json:8)"
    ),
    (
      "post: 1", "zipfExponent: 9, post: 1",
      "workload/zipfExponent: expected a number from 0 to 3, found 9 (heights.json:8)"
    ),
    (
      "workload:", "zebra: 1, workload:",
      "zebra: unknown key; known are name, title, build, databases, services, workers, static, launch, files, workload, replication, network, hosts (heights.json:8)"
    ),
    ("workload: {", "workload: [", "heights.json:8: expected a value, found 'post' (text needs quotes)"),
  ])
  func aMistakeIsToldWithPathAndLine(before: String, after: String, message: String) {
    let text = Self.good.replacingOccurrences(of: before, with: after)
    let error = #expect(throws: ManifestError.self) { try parse(text) }
    #expect(error?.description == message)
  }

  @Test func everyMistakeIsToldInOneGo() {
    let text = Self.good.replacingOccurrences(of: "\"Summit\"", with: "1").replacingOccurrences(
      of: "[\"bin/web\"]", with: "2")
    let error = #expect(throws: ManifestError.self) { try parse(text) }
    #expect(error?.problems.count == 2)
  }

  @Test func aMissingFileSaysWhatToDo() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ManifestError.self) { try Manifest.load(folder: folder.path) }
    #expect(
      error?.description
        == "heights.json: not found in \(folder.path); `heights init NAME` writes an app, --app DIR names another folder"
    )
  }

  @Test func aFileThatIsNotTextIsRefused() throws {
    let folder = try TemporaryFolder()
    try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: folder.path + "/heights.json"))
    let error = #expect(throws: ManifestError.self) { try Manifest.load(folder: folder.path) }
    #expect(error?.description == "heights.json: not UTF-8 text")
  }

  @Test func theExampleIsValid() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
    let manifest = try Manifest.load(folder: root.appendingPathComponent("Examples/Summit").path)
    #expect(manifest.services.map(\.name) == ["web", "accounts", "posts", "graph"])
    #expect(manifest.services.map(\.databases) == [[], ["accounts"], ["posts"], ["graph"]])
    #expect(manifest.services.allSatisfy { $0.run == manifest.service.run })
    #expect(manifest.service.calls == ["accounts", "posts", "graph"])
  }

  private func parse(_ text: String) throws(ManifestError) -> Manifest {
    try Manifest.parse(text) { ["Public", "Launch", "../Launch"].contains($0) }
  }
}
