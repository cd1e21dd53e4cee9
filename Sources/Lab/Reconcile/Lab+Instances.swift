// Instances of the app behind balancers.

import Glibc
import Topology

extension Lab {
  private static let admissionLimitMs = 5000

  /// Those that run.
  var balancers: [any Balancer] {
    specs.filter { supervisor?.status(of: $0.name)?.health == .ready }.compactMap(\.balancer)
  }

  /// No balancer sends anybody to the host any more, and what it was sent is answered. One that can't be asked sends
  /// people elsewhere when the host is gone.
  func drainInstance(_ host: Host, _ progress: Progress) {
    progress("\(host.id) answers what it has been sent")
    let asked = balancers.filter { balancer in (try? balancer.setDraining(true, of: host.id)) != nil }
    let endMs = Clock.nowMs + Self.drainLimitMs
    while asked.contains(where: { $0.requestsUnderWay(at: host.id) ?? 0 > 0 }), Clock.nowMs < endMs {
      usleep(Self.pauseUs)
    }
  }

  /// Returns when the balancers that can be asked send people to the host again, which they do after a check: before
  /// that the next one may not be drained.
  func admitInstance(_ host: Host) {
    let asked = balancers.filter { balancer in (try? balancer.setDraining(false, of: host.id)) != nil }
    let endMs = Clock.nowMs + Self.admissionLimitMs
    while asked.contains(where: { $0.isUsing(host.id) == false }), Clock.nowMs < endMs {
      usleep(Self.pauseUs)
    }
  }

  /// Edges forget what servers have said that are there no more. One that can't be told has nothing for long.
  func purgeEdges() {
    for spec in specs {
      guard let edge = spec.engine as? Varnish, supervisor?.status(of: spec.name)?.health == .ready else {
        continue
      }
      do throws(LabError) {
        try edge.purge()
        tell("\(edge.host.id) has forgotten what it kept")
      } catch { tell("\(edge.host.id) was not told to forget what it keeps: \(error)") }
    }
  }

  /// By hand: from now on there are so many, whatever the load.
  func scale(_ service: String, count: Int, _ progress: Progress) throws(LabError) {
    let scaled = try scaled(service)
    guard (scaled.scaling.minimum...scaled.scaling.maximum).contains(count) else {
      throw .countOutOfRange(
        service: service, minimum: scaled.scaling.minimum, maximum: scaled.scaling.maximum)
    }
    try update { $0.scaledBy[service] = .hand }
    try give(scaled, count, progress)
  }

  /// From now on the autoscaler says how many there are.
  func scaleByLoad(_ service: String) throws(LabError) {
    let scaled = try scaled(service)
    if mode(of: scaled) == .load { return }
    try update { $0.scaledBy[service] = .load }
    tell("\(service) scales by its load from now on")
  }

  func give(_ scaled: ScaledService, _ count: Int, _ progress: Progress) throws(LabError) {
    try apply(currentState.level, to: Array(scaled.instances.prefix(count)), progress)
    let surplus = scaled.instances.dropFirst(count).filter { currentState.hosts[$0] != nil }
    try apply(nil, to: surplus.reversed(), progress)
    tell("\(scaled.name) has \(count) instances")
  }

  private func scaled(_ service: String) throws(LabError) -> ScaledService {
    let level = currentState.level
    let plan = plan(at: level)
    if let scaled = plan.scaledServices.first(where: { $0.name == service }) { return scaled }
    let names = plan.topology.services.map(\.title)
    throw names.contains(service)
      ? .notAtStage(what: "scaling", stage: level.stage.number) : .unknownService(service, known: names)
  }
}
