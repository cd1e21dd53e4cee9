// What the page's buttons may do, and who may press them.

import Foundation
import Testing

@testable import Console
@testable import Lab

@Suite(.serialized) struct ConsoleActionTests {
  private static let names = [
    "climb", "undo", "rollback", "drill", "load", "scale", "scale-by-load", "stop", "cut-power",
    "restore-power",
  ]

  @Test("no action is begun without the token, or with another, whatever it is", arguments: names)
  func tokenIsNeeded(name: String) throws {
    let console = try ConsoleUnderTest(script: "touch was-run")
    let json = ["Content-Type": "application/json"]
    let without = try #require(console.send("POST", "/actions/\(name)", headers: json, body: "{}"))
    #expect(without.status == 401)
    #expect(without.body.contains("heights up"))
    let right = console.token
    for wrong in ["x", "Bearer ", "Bearer \(right.dropLast())", "Bearer \(right)0", "bearer \(right)", right]
    {
      let answer = try #require(console.act(name, headers: ["Authorization": wrong]))
      #expect(answer.status == 403, "\(wrong)")
    }
    #expect(try console.jobs().isEmpty)
  }

  @Test("two runs have two tokens, and only the right one has access")
  func tokensDiffer() throws {
    let (one, other) = (try ConsoleUnderTest(), try ConsoleUnderTest())
    #expect(one.token.count == 64 && one.token != other.token)
    for (token, status) in [(one.token, 204), (other.token, 403)] {
      #expect(one.get("/access", headers: ["Authorization": "Bearer \(token)"])?.status == status)
    }
    #expect(one.get("/access")?.status == 401)
    for path in ["/", "/snapshot", "/console.js"] {
      let answer = try #require(one.get(path))
      #expect(!answer.body.contains(one.token), "\(path) tells the token")
    }
  }

  @Test("another site, another name and a form can't act, not even with the token")
  func otherSitesCannotAct() throws {
    let console = try ConsoleUnderTest()
    #expect(console.act("undo", headers: ["Host": "evil.example"])?.status == 421)
    #expect(console.act("undo", headers: ["Origin": "http://evil.example"])?.status == 403)
    #expect(console.act("undo", headers: ["Sec-Fetch-Site": "cross-site"])?.status == 403)
    #expect(console.act("undo", headers: ["Content-Type": "text/plain"])?.status == 415)
    let form = ["Content-Type": "application/x-www-form-urlencoded"]
    #expect(console.act("undo", "a=b", headers: form)?.status == 415)
    let own = ["Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"]
    #expect(console.act("undo", headers: own)?.status == 202)
  }

