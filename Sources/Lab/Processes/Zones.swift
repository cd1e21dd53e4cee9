// The zones of a running lab: which have power, and what the hosts in them see.

import Glibc
import Synchronization

/// Zones by name. The supervisor's thread starts them and cuts their power; others only take seats.
final class Zones: Sendable {
  private struct Place {
    let space: ZoneSpace
    /// By host: the mount namespace that its programs share.
    var mounts: [String: Descriptor] = [:]
  }

  private struct State {
    var places: [String: Place] = [:]
    var dark: Set<String> = []
    /// Without power, but not waited for yet.
    var ending: [ZoneSpace] = []
  }

  /// Whether the system lets us make namespaces; without, a zone is only a name.
  let areNamespaces: Bool
  private let state = Mutex(State())

  init() {
    let trial = try? ZoneSpace()
    trial?.end()
    areNamespaces = trial != nil
  }

  /// Gives a zone power when it has none for another reason than a cut. Only for the supervisor's thread: the zone
  /// ends with the thread that called this first.
  func start(_ zone: String) throws(LabError) {
    guard areNamespaces else { return }
    let isRunning = state.withLock { state in
      if let place = state.places[zone], place.space.hasEnded() { state.places[zone] = nil }
      return state.places[zone] != nil || state.dark.contains(zone)
    }
    if isRunning { return }
    let space = try ZoneSpace()
    state.withLock { $0.places[zone] = Place(space: space) }
  }

  /// Where a program of a host starts. Throws in a zone without power.
  func seat(zone: String?, host: String?) throws(LabError) -> Seat {
    guard let zone else { return .besideUs }
    let found = state.withLock { state -> Seat? in
      if state.dark.contains(zone) { return nil }
      let place = state.places[zone]
      return Seat(zone: place?.space, mounts: host.flatMap { place?.mounts[$0] })
    }
    guard let found else { throw .noPower(zone: zone) }
    return found
  }

  /// Remembers what the first program of a host sees, for those that follow.
  func noteStart(of pid: Int32, zone: String?, host: String?) {
    guard let zone, let host else { return }
    let mounts = Descriptor(open("/proc/\(pid)/ns/mnt", O_RDONLY | O_CLOEXEC))
    guard mounts.isOpen else { return }
    state.withLock { state in
      if state.places[zone]?.mounts[host] == nil { state.places[zone]?.mounts[host] = mounts }
    }
  }

  /// Kills everything in the zone, and lets nothing start there. Without namespaces only the second.
  func cutPower(_ zone: String) {
    state.withLock { state in
      state.dark.insert(zone)
      guard let place = state.places.removeValue(forKey: zone) else { return }
      place.space.cutPower()
      state.ending.append(place.space)
    }
  }

  /// Lets programs start there again.
  func restorePower(_ zone: String) { state.withLock { _ = $0.dark.remove(zone) } }

  /// Those without power, in order.
  var dark: [String] { state.withLock { $0.dark.sorted() } }

  /// Readable when a zone that lost its power is empty.
  var endings: [Descriptor] { state.withLock { $0.ending.map(\.handle) } }

  /// Forgets the zones that are empty by now. Only for the supervisor's thread, whose children they are.
  func reap() { state.withLock { $0.ending.removeAll { $0.hasEnded() } } }

  /// Kills what is left in every zone and returns when it is gone. Its programs must have been waited for.
  func end() {
    let spaces = state.withLock { state in
      defer { state = State() }
      return state.places.values.map(\.space) + state.ending
    }
    for space in spaces { space.cutPower() }
    for space in spaces { space.end() }
  }

  /// The processes that run on a host, whatever has become of those that started them; nil where that can't be known.
  func members(zone: String, host: String) -> [Int32]? {
    guard areNamespaces else { return nil }
    guard let mounts = state.withLock({ $0.places[zone]?.mounts[host] }) else { return [] }
    return MountNamespace.members(mounts)
  }
}

/// A view of the file system that is shared by the processes of one host.
private enum MountNamespace {
  /// The processes in the namespace that the descriptor means.
  static func members(_ descriptor: Descriptor) -> [Int32] {
    var own = stat()
    guard fstat(descriptor.number, &own) == 0 else { return [] }
    return ProcessList.all.filter { pid in
      var status = stat()
      return stat("/proc/\(pid)/ns/mnt", &status) == 0 && status.st_ino == own.st_ino
    }
  }
}
