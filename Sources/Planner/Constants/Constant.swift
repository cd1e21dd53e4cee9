// A figure that the planner reckons with, and where it comes from.

/// A constant of the catalog: nothing is reckoned with that has no unit, source and date.
public struct Constant: Codable, Equatable, Sendable {
  /// In `unit`.
  public let value: Double
  /// Such as `USD/GB-month` or `requests/s`.
  public let unit: String
  /// A document that states the value, or how it was arrived at.
  public let source: String
  /// When the source said so: a date, a month or a year.
  public let asOf: String
  /// Whether the value is a judgement: no source that could be read states it.
  public let isEstimate: Bool

  init(value: Double, unit: String, source: String, asOf: String, isEstimate: Bool = false) {
    self.value = value
    self.unit = unit
    self.source = source
    self.asOf = asOf
    self.isEstimate = isEstimate
  }

  /// The same figure in the words of whoever gave another value.
  func replaced(by value: Double, source: String) -> Constant {
    Constant(value: value, unit: unit, source: source, asOf: "as given")
  }
}
