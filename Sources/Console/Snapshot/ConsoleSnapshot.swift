// The JSON that the console's page draws. Its shape is described at the top of Page/console.js.

import HeightsRuntime
import Lab
import Topology

/// Everything that the page shows, at one moment.
struct ConsoleSnapshot: JSONWritable {
  let lab: LabSnapshot
  let map: ConsoleMap
  let sample: Sample
  let climb: ConsoleClimb?
  let jobs: [Job]
  let drills: [ConsoleDrill]

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("stage") {
        $0.member("number", lab.stage.number)
        $0.member("name", lab.stage.name)
      }
      json.member("stages", array: Stage.allCases.map(StageJSON.init))
      json.member("app") {
        $0.member("title", lab.title)
        $0.member("url", lab.appURL)
      }
      json.member("topology", map)
      json.member("sample", sample)
      json.member("climb", climb)
      json.member("jobs", array: jobs)
      json.member("drills", array: drills)
      json.member("trials", coded: lab.trials ?? [])
      json.member("releases", coded: lab.releases.map(ReleaseList.init))
      json.member("budget", coded: lab.budget)
      writeResources(to: &json)
      json.member("processes", array: lab.processes.map(ProcessJSON.init))
      json.member("operation", lab.operation)
      json.member("events", array: lab.events.map(EventJSON.init))
    }
  }

  private func writeResources(to json: inout JSONWriter) {
    json.member("disk") {
      $0.member("usedBytes", lab.disk.usedBytes)
      $0.member("quotaBytes", lab.disk.quotaBytes)
    }
    json.member("instance") {
      $0.member("type", lab.instance.type)
      $0.member("loops", lab.instance.eventLoops)
      $0.member("cacheBytes", lab.instance.cacheBytes)
    }
    json.member("dns") {
      $0.member("name", lab.dns.name)
      $0.member("address", lab.dns.address)
      $0.member("server", lab.dns.server)
      $0.member("port", lab.dns.port)
      if lab.dns.port == nil { $0.member("note", "gdnsd is not installed") }
    }
  }
}

private struct StageJSON: JSONWritable {
  let stage: Stage

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("number", stage.number)
      $0.member("name", stage.name)
      $0.member("users", stage.users)
      $0.member("runsToday", stage.runsToday)
    }
  }
}

private struct ProcessJSON: JSONWritable {
  let process: LabSnapshot.Process

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("name", process.name)
      $0.member("address", process.address)
      $0.member("role", process.role?.rawValue)
      $0.member("pid", process.pid.map { Int($0) })
      $0.member("health", process.health.rawValue)
      $0.member("lagBytes", process.lagBytes)
      $0.member("restarts", process.restarts)
      $0.member("lastEnd", process.lastEnd)
    }
  }
}

private struct EventJSON: JSONWritable {
  let event: LabSnapshot.Event

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("t", event.atMs)
      $0.member("text", event.text)
    }
  }
}

extension JSONWriter {
  /// What `heights status` or `heights releases` tells in the same form; without members that are nil.
  fileprivate mutating func member(_ name: StaticString, coded value: (some Encodable)?) {
    // None of these values can't be written.
    member(name, json: value.flatMap { try? JSON.encode($0) } ?? Array("null".utf8))
  }
}
