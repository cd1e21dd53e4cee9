// Power that is really cut: killing a process leaves the page cache, so what was not flushed is taken back.

import Foundation
import Topology

extension Lab {
  /// From now on the processes of the zone note what they write and flush.
  func watchPower(_ zone: String) throws(LabError) {
    try checkZone(zone)
    if context.zones.dark.contains(zone) { throw .noPower(zone: zone) }
    if !power.watched.contains(zone) { for place in powerPlaces(zone) { place.power?.arm() } }
    power.begin(zone)
  }

  /// What was noted is forgotten, if it was not taken back.
  func unwatchPower(_ zone: String) {
    if power.end(zone) { for place in powerPlaces(zone) { place.power?.disarm() } }
  }

  /// Takes back what a zone that was watched has not flushed. Each of its processes is dead.
  func takeBackUnflushed(_ zone: String) {
    guard power.end(zone) else { return }
    let places = powerPlaces(zone)
    let lost =
      places.isEmpty
      ? .surviving("nothing there can be watched") : places.map(takeBack).reduce(Unflushed(), +)
    power.note(lost, of: zone)
    tell("zone \(zone): \(lost)")
  }

  private func takeBack(_ place: PowerPlace) -> Unflushed {
    do throws(LabError) {
      guard context.zones.areNamespaces else { throw .timedOut("the end of what its processes have started") }
      guard let power = place.power else {
        return .surviving("\(place.name) runs without the library that notes it")
      }
      return try power.takeBack(in: place.folders)
    } catch {
      return .surviving("\(error)")
    }
  }

  private func powerPlaces(_ zone: String) -> [PowerPlace] {
    let hosts = specs.filter { $0.host.zone == zone }.compactMap { process -> PowerPlace? in
      switch process.program {
      case .engine(let engine) where engine.losesUnflushed:
        place(process.host.id, [process.host.outerFolder])
      // What a worker keeps lies in the stores.
      case .engine, .worker: nil
      case .instance where manifest.service.listensOnPort: nil
      case .instance: place(process.host.id, [folder.data(ofProcess: process.host.id), folder.objects])
      }
    }
    let roles = Role.allCases.filter { supervisor?.status(of: $0.rawValue)?.zone == zone }
    return hosts + roles.map { place($0.rawValue, [folder.data(of: $0)]) }
  }

  private func place(_ name: String, _ folders: [String]) -> PowerPlace {
    PowerPlace(name: name, folders: folders, power: try? HostPower(folder: folder.power + "/" + name))
  }
}

/// A host, or a role, with what it keeps.
private struct PowerPlace {
  let name: String
  let folders: [String]
  /// Nil when no process there has ever had the library.
  let power: HostPower?
}
