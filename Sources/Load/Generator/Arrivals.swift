// When requests are due.

import Glibc

/// How the times between requests are spread.
public enum Spacing: String, Sendable, Codable, CaseIterable {
  /// All alike.
  case even
  /// As independent people arrive: a Poisson process. Now and then many at once.
  case poisson
}

/// The endless series of moments at which requests are due, in nanoseconds from the start of a run.
struct Arrivals: Sendable {
  private let ratePerSecond: Double
  private let spacing: Spacing
  private let offset: Double
  private var random: SeededRandom
  private var given = 0.0
  private var poissonSeconds = 0.0

  /// - Parameter offset: where the first even arrival lies within its interval, 0…1.
  init(ratePerSecond: Double, spacing: Spacing, offset: Double = 0, random: SeededRandom) {
    self.ratePerSecond = ratePerSecond
    self.spacing = spacing
    self.offset = offset
    self.random = random
  }

  mutating func next() -> UInt64 {
    switch spacing {
    case .even:
      // From the count and not from the one before: rounding must not add up over a long run.
      defer { given += 1 }
      return UInt64((given + offset) / ratePerSecond * 1e9)
    case .poisson:
      poissonSeconds -= log1p(-random.unit()) / ratePerSecond
      return UInt64(poissonSeconds * 1e9)
    }
  }
}