  @Test("an action is sent with POST; one that there is not is not found")
  func methodAndName() throws {
    let console = try ConsoleUnderTest()
    let headers = ["Authorization": "Bearer \(console.token)"]
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
      #expect(console.send(method, "/actions/climb", headers: headers)?.status == 405, "\(method)")
    }
    #expect(console.act("explode")?.status == 404)
  }

  @Test("a body that is larger than any right one is refused")
  func largeBody() throws {
    let console = try ConsoleUnderTest()
    let large = #"{"kind": "\#(String(repeating: "x", count: 4_096))"}"#
    #expect(console.act("drill", large)?.status == 413)
  }

  @Test(
    "what is missing, wrong or too much is told by name, and nothing is begun",
    arguments: [
      ("climb", "{}", "to"), ("climb", #"{"to": "2"}"#, "to"), ("climb", #"{"to": 8}"#, "to"),
      ("climb", #"{"to": 2, "force": 1}"#, "force"),
      ("undo", #"{"to": 1}"#, "to"),
      ("rollback", #"{"release": 1}"#, "release"), ("rollback", #"{"release": "1"}"#, "release"),
      ("rollback", #"{"to": 1}"#, "to"),
      ("load", #"{"rate": 0, "seconds": 5}"#, "rate"), ("load", #"{"rate": 10}"#, "seconds"),
      ("load", #"{"rate": 1.5, "seconds": 5}"#, "rate"),
      ("drill", #"{"kind": "--help"}"#, "kind"), ("drill", #"{"kind": "zone-outage"}"#, "kind"),
      ("drill", #"{"kind": "instance-crash", "host": "--app=/"}"#, "host"),
      ("drill", #"{"kind": "instance-crash", "zone": "local-a"}"#, "zone"),
      ("cut-power", #"{"zone": "local-a"}"#, "zone"), ("restore-power", "{}", "zone"),
      ("scale", #"{"service": "web", "count": 2}"#, "service"),
      ("scale-by-load", #"{"service": "web"}"#, "service"), ("stop", #"{"lane": "operation"}"#, "lane"),
    ])
  func mistakesAreTold(name: String, body: String, field: String) throws {
    let console = try ConsoleUnderTest(script: "touch was-run")
    let answer = try #require(console.act(name, body))
    #expect([400, 422].contains(answer.status), "\(answer)")
    if answer.status == 422 { #expect(answer.body.contains(#""name":"\#(field)""#), "\(answer.body)") }
    #expect(try console.jobs().isEmpty)
  }

  @Test(
    "what is no object of JSON is refused",
    arguments: ["", "[]", "null", "{", "2", #"{"to": [2]}"#, #"{"to": null}"#])
  func bodyIsAnObject(body: String) throws {
    let status = try #require(try ConsoleUnderTest().act("climb", body)).status
    #expect(status == 400 || status == 422)
  }

  @Test("each button runs heights with the words that a person would type, in the app's folder")
  func wordsAreAsTyped() throws {
    let cases = [
      ("climb", #"{"to": 2}"#, "climb --to 2"), ("undo", "{}", "climb --undo"),
      ("rollback", "{}", "rollback"),
      ("load", #"{"rate": 20, "seconds": 3}"#, "load --rate 20 --duration 3"),
      ("drill", #"{"kind": "instance-crash", "host": "server-a"}"#, "drill instance-crash --host server-a"),
    ]
    for (name, body, words) in cases {
      let console = try ConsoleUnderTest(script: #"echo "$@"; pwd"#)
      #expect(console.act(name, body)?.status == 202)
      let job = try console.endedJob()
      let folder = console.lab.folder.path
      #expect(job.lines == ["\(words) --app \(folder) --json", folder])
      #expect(job.hasSucceeded == true)
    }
  }

  @Test("of each lane one job runs at a time; another lane is free, and a stop is as Ctrl-C")
  func oneJobOfALane() throws {
    let console = try ConsoleUnderTest(
      script: "trap 'echo stopped; exit 1' INT; echo began; while :; do sleep 0.05; done")
    #expect(console.act("stop", #"{"lane": "load"}"#)?.status == 409)
    let load = #"{"rate": 1, "seconds": 1}"#
    #expect(console.act("load", load)?.status == 202)
    #expect(console.act("load", load)?.status == 409)
    #expect(console.act("undo")?.status == 202)
    // It can be told to stop once it listens.
    try console.wait { $0.contains { $0.lane == "load" && $0.lines == ["began"] } }
    #expect(console.act("stop", #"{"lane": "load"}"#)?.status == 202)
    try console.wait { jobs in
      jobs.contains { $0.lane == "load" && $0.lines.last == "stopped" && $0.hasSucceeded == false }
    }
    #expect(try console.jobs().contains { $0.lane == "change" && $0.endedAtMs == nil })
    #expect(console.act("load", load)?.status == 202)
  }

  @Test("a program that can't be started is told of")
  func missingProgram() throws {
    let console = try ConsoleUnderTest()
    try FileManager.default.removeItem(atPath: console.program)
    #expect(console.act("undo")?.status == 500)
    #expect(try console.endedJob().hasSucceeded == false)
  }

  @Test("an operation asks the lab, and tells why it could not")
  func operationsAskTheLab() throws {
    // This lab has no control socket: nobody answers there.
    let console = try ConsoleUnderTest(stage: .replicated)
    #expect(console.act("cut-power", #"{"zone": "local-b"}"#)?.status == 202)
    let job = try console.endedJob()
    #expect(job.title == "Cut the power of local-b")
    #expect(job.hasSucceeded == false && job.lines.count == 1)
  }
}

/// A job, as the page reads it.
struct ShownJob: Decodable, Equatable {
  let lane: String
  let title: String
  let endedAtMs: Int?
  let hasSucceeded: Bool?
  let lines: [String]
}

extension ConsoleUnderTest {
  private struct Shown: Decodable {
    let jobs: [ShownJob]
  }

  func jobs() throws -> [ShownJob] {
    let answer = try #require(get("/snapshot"))
    return try JSONDecoder().decode(Shown.self, from: Data(answer.body.utf8)).jobs
  }

  /// Reads the stream of snapshots until the jobs are so; fails after 20 s.
  func wait(until isSo: ([ShownJob]) -> Bool) throws {
    let answer = get("/events") { text in
      let data = text.components(separatedBy: "event: snapshot\ndata: ").last ?? ""
      let json = Data(data.components(separatedBy: "\n\n")[0].utf8)
      return (try? JSONDecoder().decode(Shown.self, from: json)).map { isSo($0.jobs) } ?? false
    }
    let jobs = try jobs()
    #expect(answer != nil, "the jobs are \(jobs)")
  }

  /// The only job, once it has ended.
  func endedJob() throws -> ShownJob {
    try wait { $0.count == 1 && $0[0].endedAtMs != nil }
    return try #require(try jobs().first)
  }
}
