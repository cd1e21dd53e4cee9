// Popularity: few things get most of the attention.

import Glibc

/// Ranks 1…`count`, where rank r is drawn with probability proportional to 1 / r^`exponent`.
///
/// Exact, and O(1) for any count: rejection-inversion after Hörmann and Derflinger, "Rejection-inversion to generate
/// variates from monotone discrete distributions" (1996). The area under the hat function is inverted, and the few
/// points that lie above the bars are drawn again.
struct Zipf: Sendable {
  let count: Int
  let exponent: Double
  private let areaBelowFirst: Double
  private let areaOfAll: Double
  /// Points this close to their rank lie under its bar without looking.
  private let surelyInside: Double

  /// - Parameters:
  ///   - count: at least 1.
  ///   - exponent: 0 (all ranks alike) or more.
  init(count: Int, exponent: Double) {
    self.count = max(count, 1)
    self.exponent = exponent
    areaBelowFirst = Zipf.area(to: 1.5, exponent) - 1
    areaOfAll = Zipf.area(to: Double(self.count) + 0.5, exponent)
    surelyInside = 2 - Zipf.point(atArea: Zipf.area(to: 2.5, exponent) - pow(2, -exponent), exponent)
  }

  func sample(_ random: inout SeededRandom) -> Int {
    while true {
      let area = areaOfAll + random.unit() * (areaBelowFirst - areaOfAll)
      let point = Zipf.point(atArea: area, exponent)
      let rank = min(max(point.rounded(), 1), Double(count))
      if rank - point <= surelyInside { return Int(rank) }
      if area >= Zipf.area(to: rank + 0.5, exponent) - pow(rank, -exponent) { return Int(rank) }
    }
  }

  /// The integral of x^-exponent from 1 to `point`.
  private static func area(to point: Double, _ exponent: Double) -> Double {
    let logarithm = log(point)
    let power = (1 - exponent) * logarithm
    // Near exponent 1 the closed form loses its digits, and its limit is the logarithm.
    return abs(power) < 1e-12 ? logarithm : logarithm * expm1(power) / power
  }

  /// The inverse of `area(to:)`.
  private static func point(atArea area: Double, _ exponent: Double) -> Double {
    // Rounding may put the argument just below -1, where the logarithm ends.
    let power = max(area * (1 - exponent), -1)
    return abs(power) < 1e-12 ? exp(area) : exp(area * log1p(power) / power)
  }
}
