// How busy the services are, from the last readings of their instances.

/// What is known of all instances, for as long as it says something about now.
struct ServiceUse: Sendable {
  /// A figure for people is of so long: one second says little.
  private static let keptMs = 5_500

  /// By the instance, oldest first.
  private var readings: [String: [WorkReading]] = [:]

  /// Takes the readings of one moment; who did not tell is known no more.
  mutating func take(_ fresh: [String: WorkReading]) {
    readings = fresh.reduce(into: [:]) { all, entry in
      let same = (readings[entry.key] ?? []).filter { $0.pid == entry.value.pid }
      let late = same.drop { entry.value.atMs - $0.atMs > Self.keptMs }
      all[entry.key] = (late.isEmpty ? same.suffix(1) : late) + [entry.value]
    }
  }

  /// What each instance did between the last two readings; those without two are left out.
  func last(of instances: [String]) -> [String: WorkDone] {
    work(of: instances) { readings in readings.dropLast().last }
  }

  /// The same over all readings that are kept.
  func lately(of instances: [String]) -> [String: WorkDone] {
    work(of: instances) { readings in readings.dropLast().first }
  }

  private func work(
    of instances: [String], since earlier: ([WorkReading]) -> WorkReading?
  ) -> [String: WorkDone] {
    instances.reduce(into: [:]) { work, name in
      guard let own = readings[name], let last = own.last, let before = earlier(own) else { return }
      work[name] = last.since(before)
    }
  }
}

extension LabSnapshot {
  /// A service that scales: how many instances it has, who says so, and how busy they are.
  public struct Service: Codable, Equatable, Sendable {
    /// As heights.json calls it.
    public let name: String
    /// What sets the number of its instances.
    public let mode: ScalingMode
    /// That there are to be.
    public let instances: Int
    /// No fewer.
    public let minimum: Int
    /// No more; with `auto` it depends on this machine's cores too.
    public let maximum: Int
    /// The utilisation that the number follows, 1 to 100.
    public let targetPercent: Int
    /// The mean of its instances, 0 to 1: of each the larger share, of the time that its loops did not wait, or of the processors
    /// that it may use. Nil until two readings are there.
    public var utilisation: Double?
    /// What is left of 1.
    public var idleShare: Double?
    /// Answered by all instances, without the questions whether they are well.
    public var requestsPerSecond: Double?
    /// What a core answers that is as busy as the target: the rate, by the cores that were busy for it, times the target. Nil while
    /// there is too little to do to tell.
    public var requestsPerCoreAtTarget: Double?
  }
}

extension LabSnapshot.Service {
  /// In cores: with less to do, what is answered beside requests would be most of it.
  private static let leastBusyCores = 0.05

  /// - Parameter work: of its instances, by name; empty while nothing is known.
  init(_ service: ScaledService, mode: ScalingMode, instances: Int, most: Int, work: [String: WorkDone]) {
    self.init(
      name: service.name, mode: mode, instances: instances, minimum: service.scaling.minimum, maximum: most,
      targetPercent: service.scaling.targetPercent)
    if work.isEmpty { return }
    let utilisation = work.values.reduce(0) { $0 + $1.utilisation } / Double(work.count)
    let rate = work.values.reduce(0) { $0 + $1.requestsPerSecond }
    let busyCores = work.values.reduce(0) { $0 + $1.busyCores }
    self.utilisation = utilisation
    idleShare = 1 - utilisation
    requestsPerSecond = rate
    if busyCores >= Self.leastBusyCores, rate > 0 {
      requestsPerCoreAtTarget = rate / busyCores * Double(targetPercent) / 100
    }
  }
}
