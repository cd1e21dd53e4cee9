// Decides how many instances a service has: target tracking, as a state machine without clock and without I/O.

/// Keeps the utilisation of a service's instances near a target: samples in, a wanted number out.
///
/// More come at once, as many as the load asks for. Fewer are left only after a while in which fewer were enough all the time, at
/// most one in each zone at once. What is left when a zone is lost can always bear the load, at 100 %.
public struct Autoscaler: Equatable, Sendable {
  /// Between what the number moves, and what it is steered by.
  public struct Bounds: Equatable, Sendable {
    /// 1 or more, and no more than `maximum`.
    public let minimum: Int
    /// The most that there may be.
    public let maximum: Int
    /// The utilisation that is aimed at, 1 to 100.
    public let targetPercent: Int
    /// Instances are in so many zones in turn, 1 or more. With one nothing is left when it is lost.
    public let zones: Int

    /// - Parameters:
    ///   - targetPercent: the utilisation that is aimed at, 1 to 100.
    ///   - zones: in which instances are in turn, 1 or more.
    public init(minimum: Int, maximum: Int, targetPercent: Int, zones: Int) {
      self.minimum = minimum
      self.maximum = maximum
      self.targetPercent = targetPercent
      self.zones = zones
    }
  }

  /// What is decided with a sample.
  public enum Decision: Equatable, Sendable {
    /// The number is right, or it is not sure yet that it is not.
    case stay
    /// So many are wanted, and there may be no more than there are.
    case limited(wanted: Int)
    /// From now on there should be so many.
    case change(to: Int, Reason)
  }

  /// Why the number changes.
  public enum Reason: Equatable, Sendable {
    /// There are fewer than there have to be.
    case belowMinimum
    /// They are busier than the target, at so many percent.
    case busy(percent: Int)
    /// Without one of the zones the others could not bear the load, which keeps them busy at so many percent.
    case zoneCouldNotBeLost(percent: Int)
    /// Fewer are enough for those that are busy at so many percent.
    case idle(percent: Int)
    /// There are more than there may be.
    case aboveMaximum
  }

  /// What one sample asks for: with a zone lost too, and before the bounds are looked at.
  private struct Need: Equatable {
    /// So many are needed.
    let now: Int
    /// So few would be enough for good; nil while some have not told anything that counts.
    let least: Int?
  }

  private let bounds: Bounds
  private let pace: ScalingPace
  /// The last ones since the number changed, `samplesBelow` at most.
  private var needs: [Need] = []
  private var lastCount: Int?
  /// By instance: in how many samples in a row it was.
  private var age: [String: Int] = [:]

  /// Knows nothing yet.
  public init(_ bounds: Bounds, pace: ScalingPace) {
    self.bounds = bounds
    self.pace = pace
  }

  /// Takes the next sample.
  /// - Parameters:
  ///   - count: how many instances there are to be now.
  ///   - utilisation: by instance, 0 to 1; those that did not tell are not in it.
  public mutating func take(count: Int, utilisation: [String: Double]) -> Decision {
    if count != lastCount { needs = [] }
    lastCount = count
    age = utilisation.keys.reduce(into: [:]) { $0[$1] = age[$1, default: 0] + 1 }
    if count < bounds.minimum { return change(to: bounds.minimum, .belowMinimum) }

    let counted = utilisation.filter { age[$0.key, default: 0] > pace.warmUpSamples }.values
    if counted.isEmpty {
      needs = []
      return .stay
    }
    let load = counted.reduce(0, +)
    let lowLoad = load * 100 / Double(pace.lowMarkPercent)
    needs.append(Need(now: needed(for: load), least: counted.count < count ? nil : needed(for: lowLoad)))
    if needs.count > pace.samplesBelow { needs.removeFirst() }
    let percent = Int((load * 100 / Double(counted.count)).rounded())
    return more(than: count, percent) ?? fewer(than: count, percent) ?? .stay
  }

  private mutating func change(to count: Int, _ reason: Reason) -> Decision {
    // Whoever could not do it is told again after a while, and not with the next sample.
    needs = []
    return .change(to: count, reason)
  }

  private mutating func more(than count: Int, _ percent: Int) -> Decision? {
    let last = needs.suffix(pace.samplesAbove).map(\.now)
    guard last.count == pace.samplesAbove, let wanted = last.min(), wanted > count, count <= bounds.maximum
    else { return nil }
    let allowed = min(wanted, bounds.maximum)
    if allowed == count { return .limited(wanted: wanted) }
    let isBusy = percent > bounds.targetPercent
    return change(to: allowed, isBusy ? .busy(percent: percent) : .zoneCouldNotBeLost(percent: percent))
  }

  private mutating func fewer(than count: Int, _ percent: Int) -> Decision? {
    let least = needs.compactMap(\.least)
    guard least.count == pace.samplesBelow, let most = least.max() else { return nil }
    let wanted = min(max(most, bounds.minimum), bounds.maximum)
    guard wanted < count else { return nil }
    return change(
      to: max(wanted, count - bounds.zones), most < count ? .idle(percent: percent) : .aboveMaximum)
  }

  /// The least number whose utilisation does not exceed the target, and that bears the load when a zone is lost.
  /// - Parameter load: in instances that are busy all the time.
  private func needed(for load: Double) -> Int {
    // A sum of shares is off by the last digits.
    let load = load - 1e-9
    var count = max(1, Int((load * 100 / Double(bounds.targetPercent)).rounded(.up)))
    while bounds.zones > 1, Double(leftWithoutAZone(of: count)) < load { count += 1 }
    return count
  }

  private func leftWithoutAZone(of count: Int) -> Int {
    count - (count + bounds.zones - 1) / bounds.zones
  }
}
