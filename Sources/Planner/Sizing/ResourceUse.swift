// How much of a resource is used, and how much may be.

/// A resource of a tier at the planned peak.
public struct ResourceUse: Codable, Equatable, Sendable {
  /// Such as `CPU`.
  public let resource: String
  /// At the peak.
  public let used: Double
  /// What the machines together have.
  public let capacity: Double
  /// Of both.
  public let unit: String
  /// The share of the capacity that may be used, above 0 up to 1: the rest is for what no plan foresees.
  public let target: Double

  init(_ resource: String, used: Double, of capacity: Double, _ unit: String, target: Double) {
    self.resource = resource
    self.used = used
    self.capacity = capacity
    self.unit = unit
    self.target = target
  }

  /// The share that is used.
  public var share: Double { capacity > 0 ? used / capacity : 1 }
  /// Whether no more of it is used than may be.
  public var fits: Bool { share <= target }
  /// How near it is to what may be used: above 1 it does not fit.
  var strain: Double { share / target }
}

extension [ResourceUse] {
  var fit: Bool { allSatisfy(\.fits) }
  /// The first that does not fit: CPU comes before the waiting that a lack of it makes. Where all fit, the tightest.
  var decisive: ResourceUse? { first { !$0.fits } ?? tightest }
  /// The one that is nearest to its limit.
  var tightest: ResourceUse? { self.max { $0.strain < $1.strain } }
}

/// Finds where something stops to hold.
enum Solver {
  /// The greatest number of users up to `limit` for which `holds`, to a tenth of a per cent; nil when it holds up to the
  /// limit. What holds for many must hold for fewer.
  static func greatest(upTo limit: Double, where holds: (Double) -> Bool) -> Double? {
    if holds(limit) { return nil }
    guard holds(1) else { return 0 }
    var (low, high) = (1.0, limit)
    while high / low > 1.001 {
      let middle = (low * high).squareRoot()
      if holds(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// The least count in `range` for which `holds`; nil when none does. What holds for few must hold for more.
  static func least(in range: ClosedRange<Int>, where holds: (Int) -> Bool) -> Int? {
    guard holds(range.upperBound) else { return nil }
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
