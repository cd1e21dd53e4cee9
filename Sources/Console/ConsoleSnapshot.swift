// The JSON that the console's page draws. Its shape is described at the top of Page/console.js.

import HeightsKit
import Lab
import Topology

/// Everything that the page shows, at one moment.
struct ConsoleSnapshot: JSONWritable {
  let lab: LabSnapshot
  let traffic: Traffic

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
      json.member("topology") { writeTopology(to: &$0) }
      json.member("traffic", traffic)
      json.member("disk") {
        $0.member("usedBytes", lab.disk.usedBytes)
        $0.member("quotaBytes", lab.disk.quotaBytes)
      }
      json.member("instance") {
        $0.member("type", lab.instance.type)
        $0.member("loops", lab.instance.eventLoops)
        $0.member("cacheBytes", lab.instance.cacheBytes)
      }
      json.member("processes", array: lab.processes.map(ProcessJSON.init))
      json.member("dns") {
        $0.member("name", lab.dns.name)
        $0.member("address", lab.dns.address)
        $0.member("port", lab.dns.port)
        if lab.dns.port == nil { $0.member("note", "gdnsd is not installed") }
      }
      json.member("operation", lab.operation)
      json.member("events", array: lab.events.suffix(50).map(EventJSON.init))
    }
  }

  private func writeTopology(to json: inout JSONWriter) {
    json.member(
      "regions",
      array: lab.topology.regions.map { region in
        RegionJSON(region: region, zones: lab.topology.zones.filter { $0.region == region.code }.map(\.id))
      })
    json.member("servers", array: lab.topology.servers.map(ServerJSON.init))
    json.member("nodes", array: lab.topology.tiers.map { NodeJSON(tier: $0, health: health(of: $0)) })
    json.member("links", array: lab.topology.links.map(LinkJSON.init))
  }

  /// The health of the process that does a tier's job; `nil` where no process of ours does.
  private func health(of tier: Tier) -> String? {
    let process: String? =
      switch tier.kind {
      case .launchPage, .waitlist: "launch"
      case .service, .database, .objects: "app"
      case .dns: "dns"
      case .users, .address, .cdn, .loadBalancer, .cache, .sessions: nil
      }
    guard let process else { return nil }
    return lab.processes.first { $0.name == process }?.health.rawValue ?? "stopped"
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

private struct RegionJSON: JSONWritable {
  let region: Region
  let zones: [String]

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("code", region.code)
      $0.member("name", region.name)
      $0.member("zones", array: zones)
    }
  }
}

private struct ServerJSON: JSONWritable {
  let server: Server

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", server.id)
      $0.member("title", server.title)
      $0.member("zone", server.zone)
    }
  }
}

private struct NodeJSON: JSONWritable {
  let tier: Tier
  let health: String?

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", tier.id)
      $0.member("kind", tier.kind.rawValue)
      $0.member("title", tier.title)
      $0.member("subtitle", tier.subtitle)
      $0.member("zone", tier.soleMember?.zone)
      $0.member("server", tier.soleMember?.server)
      $0.member("health", health)
    }
  }
}

private struct LinkJSON: JSONWritable {
  let link: Link

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("from", link.from)
      $0.member("to", link.to)
      $0.member("label", link.label)
    }
  }
}

private struct ProcessJSON: JSONWritable {
  let process: LabSnapshot.Process

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("role", process.name)
      $0.member("pid", process.pid.map { Int($0) })
      $0.member("health", process.health.rawValue)
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
