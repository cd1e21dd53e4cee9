// What a drill leaves behind that is killed before it can mend what it has broken.

import Glibc
import Lab

/// Undoes faults, but those of a drill that goes on: a dark zone, a host that stands still, a clock that is wrong, cut links, a
/// table that throttles, a full disk. May be repeated.
public enum Leftovers {
  /// - Returns: what was mended, for people; nothing when nothing was broken.
  /// - Throws: `DrillError` while a drill is under way, `LabError` when the lab does not run.
  public static func mend(in folder: AppFolder) throws -> [String] {
    let lock = try DrillError.lock(folder)
    defer { withExtendedLifetime(lock) {} }
    let lab = ControlClient(folder)
    let before = try lab.send(.status)
    for zone in Set(before.cutZones + before.watchedZones) { try lab.send(.restorePower(zone: zone)) }
    let still = Set(before.processes.filter(\.standsStill).compactMap(\.host)).sorted()
    for host in still { try lab.send(.thaw(host: host)) }
    for host in before.clocks.keys { try lab.send(.setClock(host: host, aheadSeconds: 0)) }
    if !before.cuts.isEmpty { try lab.send(.cutLinks([])) }
    if before.tableLimits != nil { try lab.send(.limitTable(.none)) }
    let wasFull = unlink(folder.diskFiller) == 0
    return before.cutZones.map { "zone \($0) has power again" } + still.map { "\($0) goes on" }
      + before.clocks.keys.sorted().map { "the clock of \($0) is right again" }
      + (before.cuts.isEmpty ? [] : ["every link is whole"])
      + (before.tableLimits == nil ? [] : ["the table of sessions takes everything again"])
      + (wasFull ? ["the disk of the app has room again"] : [])
  }
}
