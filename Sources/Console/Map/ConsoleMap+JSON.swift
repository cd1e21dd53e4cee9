// The map as JSON. Its shape is described at the top of Page/console.js.

import HeightsRuntime
import Lab
import Topology

extension ConsoleMap: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("regions", array: regions.map(RegionJSON.init))
      json.member("zones", array: zones.map { ZoneJSON(zone: $0, lab: lab) })
      json.member("tiers", array: tiers.map { TierJSON(tier: $0, lab: lab) })
      json.member("nodes", array: nodes)
      json.member("links", array: roads)
    }
  }
}

extension ConsoleMap.Node: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", id)
      $0.member("tier", tier)
      $0.member("kind", kind.rawValue)
      $0.member("title", title)
      $0.member("subtitle", subtitle)
      $0.member("host", host)
      $0.member("zone", zone)
      $0.member("region", region)
      $0.member("address", address)
      $0.member("role", role)
      $0.member("lagBytes", lagBytes)
      $0.member("health", health?.rawValue)
      $0.member("requestsPerSecond", requestsPerSecond)
      $0.member("change", change?.rawValue)
    }
  }
}

extension ConsoleMap.Road: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("from", link.from)
      $0.member("to", link.to)
      $0.member("label", link.kind.rawValue)
      $0.member("requestsPerSecond", requestsPerSecond)
    }
  }
}

private struct RegionJSON: JSONWritable {
  let region: Region

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("code", region.code)
      $0.member("name", region.name)
    }
  }
}

private struct ZoneJSON: JSONWritable {
  let zone: Zone
  let lab: LabSnapshot

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", zone.id)
      $0.member("region", zone.region)
      $0.member("letter", zone.letter)
      $0.member("isCut", lab.cutZones.contains(zone.id))
      // Where the app stands in one zone, nothing would be left of it.
      $0.member("canCut", lab.stage >= .replicated)
    }
  }
}

private struct TierJSON: JSONWritable {
  let tier: Tier
  let lab: LabSnapshot

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", tier.id)
      json.member("kind", tier.kind.rawValue)
      json.member("title", tier.title)
      json.member("replication", tier.replication?.rawValue)
      json.member("scaling", scaling)
    }
  }

  /// Where a person may set the number, or leave it to the load.
  private var scaling: ScalingJSON? {
    lab.services?.first { tier.kind == .service && $0.name == tier.title }.map(ScalingJSON.init)
  }
}

private struct ScalingJSON: JSONWritable {
  let service: LabSnapshot.Service

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("mode", service.mode.rawValue)
      $0.member("count", service.instances)
      $0.member("minimum", service.minimum)
      $0.member("maximum", service.maximum)
      $0.member("targetPercent", service.targetPercent)
      $0.member("utilisation", service.utilisation)
      $0.member("idleShare", service.idleShare)
      $0.member("requestsPerCoreAtTarget", service.requestsPerCoreAtTarget)
    }
  }
}
