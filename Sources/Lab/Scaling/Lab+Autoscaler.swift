// Services follow their load: instances are read, the policy decides, and what it decides is done as by `heights scale`.

import Contract
import Glibc
import Policies
import Topology

extension Lab {
  /// While nothing follows its load, the figures are for people alone.
  private static let calmSampleMs = 5_000
  private static let lookUs: UInt32 = 50_000

  /// Reads the instances of services that scale, and gives those on auto as many as they need; for as long as the lab runs.
  func keepServicesScaled() {
    var scalers = Scalers()
    var nextMs = Clock.nowMs
    while !operations.isStopping {
      guard Clock.nowMs >= nextMs else {
        usleep(Self.lookUs)
        continue
      }
      let services = plan(at: currentState.level).scaledServices
      let followed = services.filter { mode(of: $0) == .load }
      nextMs = Clock.nowMs + (followed.isEmpty ? Self.calmSampleMs : ScalingPace.lab.sampleMs)
      let running = services.flatMap(runningInstances)
      let readings = readWork(of: running)
      serviceUse.withLock { $0.take(readings) }
      if operations.current != nil { continue }
      scalers.keep(followed, on: machine)
      for service in followed { follow(service, &scalers) }
    }
  }

  /// Those that there are to be.
  private func runningInstances(of service: ScaledService) -> [String] {
    service.instances.filter { currentState.hosts[$0] != nil }
  }

  private func follow(_ service: ScaledService, _ scalers: inout Scalers) {
    if isBroken || isClimbing { return scalers.forget(service.name) }
    let running = runningInstances(of: service)
    let work = serviceUse.withLock { $0.last(of: running) }
    let decision = scalers.take(service.name, count: running.count, work.mapValues(\.utilisation))
    switch decision {
    case .stay: break
    case .limited(let wanted):
      if scalers.isNews(service.name) {
        tell(
          "\(service.name) would need \(wanted) instances, and has the \(running.count) that there may be here"
        )
      }
    case .change(let count, let reason):
      change(service, from: running.count, to: count, reason, &scalers)
    }
  }

  private func change(
    _ service: ScaledService, from former: Int, to count: Int, _ reason: Autoscaler.Reason,
    _ scalers: inout Scalers
  ) {
    // A climb or a drill has the app to itself: what it does to instances says nothing of the load.
    guard let lock = try? WorkLock(folder, for: .scaling) else { return scalers.forget(service.name) }
    defer { withExtendedLifetime(lock) {} }
    do throws(LabError) {
      try operations.exclusively(Operations.autoscaler) { () throws(LabError) in
        // Somebody may have said a number meanwhile.
        guard mode(of: service) == .load, runningInstances(of: service).count == former else { return }
        tell("\(service.name) goes from \(former) to \(count) instances: \(reason.text(service.scaling))")
        try give(service, count) { _ in }
      }
    } catch {
      if error.code != LabError.stopping.code, !error.mayRetry {
        tell("\(service.name) could not go from \(former) to \(count) instances: \(error)")
      }
    }
  }

  /// Whether something is broken on purpose: how busy the others are then says nothing of the load.
  private var isBroken: Bool { !context.zones.dark.isEmpty || !cutBoard.cuts.isEmpty }

  /// Whether some hosts are where the app is yet to come: a climb is under way, be it at work or cut short.
  private var isClimbing: Bool {
    let state = currentState
    return state.hosts.values.contains {
      $0.stage > state.level.stage || $0.extraFollowers > state.level.extraFollowers
    }
  }
}

/// The autoscaler of each service that follows its load.
private struct Scalers {
  private var scalers: [String: Autoscaler] = [:]
  private var bounds: [String: Autoscaler.Bounds] = [:]
  /// Those of which it was told that they may not have what they need.
  private var limited: Set<String> = []

  /// Has one for each, with nothing that it remembers of other bounds.
  mutating func keep(_ services: [ScaledService], on machine: Machine) {
    let fresh = Dictionary(services.map { ($0.name, $0.bounds(on: machine)) }) { first, _ in first }
    scalers = scalers.filter { bounds[$0.key] == fresh[$0.key] }
    bounds = fresh
    limited.formIntersection(fresh.keys)
  }

  mutating func forget(_ service: String) { scalers[service] = nil }

  mutating func take(
    _ service: String, count: Int, _ utilisation: [String: Double]
  ) -> Autoscaler.Decision {
    guard let bounds = bounds[service] else { return .stay }
    let decision = scalers[service, default: Autoscaler(bounds, pace: .lab)].take(
      count: count, utilisation: utilisation)
    if case .change = decision { limited.remove(service) }
    return decision
  }

  /// Whether it is told for the first time since the number changed.
  mutating func isNews(_ service: String) -> Bool { limited.insert(service).inserted }
}

extension Autoscaler.Reason {
  /// For people.
  func text(_ scaling: Scaling) -> String {
    switch self {
    case .belowMinimum: "there are to be \(scaling.minimum) at least"
    case .aboveMaximum: "there may be no more here"
    case .busy(let percent): "they are \(percent) % busy, and \(scaling.targetPercent) % is the target"
    case .zoneCouldNotBeLost(let percent):
      "they are \(percent) % busy, and those left without a zone could not bear it"
    case .idle(let percent): "they are \(percent) % busy, and \(scaling.targetPercent) % is the target"
    }
  }
}

// Reading.
extension Lab {
  /// One that takes longer is busy with something else, or hangs.
  private static let readingLimitMs = 300

  /// Of those that are ready and tell something.
  private func readWork(of instances: [String]) -> [String: WorkReading] {
    let statuses = supervisor?.statuses ?? [:]
    let groups = ProcessList.groups
    let cores = Instance(currentState, on: machine).eventLoops
    return instances.reduce(into: [:]) { readings, name in
      guard let status = statuses[name], status.health == .ready, let pid = status.pid else { return }
      var metrics: [UInt8] = []
      // Any other program tells nothing of itself.
      if !manifest.service.listensOnPort {
        let admin = AdminClient(folder.adminSocket(ofProcess: name))
        guard let answer = try? admin.get(AdminPath.metrics, limitMs: Self.readingLimitMs),
          answer.status == 200
        else { return }
        metrics = answer.body
      }
      let cpuSeconds = (groups[pid] ?? [pid]).reduce(0) { $0 + ProcessList.cpuSeconds(of: $1) }
      readings[name] = WorkReading(
        atMs: Clock.nowMs, pid: pid, metrics: metrics, cpuSeconds: cpuSeconds, cores: cores)
    }
  }

  /// The services that scale; nil where none does.
  var scaledServices: [LabSnapshot.Service]? {
    let services = plan(at: currentState.level).scaledServices
    if services.isEmpty { return nil }
    let use = serviceUse.withLock { $0 }
    return services.map { service in
      let (mode, running) = (mode(of: service), runningInstances(of: service))
      return LabSnapshot.Service(
        service, mode: mode, instances: running.count,
        most: mode == .load ? service.mostByLoad(cores: machine.cores) : service.scaling.maximum,
        work: use.lately(of: running))
    }
  }
}
